"""Threads and asyncio in one process share one pool of connections.

    python demo_shared.py URL [[CA_FILE] N]

Eight threads and an event loop with eight tasks send N requests together; one line of JSON says
how many connections that took.
"""

import asyncio
import json
import sys
import threading

import libkeepalive

WORKERS = 8


def main(url: str, *more: str) -> None:
    *ca, count = more or ("500",)
    ca_file = ca[0] if ca else None
    each = max(1, int(count) // (2 * WORKERS))
    with libkeepalive.Client(ca_file=ca_file) as client:

        def thread() -> None:
            for _ in range(each):
                client.get(url).raise_for_status()

        async def task() -> None:
            for _ in range(each):
                (await client.aio.get(url)).raise_for_status()

        async def tasks() -> None:
            async with asyncio.TaskGroup() as group:
                for _ in range(WORKERS):
                    group.create_task(task())

        threads = [threading.Thread(target=thread) for _ in range(WORKERS)]
        for each_thread in threads:
            each_thread.start()
        asyncio.run(tasks())
        for each_thread in threads:
            each_thread.join()
        stats = client.stats()
    facts = {
        "language": "Python threads + asyncio",
        "threads": WORKERS,
        "tasks": WORKERS,
        "requests": 2 * WORKERS * each,
        "opened": stats.opened,
        "reused": stats.reused,
    }
    print(json.dumps(facts), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
