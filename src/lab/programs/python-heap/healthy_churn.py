"""Healthy: each request builds a lot and lets go of it all, some of it in cycles that the collector finds."""

from program import requests


class Row:
    def __init__(self, number):
        self.number = number
        self.text = f"row {number}"
        self.myself = self


for request in requests():
    rows = [Row(number) for number in range(request % 40)]
    len(rows)
