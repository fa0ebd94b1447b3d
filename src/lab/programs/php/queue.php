<?php
/** Leaks: a queue that is filled faster than it is emptied. */
namespace Shop;

require __DIR__ . '/program.php';

final class MailJob
{
    public string $to;

    public function __construct(int $id)
    {
        $this->to = "customer-$id@example.com";
    }
}

final class Mailer
{
    public \SplQueue $waiting;

    public function __construct()
    {
        $this->waiting = new \SplQueue();
    }
}

$mailer = new Mailer();
\Lab\work(function (int $job) use ($mailer): void {
    $mailer->waiting->enqueue(new MailJob($job));
    $mailer->waiting->enqueue(new MailJob(-$job));
    $mailer->waiting->dequeue();
});
