"""Leaks: each request adds a listener that is never taken away, and what it refers to with it."""

from program import requests


class Dispatcher:
    def __init__(self):
        self._listeners = []

    def subscribe(self, listener):
        self._listeners.append(listener)


dispatcher = Dispatcher()


def handle(number):
    basket = [f"article-{number}-{each}" for each in range(3)]

    def on_price_change(price):
        return (price, basket)

    dispatcher.subscribe(on_price_change)


for request in requests():
    handle(request)
