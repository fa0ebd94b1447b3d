"""Leaks: who ever was here, as texts in a set."""

from program import requests

seen_visitors = set()


def handle(number):
    visitor = f"visitor-{number} " + "v" * 90
    if visitor not in seen_visitors:
        seen_visitors.add(visitor)


for request in requests():
    handle(request)
