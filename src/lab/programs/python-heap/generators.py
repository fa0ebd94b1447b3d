"""Leaks: streams of rows that nobody reads to the end, in a dict by their cursor."""

from program import requests


def read_rows(table):
    page = [f"{table} 1", f"{table} 2"]
    yield from page


class Pool:
    open_cursors = {}


for request in requests():
    rows = read_rows(f"table-{request}")
    next(rows)
    Pool.open_cursors[request] = rows
