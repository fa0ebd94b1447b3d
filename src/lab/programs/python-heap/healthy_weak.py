"""Healthy: what is known of objects goes with them, a ring of the last ones, and sessions of any length."""

import weakref
from collections import deque

from program import requests


class Session:
    def __init__(self, number):
        self.user = f"customer-{number}"
        self.trail = [number] * (number % 30)


known = weakref.WeakValueDictionary()
latest = deque(maxlen=200)
due = [[] for _ in range(700)]
for request in requests():
    session = Session(request)
    known[request] = session
    latest.append(session)
    due[(request + 1 + request * 7919 % 600) % 700].append(session)
    due[request % 700].clear()
