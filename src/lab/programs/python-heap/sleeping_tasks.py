"""Leaks: each request starts a task that sleeps for a day; nobody but the loop knows of it."""

import asyncio

from program import requests


class Lease:
    def __init__(self, number):
        self.number = number
        self.state = bytearray(200)


async def expire_lease(lease):
    await asyncio.sleep(86_400)
    return lease.number


async def serve():
    for number in requests():
        asyncio.ensure_future(expire_lease(Lease(number)))
        await asyncio.sleep(0)


asyncio.run(serve())
