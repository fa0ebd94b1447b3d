"""Healthy: tasks wait for one another's events, each of which comes."""

import asyncio

from program import requests


async def answer(number, event):
    await asyncio.sleep(0)
    event.set()


async def ask(number):
    event = asyncio.Event()
    other = asyncio.ensure_future(answer(number, event))
    await event.wait()
    await other
    return f"answer {number}"


async def serve():
    running = set()
    for number in requests():
        task = asyncio.ensure_future(ask(number))
        running.add(task)
        task.add_done_callback(running.discard)
        await asyncio.sleep(0)


asyncio.run(serve())
