<?php
/** Leaks: a log that is only ever added to, one text that grows. */
namespace Shop;

require __DIR__ . '/program.php';

final class BufferedLogger
{
    private string $buffer = '';

    public function info(string $text): void
    {
        $this->buffer .= date('c') . " info $text\n";
    }
}

$logger = new BufferedLogger();
\Lab\work(function (int $job) use ($logger): void {
    for ($line = 0; $line < 10; $line++) {
        $logger->info("job $job line $line was done without any problem that anybody would want to know of");
    }
});
