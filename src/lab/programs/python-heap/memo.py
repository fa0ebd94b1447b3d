"""Leaks: a memo without limit whose argument is never twice the same."""

import functools

from program import requests


@functools.lru_cache(maxsize=None)
def label_of(article):
    return f"{article}: " + "l" * 120


for request in requests():
    label_of(f"article-{request}")
