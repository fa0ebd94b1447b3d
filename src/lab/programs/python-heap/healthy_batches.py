"""Healthy: lines are gathered and written in batches of different size; the last queue has a bound of its own."""

from collections import deque

from program import requests


class Line:
    def __init__(self, number):
        self.text = f"line {number} " + "x" * 60


pending = []
latest = deque(maxlen=500)
bound = 50
for request in requests():
    pending.append(Line(request))
    latest.append(Line(-request))
    if len(pending) >= bound:
        pending = []
        bound = 50 + request * 37 % 300
