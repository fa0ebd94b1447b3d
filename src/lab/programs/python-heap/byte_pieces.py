"""Leaks: the pieces of uploads that were broken off, in a list by upload."""

from collections import defaultdict

from program import requests

pieces = defaultdict(list)
for request in requests():
    pieces[request // 20].append(bytes([request % 250]) * 700)
