<?php
/** Leaks: every job adds a listener, a closure that holds the job's payload, and none is ever taken away. */
namespace Shop;

require __DIR__ . '/program.php';

final class Dispatcher
{
    /** @var array<string, array<callable>> */
    public array $listeners = [];

    public function on(string $event, callable $listener): void
    {
        $this->listeners[$event][] = $listener;
    }

    public function emit(string $event): int
    {
        return count($this->listeners[$event] ?? []);
    }
}

$dispatcher = new Dispatcher();
\Lab\work(function (int $job) use ($dispatcher): void {
    $payload = str_repeat("payload of job $job ", 6);
    $dispatcher->on('finished', function () use ($payload, $job): string {
        return "$job: $payload";
    });
    $dispatcher->emit('finished');
});
