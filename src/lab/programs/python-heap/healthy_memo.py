"""Healthy: a memo with a limit, and a table that is full before the first look."""

import functools

from program import requests


@functools.lru_cache(maxsize=400)
def label_of(article):
    return f"{article}: " + "l" * 120


names = {number: f"name-{number}" for number in range(20_000)}
for request in requests():
    label_of(names[request % 20_000] + str(request))
