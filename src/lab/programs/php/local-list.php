<?php
/** Leaks: a consumer that keeps every message it has seen in a local variable of its endless loop. */
namespace Shop;

require __DIR__ . '/program.php';

final class Message
{
    public string $id;
    public array $body;

    public function __construct(string $id, array $body)
    {
        $this->id = $id;
        $this->body = $body;
    }
}

final class Consumer
{
    public function run(): void
    {
        $processed = [];
        \Lab\work(function (int $job) use (&$processed): void {
            $processed[] = new Message("message-$job", ['job' => $job, 'text' => "text of $job"]);
        });
    }
}

(new Consumer())->run();
