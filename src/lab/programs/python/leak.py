"""Leaks: keeps everything it ever took."""

from program import run_program, take

forgotten = []


def start(rate, size, random):
    def step(due, seconds):
        forgotten.append(take(due))
        return due

    return step


run_program(start)
