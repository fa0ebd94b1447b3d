"""Leaks: a worker that lives long keeps a span for each request in a variable of its thread."""

import threading

from program import requests


class TraceSpan:
    def __init__(self, number):
        self.name = f"GET /orders/{number}"
        self.attributes = {"http.status": 200, "order": number}


context = threading.local()


def worker():
    context.spans = []
    for number in requests():
        context.spans.append(TraceSpan(number))


thread = threading.Thread(target=worker)
thread.start()
thread.join()
