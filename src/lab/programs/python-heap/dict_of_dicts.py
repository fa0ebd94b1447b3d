"""Leaks: totals of each order in a dict of each customer in a dict of each country."""

from program import requests

totals = {}
for request in requests():
    of_country = totals.setdefault(("at", "ch", "de", "fr")[request % 4], {})
    of_customer = of_country.setdefault(f"customer-{request % 50}", {})
    of_customer[f"order-{request}"] = {"net": request / 7, "tax": request / 70, "paid": False}
