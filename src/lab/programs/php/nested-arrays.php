<?php
/** Leaks: totals of each order in an array of each customer in an array of each country. */
namespace Shop;

require __DIR__ . '/program.php';

final class Totals
{
    public array $byCountry = [];
}

$totals = new Totals();
\Lab\work(function (int $job) use ($totals): void {
    $totals->byCountry[['at', 'ch', 'de', 'fr'][$job % 4]]['customer-' . $job % 50]["order-$job"] = ['net' => $job / 7, 'tax' => $job / 70];
});
