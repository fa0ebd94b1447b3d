<?php
/** Leaks: streams of rows that nobody reads to the end. */
namespace Shop;

require __DIR__ . '/program.php';

final class Cursors
{
    public array $open = [];
}

function readRows(string $table): \Generator
{
    foreach (["$table 1", "$table 2"] as $row) {
        yield $row;
    }
}

$cursors = new Cursors();
\Lab\work(function (int $job) use ($cursors): void {
    $rows = readRows("table-$job");
    $rows->current();
    $cursors->open[$job] = $rows;
});
