"""Healthy: tasks come and go, each with a buffer, and some wait for others."""

import asyncio

from program import requests


class Work:
    def __init__(self, number):
        self.number = number
        self.buffer = bytearray(500)


async def work(number, before):
    mine = Work(number)
    if before is not None:
        await before
    await asyncio.sleep(0)
    return len(mine.buffer)


async def serve():
    running = []
    for number in requests():
        running.append(asyncio.ensure_future(work(number, running[-1] if running else None)))
        if len(running) > 60:
            await running.pop(0)


asyncio.run(serve())
