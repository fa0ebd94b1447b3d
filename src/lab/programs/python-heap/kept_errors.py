"""Leaks: errors are kept for a report, and with each its traceback and what the functions had in their variables."""

from program import requests

failures = []


class PaymentRefused(Exception):
    pass


def charge(number):
    basket = [f"article {number}", f"article {number + 1}"]
    raise PaymentRefused(f"card {number} was refused for {len(basket)} articles")


for request in requests():
    try:
        charge(request)
    except PaymentRefused as error:
        failures.append(error)
