"""Sends N requests one after the other, over kept-alive connections and over a new one each.

    python demo.py URL [[CA_FILE] N]

Prints a line of JSON for the blocking client and one for asyncio.
"""

import asyncio
import json
import sys
import time

import libkeepalive

#: Ends the connection with its response.
NEW_CONNECTION = {"Connection": "close"}


def report(language: str, count: int, kept: float, new: float, stats: libkeepalive.Stats) -> None:
    print(
        json.dumps(
            {
                "language": language,
                "requests": count,
                "opened": stats.opened,
                "reused": stats.reused,
                "keepalive_s": kept,
                "new_connection_s": new,
            }
        ),
        flush=True,
    )


def blocking(url: str, ca_file: str | None, count: int) -> None:
    with libkeepalive.Client(ca_file=ca_file) as client:
        begin = time.perf_counter()
        for _ in range(count):
            client.get(url).raise_for_status()
        kept, stats = time.perf_counter() - begin, client.stats()
        begin = time.perf_counter()
        for _ in range(count):
            client.get(url, headers=NEW_CONNECTION).raise_for_status()
        report("Python sync", count, kept, time.perf_counter() - begin, stats)


async def on_the_loop(url: str, ca_file: str | None, count: int) -> None:
    async with libkeepalive.AsyncClient(ca_file=ca_file) as client:
        begin = time.perf_counter()
        for _ in range(count):
            (await client.get(url)).raise_for_status()
        kept, stats = time.perf_counter() - begin, client.stats()
        begin = time.perf_counter()
        for _ in range(count):
            (await client.get(url, headers=NEW_CONNECTION)).raise_for_status()
        report("Python asyncio", count, kept, time.perf_counter() - begin, stats)


def main(url: str, *more: str) -> None:
    *ca, count = more or ("500",)
    ca_file = ca[0] if ca else None
    blocking(url, ca_file, int(count))
    asyncio.run(on_the_loop(url, ca_file, int(count)))


if __name__ == "__main__":
    main(*sys.argv[1:])
