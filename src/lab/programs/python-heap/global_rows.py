"""Leaks: rows as plain dicts, in a list of the module."""

from program import requests

seen_rows = []
for request in requests():
    seen_rows.append({"id": request, "name": f"article {request}", "price": request * 1.19, "tags": ["new", f"shelf-{request % 50}"]})
