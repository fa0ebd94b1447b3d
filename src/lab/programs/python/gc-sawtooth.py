"""Healthy: makes garbage in reference cycles, four times as fast as the leak leaks, and collects it whenever it has piled up."""

import gc

from program import run_program, take

gc.disable()


class Garbage:
    def __init__(self, due):
        self.itself = self
        self.payload = take(due)


def start(rate, size, random):
    garbage_bytes = 0

    def step(due, seconds):
        nonlocal garbage_bytes
        Garbage(4 * due)
        garbage_bytes += 4 * due
        if garbage_bytes >= size:
            gc.collect()
            garbage_bytes = 0

    return step


run_program(start)
