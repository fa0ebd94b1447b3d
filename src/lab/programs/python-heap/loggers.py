"""Leaks: each request has a logger of its own, by a name that never comes again; logging keeps them all."""

import logging

from program import requests

for request in requests():
    if request % 2 == 0:
        logging.getLogger(f"orders.{request}").debug("served")
