"""Healthy: holds memory for the requests it serves; the requests come and go in waves, and so does its CPU time."""

import math
import time

from program import run_program, take

BUSIEST_SECONDS_PER_STEP = 0.02

in_flight = []


def start(rate, size, random):
    held_bytes = 0
    wave_seconds = 1.25 * size / rate

    def step(due, seconds):
        nonlocal held_bytes
        load = 0.5 - 0.5 * math.cos(2 * math.pi * seconds / wave_seconds)
        while held_bytes + due <= size * load:
            in_flight.append(take(due))
            held_bytes += due
        while held_bytes > size * load:
            held_bytes -= len(in_flight.pop())
        work(BUSIEST_SECONDS_PER_STEP * load)

    return step


def work(seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        math.sqrt(2)


run_program(start)
