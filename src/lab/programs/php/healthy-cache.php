<?php
/** Healthy: a bounded map by customer and objects that go with each job. */
namespace Shop;

require __DIR__ . '/program.php';

final class Session
{
    public array $seen = [];

    public string $customer;

    public function __construct(string $customer)
    {
        $this->customer = $customer;
    }
}

final class Sessions
{
    private array $byCustomer = [];

    public function open(string $customer): Session
    {
        $session = $this->byCustomer[$customer] ?? new Session($customer);
        unset($this->byCustomer[$customer]);
        $this->byCustomer[$customer] = $session;
        if (count($this->byCustomer) > 300) {
            array_shift($this->byCustomer);
        }
        return $session;
    }
}

$sessions = new Sessions();
\Lab\work(function (int $job) use ($sessions): void {
    $sessions->open("customer-$job")->seen = [$job, "page-$job"];
});
