"""Leaks: a cache with a limit that takes the oldest entry out of its dict, but not out of the list of what was used when."""

from program import requests


class CacheEntry:
    __slots__ = ("key", "body", "used")

    def __init__(self, key):
        self.key = key
        self.body = f"<p>{key}</p>"
        self.used = 0


class LruCache:
    def __init__(self):
        self.entries = {}
        self.order = []

    def put(self, key):
        entry = CacheEntry(key)
        self.entries[key] = entry
        self.order.append(entry)
        if len(self.entries) > 200:
            del self.entries[next(iter(self.entries))]


cache = LruCache()
for request in requests():
    cache.put(f"/article/{request}")
