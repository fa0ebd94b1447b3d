"""Leaks open files: opens its log anew for each of its requests, after the log was rotated away, and closes none."""

import os
import tempfile

from program import counted, run_program

log = os.path.join(tempfile.gettempdir(), f"stanch-lab-{os.getpid()}.log")


def start(rate, size, random):
    due = counted()

    def step(byte_count, seconds):
        for _ in range(due(byte_count)):
            os.open(log, os.O_CREAT | os.O_APPEND | os.O_WRONLY)
            os.unlink(log)

    return step


run_program(start)
