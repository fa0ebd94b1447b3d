"""Leaks: each request starts a task that waits for something which never comes."""

import asyncio

from program import requests


async def fetch_stock(article):
    answer = asyncio.get_running_loop().create_future()
    waiting.append(answer)
    return await answer, article


waiting = []


async def serve():
    for number in requests():
        asyncio.ensure_future(fetch_stock(f"article-{number}"))
        await asyncio.sleep(0)


asyncio.run(serve())
