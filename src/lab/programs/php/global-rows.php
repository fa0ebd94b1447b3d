<?php
/** Leaks: rows, arrays of their own, in a global list. */
require __DIR__ . '/program.php';

$seenRows = [];

\Lab\work(function (int $job): void {
    global $seenRows;
    $seenRows[] = ['id' => $job, 'name' => "row $job", 'price' => $job / 7, 'tags' => ["tag-$job", 'new']];
});
