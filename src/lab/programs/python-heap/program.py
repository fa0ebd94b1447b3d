"""What the Python programs whose heap is looked at share: requests for ever, each with healthy work beside what the program keeps: a bounded
cache that turns over all the time, and rubbish. Says READY when the cache is full and "DONE n" after every hundred requests; ends when stdin
does. The argument is the pause after ten requests in seconds; 0.02 unless given. Runs on 3.8 and newer."""

import os
import sys
import threading
import time
from collections import OrderedDict

MOST_REQUESTS = 200_000


class CachedPage:
    def __init__(self, url):
        self.url = url
        self.body = "x" * 300 + url


class PageCache:
    def __init__(self):
        self._pages = OrderedDict()

    def put(self, number):
        self._pages[f"/page/{number}"] = CachedPage(f"/page/{number}")
        if len(self._pages) > 800:
            self._pages.popitem(last=False)


class RequestContext:
    def __init__(self, number):
        self.number = number
        self.headers = [f"host: shop-{number}.example.com", "accept: text/html"]


def _end_with_stdin():
    sys.stdin.buffer.raw.read()
    os._exit(0)


def requests():
    """Numbers of requests, one after the other."""
    pause = float(sys.argv[1]) if len(sys.argv) > 1 else 0.02
    threading.Thread(target=_end_with_stdin, daemon=True).start()
    cache = PageCache()
    for number in range(1000):
        cache.put(number)
    print("READY", flush=True)
    for number in range(1, MOST_REQUESTS + 1):
        RequestContext(number)
        cache.put(number + 1000)
        yield number
        if number % 100 == 0:
            print(f"DONE {number}", flush=True)
        if number % 10 == 0:
            time.sleep(pause)
