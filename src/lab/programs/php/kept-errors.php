<?php
/** Leaks: errors are kept for a report, each with its trace. */
namespace Shop;

require __DIR__ . '/program.php';

final class PaymentRefused extends \RuntimeException
{
}

final class FailureReport
{
    public array $failures = [];
}

function charge(int $job): void
{
    throw new PaymentRefused("card $job was refused");
}

$report = new FailureReport();
\Lab\work(function (int $job) use ($report): void {
    try {
        charge($job);
    } catch (PaymentRefused $error) {
        $report->failures[] = $error;
    }
});
