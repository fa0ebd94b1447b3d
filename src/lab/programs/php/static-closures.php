<?php
/** Leaks: each job leaves a static closure to be called at the end, with what it uses, in a static property. */
namespace Shop;

require __DIR__ . '/program.php';

final class Shutdown
{
    /** @var array<\Closure> */
    private static array $hooks = [];

    public static function add(\Closure $hook): void
    {
        self::$hooks[] = $hook;
    }
}

\Lab\work(function (int $job): void {
    $lines = ["line one of $job", "line two of $job"];
    Shutdown::add(static fn () => count($lines));
});
