"""Leaks: a function remembers all that it was called with in a variable of the function around it."""

from program import requests


class Measurement:
    def __init__(self, number):
        self.number = number
        self.values = (number * 0.5, number * 0.25)
        self.unit = f"ms of {number}"


def make_recorder():
    history = []

    def record(measurement):
        history.append(measurement)

    return record


record = make_recorder()
for request in requests():
    record(Measurement(request))
