"""Healthy: a bounded dict of sessions; the oldest ones go."""

from program import requests


class Session:
    def __init__(self, user):
        self.user = user
        self.seen = [user]


sessions = {}
for request in requests():
    sessions[f"session-{request}"] = Session(f"user-{request}")
    if len(sessions) > 300:
        del sessions[next(iter(sessions))]
