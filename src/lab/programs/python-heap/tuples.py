"""Leaks: measurements as tuples, in a list of all there ever were."""

import time

from program import requests


class Metrics:
    def __init__(self):
        self.samples = []

    def observe(self, value):
        self.samples.append((time.time(), value / 7))


metrics = Metrics()
for request in requests():
    metrics.observe(request)
    metrics.observe(request + 1)
