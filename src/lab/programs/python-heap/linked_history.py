"""Leaks: each state of a document refers to the one before, so that the latest keeps them all."""

from program import requests


class Revision:
    def __init__(self, number, before):
        self.text = f"revision {number} " + "r" * 120
        self.before = before


class Document:
    def __init__(self):
        self.latest = None

    def save(self, number):
        self.latest = Revision(number, self.latest)


document = Document()
for request in requests():
    document.save(request)
