<?php
/** Leaks: each revision of a document keeps the one before. */
namespace Shop;

require __DIR__ . '/program.php';

final class Revision
{
    public string $text;
    public ?Revision $before;

    public function __construct(string $text, ?Revision $before)
    {
        $this->text = $text;
        $this->before = $before;
    }
}

final class Document
{
    public ?Revision $latest = null;

    public function change(string $text): void
    {
        $this->latest = new Revision($text, $this->latest);
    }
}

$document = new Document();
\Lab\work(function (int $job) use ($document): void {
    $document->change("text number $job");
});
