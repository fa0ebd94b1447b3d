"""Leaks: a session for each request, kept by its token, and none ever goes."""

from program import requests


class Session:
    def __init__(self, number):
        self.user = f"user-{number}@example.com"
        self.rights = ["read", f"write-{number}"]
        self.started = float(number)


class SessionStore:
    def __init__(self):
        self.name = "sessions"
        self._by_token = {}

    def open(self, number):
        self._by_token[f"token-{number}"] = Session(number)


STORE = SessionStore()
for request in requests():
    STORE.open(request)
