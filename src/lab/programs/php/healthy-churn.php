<?php
/** Healthy: each job builds a lot, cycles as well, and lets go of it all. */
namespace Shop;

require __DIR__ . '/program.php';

final class Document
{
    public array $parts = [];
    public ?Document $self = null;
    public string $title;

    public function __construct(string $title)
    {
        $this->title = $title;
    }
}

\Lab\work(function (int $job): void {
    $document = new Document("document $job");
    for ($part = 0; $part < $job % 40; $part++) {
        $document->parts[] = new Document("part $part of $job");
    }
    $document->self = $document;
    $text = implode(', ', array_map(fn (Document $part) => $part->title, $document->parts));
    strlen($text);
});
