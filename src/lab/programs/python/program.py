"""What all Python programs of the lab share; the options are those of ../node/program.mjs."""

import argparse
import os
import re
import select
import sys
import time

SHORTEST_STEP_SECONDS = 0.1
# Less at a time would be lost in what the allocator and the runtime need for themselves.
LEAST_TAKE_BYTES = 16 * 1024
# A leak that somebody forgot ends by itself before it hurts the machine.
MOST_HELD_BYTES = 2 * 1024**3
BYTES_EACH = 64 * 1024
MOST_COUNTED = 16384


def take(byte_count):
    """Memory that is really there: every page is written."""
    return bytearray(b"\x5a") * max(1, byte_count)


def counted():
    """For programs that take open files or sockets: a function of the bytes of a step that says how many are due in it."""
    owed = 0
    taken = 0

    def due(byte_count):
        nonlocal owed, taken
        owed += byte_count / BYTES_EACH
        count = int(owed)
        owed -= count
        taken += count
        if taken > MOST_COUNTED:
            sys.exit(0)
        return count

    return due


def run_program(start):
    """Runs start(rate, size, random), which gives a function of (bytes, seconds) to be called for each step."""
    options = read_options()
    random = seeded_random(options.seed)
    step = start(options.rate, options.size or 12 * options.rate, random)
    step_seconds = max(SHORTEST_STEP_SECONDS, LEAST_TAKE_BYTES / options.rate)
    started = time.monotonic()
    steps_done = 0
    taken_bytes = 0
    working_set = b""
    ready = False
    while taken_bytes + len(working_set) <= MOST_HELD_BYTES:
        steps_due = 1 + int((time.monotonic() - started) / step_seconds)
        while steps_done < steps_due:
            due = round(options.rate * step_seconds * (1 + options.noise * (2 * random() - 1)))
            taken_bytes += step(due, steps_done * step_seconds) or 0
            steps_done += 1
        if options.noise > 0:
            working_set = take(round(options.noise * options.rate * 10 * random()))
        if not ready:
            print("READY", flush=True)
            ready = True
        if not wait_step():
            return


def wait_step():
    """False when stdin has ended: whoever started the program is gone."""
    if not os.environ.get("STANCH_LAB_UNTIL_STDIN_ENDS"):
        time.sleep(SHORTEST_STEP_SECONDS)
        return True
    readable, _, _ = select.select([sys.stdin], [], [], SHORTEST_STEP_SECONDS)
    return not readable or sys.stdin.buffer.raw.read(1) != b""


def read_options():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rate", type=parse_size, default=1024**2)
    parser.add_argument("--size", type=parse_size)
    parser.add_argument("--noise", type=float, default=0.1)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def parse_size(text):
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(B|KiB|MiB|GiB)", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"expected a size such as 512KiB; found {text}")
    return float(match[1]) * 1024 ** ["B", "KiB", "MiB", "GiB"].index(match[2])


def seeded_random(seed):
    """mulberry32, the same in all languages of the lab."""
    state = seed & 0xFFFFFFFF

    def random():
        nonlocal state
        state = (state + 0x6D2B79F5) & 0xFFFFFFFF
        mixed = ((state ^ (state >> 15)) * (state | 1)) & 0xFFFFFFFF
        mixed ^= (mixed + (((mixed ^ (mixed >> 7)) * (mixed | 61)) & 0xFFFFFFFF)) & 0xFFFFFFFF
        return (mixed ^ (mixed >> 14)) / 2**32

    return random
