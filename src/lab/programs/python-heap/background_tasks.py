"""Leaks: tasks that are kept in a set until they end, and wait for an answer that never comes."""

import asyncio

from program import requests

background = set()


async def notify_customer(number, answered):
    text = f"order {number} is on its way"
    await answered.wait()
    return text


async def serve():
    answered = asyncio.Event()
    for number in requests():
        task = asyncio.create_task(notify_customer(number, answered))
        background.add(task)
        task.add_done_callback(background.discard)
        await asyncio.sleep(0)


asyncio.run(serve())
