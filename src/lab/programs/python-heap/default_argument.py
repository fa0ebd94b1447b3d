"""Leaks: a list that is the default of an argument, made once and kept with the function."""

from program import requests


class Visit:
    def __init__(self, path):
        self.path = path
        self.referrer = f"https://example.com{path}?from=mail"


def remember(visit, history=[]):
    history.append(visit)
    return history[-1]


for request in requests():
    remember(Visit(f"/shop/{request}"))
