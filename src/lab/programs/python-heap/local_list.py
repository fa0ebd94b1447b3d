"""Leaks: a consumer that never ends keeps all messages that it is done with in a variable of its own."""

from program import requests


class Message:
    def __init__(self, number):
        self.subject = f"order {number}"
        self.body = "b" * 150 + str(number)


class Consumer:
    def run(self):
        processed = []
        for number in requests():
            message = Message(number)
            processed.append(message)


Consumer().run()
