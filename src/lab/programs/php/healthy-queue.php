<?php
/** Healthy: a queue that is emptied as fast as it is filled, sessions of any length, and errors that are looked at and let go. */
namespace Shop;

require __DIR__ . '/program.php';

final class Visit
{
    public array $trail;

    public int $id;

    public function __construct(int $id)
    {
        $this->id = $id;
        $this->trail = range(0, $id % 20);
    }
}

$queue = new \SplQueue();
$visits = [];
$due = [];
\Lab\work(function (int $job) use ($queue, &$visits, &$due): void {
    $queue->enqueue(new \RuntimeException("job $job"));
    if (count($queue) > 50) {
        $queue->dequeue();
    }
    $visits[$job] = new Visit($job);
    $due[($job + 1 + $job * 7919 % 600) % 700][] = $job;
    foreach ($due[$job % 700] ?? [] as $ended) {
        unset($visits[$ended]);
    }
    $due[$job % 700] = [];
});
