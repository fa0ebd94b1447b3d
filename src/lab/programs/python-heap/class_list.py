"""Leaks: entries with slots in a list that all instances of a class share."""

from program import requests


class AuditEntry:
    __slots__ = ("number", "text")

    def __init__(self, number):
        self.number = number
        self.text = f"request {number} " + "a" * 80


class AuditLog:
    entries = []

    def write(self, entry):
        self.entries.append(entry)


def handle(number):
    AuditLog().write(AuditEntry(number))


for request in requests():
    handle(request)
