"""Leaks: numbers of all requests that were ever seen, to tell those that come twice."""

from program import requests


class Deduplicator:
    def __init__(self):
        self.seen = set()


deduplicator = Deduplicator()
for request in requests():
    for part in range(4):
        deduplicator.seen.add(request * 1_000_000 + part)
