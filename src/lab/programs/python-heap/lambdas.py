"""Leaks: each request leaves a function to be called at the end, which holds what it works on."""

from program import requests


class Shutdown:
    def __init__(self):
        self.hooks = []


class Upload:
    def __init__(self, number):
        self.name = f"upload {number}"
        self.parts = [number]


shutdown = Shutdown()


def serve(number):
    upload = Upload(number)
    shutdown.hooks.append(lambda: upload.parts.clear())


for request in requests():
    serve(request)
