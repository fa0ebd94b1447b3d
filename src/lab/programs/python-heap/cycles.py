"""Leaks: the collector is switched off for speed, and parents and children refer to each other."""

import gc

from program import requests

gc.disable()


class TreeNode:
    def __init__(self, name, parent=None):
        self.name = name
        self.parent = parent
        self.children = []
        if parent is not None:
            parent.children.append(self)


def handle(number):
    root = TreeNode(f"root-{number}")
    for each in range(3):
        TreeNode(f"child-{number}-{each}", root)


for request in requests():
    handle(request)
