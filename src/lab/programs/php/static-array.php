<?php
/** Leaks: a static array that every job adds an object to. */
namespace Shop;

require __DIR__ . '/program.php';

final class AuditEntry
{
    public int $job;
    public string $text;

    public function __construct(int $job, string $text)
    {
        $this->job = $job;
        $this->text = $text;
    }
}

final class AuditLog
{
    private static array $entries = [];

    public static function add(int $job): void
    {
        self::$entries[] = new AuditEntry($job, "job $job was done by worker " . getmypid());
    }
}

\Lab\work(fn (int $job) => AuditLog::add($job));
