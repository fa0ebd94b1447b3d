<?php
/** Leaks: a function remembers each answer in a static variable, by an argument that never comes again. */
namespace Shop;

require __DIR__ . '/program.php';

function priceOf(string $article): string
{
    static $known = [];
    return $known[$article] ??= str_pad("price of $article is " . (crc32($article) % 1000), 120, '.');
}

\Lab\work(function (int $job): void {
    priceOf("article-$job-a");
    priceOf("article-$job-b");
});
