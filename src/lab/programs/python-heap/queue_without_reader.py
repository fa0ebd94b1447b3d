"""Leaks: mails are queued, and nobody sends them."""

from collections import deque

from program import requests


class Job:
    def __init__(self, number):
        self.number = number


class MailJob(Job):
    def __init__(self, number):
        super().__init__(number)
        self.to = f"customer-{number}@example.com"
        self.text = "Dear customer, " + "t" * 100


class Mailer:
    def __init__(self):
        self.waiting = deque()


mailer = Mailer()
for request in requests():
    mailer.waiting.append(MailJob(request))
