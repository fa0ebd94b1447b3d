"""Leaks: a function that is wrapped when its object is made, with a memo of its own that has no limit."""

import functools

from program import requests


class Translator:
    def __init__(self):
        self.translate = functools.lru_cache(maxsize=None)(self.look_up)

    def look_up(self, text):
        return {"text": text, "translated": text.upper()}


translator = Translator()
for request in requests():
    translator.translate(f"text number {request}")
