<?php
/** Leaks: a unit of work that keeps every entity it has ever loaded in an object storage, as an ORM that is never cleared does. */
namespace Shop;

require __DIR__ . '/program.php';

final class OrderEntity
{
    public array $lines;

    public int $id;

    public function __construct(int $id)
    {
        $this->id = $id;
        $this->lines = [['article' => "article-$id", 'count' => $id % 5 + 1]];
    }
}

final class UnitOfWork
{
    private \SplObjectStorage $managed;

    public function __construct()
    {
        $this->managed = new \SplObjectStorage();
    }

    public function load(int $id): OrderEntity
    {
        $entity = new OrderEntity($id);
        $this->managed->attach($entity, 'managed');
        return $entity;
    }
}

$unitOfWork = new UnitOfWork();
\Lab\work(function (int $job) use ($unitOfWork): void {
    $unitOfWork->load($job);
});
