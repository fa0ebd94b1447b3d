"""Leaks: a memo without limit around a method, which keeps each object that the method was called of."""

import functools

from program import requests


class Basket:
    def __init__(self, number):
        self.number = number
        self.lines = [f"line {number}"]

    @functools.lru_cache(maxsize=None)
    def total(self, country):
        return len(self.lines) * 100


for request in requests():
    Basket(request).total("de")
