"""Leaks: many lists that each grow a little, one for each customer."""

from collections import defaultdict, namedtuple

from program import requests

Order = namedtuple("Order", "number article price")


class OrderBook:
    by_customer = defaultdict(list)

    @classmethod
    def add(cls, order):
        cls.by_customer[f"customer-{order.number % 700}"].append(order)


for request in requests():
    OrderBook.add(Order(request + 10_000, f"article-{request}-" + "o" * 60, request * 0.99))
