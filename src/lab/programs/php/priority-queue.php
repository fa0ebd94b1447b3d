<?php
/** Leaks: a queue by priority gets more than is taken out of it. */
namespace Shop;

require __DIR__ . '/program.php';

final class Reminder
{
    public string $to;

    public function __construct(int $id)
    {
        $this->to = "customer-$id@example.com";
    }
}

final class Reminders
{
    public \SplPriorityQueue $due;

    public function __construct()
    {
        $this->due = new \SplPriorityQueue();
    }
}

$reminders = new Reminders();
\Lab\work(function (int $job) use ($reminders): void {
    $reminders->due->insert(new Reminder($job), $job % 100);
    $reminders->due->insert(new Reminder(-$job), $job % 7);
    $reminders->due->extract();
});
