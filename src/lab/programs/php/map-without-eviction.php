<?php
/** Leaks: a map by customer that nothing is ever taken from, held by a property. */
namespace Shop;

require __DIR__ . '/program.php';

final class Basket
{
    public array $items = [];
    public float $total = 0.0;

    public string $customer;

    public function __construct(string $customer)
    {
        $this->customer = $customer;
    }
}

final class BasketRepository
{
    /** @var array<string, Basket> */
    private array $byCustomer = [];

    public function find(string $customer): Basket
    {
        return $this->byCustomer[$customer] ??= new Basket($customer);
    }
}

$repository = new BasketRepository();
\Lab\work(function (int $job) use ($repository): void {
    $basket = $repository->find("customer-$job@example.com");
    $basket->items[] = "article-$job";
    $basket->total += 9.5;
});
