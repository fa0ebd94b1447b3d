"""Healthy: a cache that fills and then drops what was not used for longest."""

from collections import OrderedDict

from program import run_program, take

cache = OrderedDict()


def start(rate, size, random):
    next_key = 0
    cached_bytes = 0

    def step(due, seconds):
        nonlocal next_key, cached_bytes
        used = int(random() * next_key)
        if used in cache:
            cache.move_to_end(used)
        cache[next_key] = take(due)
        next_key += 1
        cached_bytes += due
        while cached_bytes > size:
            cached_bytes -= len(cache.popitem(last=False)[1])

    return step


run_program(start)
