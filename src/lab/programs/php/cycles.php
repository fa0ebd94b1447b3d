<?php
/** Leaks: parents and children that hold each other, with the collector of cycles switched off; nobody else holds them. */
namespace Shop;

require __DIR__ . '/program.php';

final class TreeNode
{
    public ?TreeNode $parent = null;
    public array $children = [];
    public string $label;

    public function __construct(string $label)
    {
        $this->label = $label;
    }

    public function add(TreeNode $child): void
    {
        $child->parent = $this;
        $this->children[] = $child;
    }
}

gc_disable();
\Lab\work(function (int $job): void {
    $root = new TreeNode("root of $job");
    $root->add(new TreeNode("first of $job"));
    $root->add(new TreeNode("second of $job"));
});
