"""Leaks: what has a finalizer that was registered with a function which holds it."""

import weakref

from program import requests


class Channel:
    def __init__(self, number):
        self.number = number
        self.queue = [number]
        weakref.finalize(self, self.close)

    def close(self):
        self.queue.clear()


for request in requests():
    Channel(request)
