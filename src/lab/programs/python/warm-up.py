"""Healthy: grows while it starts, ever slower, then is flat."""

from program import run_program, take

loaded = []


def start(rate, size, random):
    warm_seconds = 2 * size / rate

    def step(due, seconds):
        share = max(0, 1 - seconds / warm_seconds)
        if share > 0:
            loaded.append(take(round(due * share)))

    return step


run_program(start)
