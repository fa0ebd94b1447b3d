"""Leaks: a log that is written into a buffer which nobody empties."""

from program import requests


class BufferedLogger:
    def __init__(self):
        self.level = "info"
        self.buffer = bytearray()

    def write(self, line):
        self.buffer += line.encode() + b"\n"


logger = BufferedLogger()
for request in requests():
    logger.write(f"request {request}: " + "l" * 150)
