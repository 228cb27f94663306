"""The Python callers of the soak: threads and asyncio tasks over one pool; see driver.c."""

import asyncio
import ctypes
import gc
import json
import os
import sys
import threading
import time
from collections import Counter

import libkeepalive

THREADS, TASKS = 48, 48
DEADLINE, SLACK, TOLD = 30.0, 10.0, 20
STEADY = 25  # looks, 20 ms apart, that show the same
MASK = (1 << 64) - 1
KINDS = [
    ("chaos", "GET", False, ""), ("chaos", "PUT", False, ""),
    ("chaos", "POST", False, ""), ("chaos", "POST", True, ""),
    ("nginx", "GET", False, "echo"), ("nginx", "GET", False, "file"),
    ("nginx", "POST", False, "echo"), ("nginx", "POST", True, "echo"),
]  # fmt: skip
FILE = bytes(i % 251 for i in range(20000))

chaos, nginx = sys.argv[1:3], sys.argv[3:5]
ca_file = sys.argv[5]
seed, first_caller = int(sys.argv[6]), int(sys.argv[7])
client = libkeepalive.Client(ca_file=ca_file, total_timeout=DEADLINE)
outcomes: Counter[str] = Counter()
wrong: list[str] = []
slowest = 0.0
numbers: Counter[int] = Counter()
phase_end = 0.0


def dice(caller: int, number: int) -> int:
    z = (seed + caller * 0x9E3779B97F4A7C15 + number * 0xD1B54A32D192ED03) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


class Job:
    """One request of one caller."""

    def __init__(self, caller: int) -> None:
        number = numbers[caller]
        numbers[caller] += 1
        roll = dice(caller, number)
        self.target, self.method, key, path = KINDS[roll % 8]
        tls = (roll >> 8) % 4 == 0
        self.id = f"{caller}.{number}"
        self.what = f"{self.target} {self.method}{'+key' if key else ''}"
        self.is_file = path == "file"
        if self.target == "chaos":
            self.url = f"{chaos[tls]}/chaos/{seed}/{caller}/{number}"
        else:
            self.url = f"{nginx[tls]}/{path}"
        self.arguments: dict[str, object] = {"headers": {"X-Id": self.id}}
        if key:
            self.arguments["headers"] = {"X-Id": self.id, "Idempotency-Key": self.id}
        if self.method != "GET":
            self.arguments["content"] = f"{self.id}\n".encode()
        self.start = time.monotonic()

    def answered(self, response: libkeepalive.Response) -> None:
        if response.status_code != 200:
            self.end(str(response.status_code))
            return
        self.end("ok")
        headers, body, line = response.headers, response.content, f"{self.id}\n".encode()
        if headers.get("x-id") != self.id:
            wrong.append(f"{self.what} {self.id} got the answer to {headers.get('x-id')}")
        elif self.is_file:
            if body != FILE:
                wrong.append(f"{self.what} {self.id}: a garbled file")
        elif self.target == "nginx":
            if body != line:
                wrong.append(f"{self.what} {self.id}: {body!r}")
        else:
            if body != (line * (len(body) // len(line) + 1))[: len(body)]:
                wrong.append(f"{self.what} {self.id}: another's body")
            if len(body) != int(headers["x-length"]):
                wrong.append(f"{self.what} {self.id}: {len(body)} bytes of {headers['x-length']}")
            if int(headers["x-attempt"]) > 1 + response.info.replays:
                wrong.append(
                    f"{self.what} {self.id}: try {headers['x-attempt']},"
                    f" {response.info.replays} replays"
                )

    def end(self, outcome: str) -> None:
        global slowest
        took = time.monotonic() - self.start
        slowest = max(slowest, took)
        outcomes[f"{self.what} {outcome}"] += 1
        if took > DEADLINE + SLACK:
            wrong.append(f"{self.what} {self.id} took {took:.1f} s")

    def failed(self, error: Exception) -> None:
        kind = getattr(error, "kind", None)
        if kind is None:
            wrong.append(f"{self.what} {self.id}: {error!r}")
        self.end(str(kind))


def send_loop(caller: int) -> None:
    while time.monotonic() < phase_end:
        job = Job(caller)
        try:
            job.answered(client.request(job.method, job.url, **job.arguments))
        except Exception as error:
            job.failed(error)


async def await_loop(caller: int) -> None:
    while time.monotonic() < phase_end:
        job = Job(caller)
        try:
            job.answered(await client.aio.request(job.method, job.url, **job.arguments))
        except Exception as error:
            job.failed(error)


async def tasks() -> None:
    async with asyncio.TaskGroup() as group:
        for index in range(TASKS):
            group.create_task(await_loop(first_caller + THREADS + index))


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd")) - 1


def phase(seconds: float, before: int | None) -> list[int]:
    """Runs every caller for a time; then, with nothing under way and nothing kept, what is held."""
    global phase_end
    phase_end = time.monotonic() + seconds
    threads = [
        threading.Thread(target=send_loop, args=(first_caller + index,)) for index in range(THREADS)
    ]
    threads.append(threading.Thread(target=asyncio.run, args=(tasks(),)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    limit, last, steady = time.monotonic() + 15, -1, 0
    while time.monotonic() < limit:
        time.sleep(0.02)
        client.network_changed()
        stats = client.stats()
        busy = stats.active + stats.dialing + stats.waiting + stats.idle
        count = descriptors()
        steady = steady + 1 if count == last else 0
        last = count
        if not busy and (steady >= STEADY if before is None else count <= before):
            break
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    with open("/proc/self/status") as file:
        status = dict(line.split(":", 1) for line in file)
    return [descriptors(), int(status["Threads"]), int(status["VmRSS"].split()[0])]


warm = phase(float(sys.argv[8]), None)
end = phase(float(sys.argv[9]), warm[0])
stats = client.stats()
print(
    json.dumps({
        "requests": outcomes.total(),
        "slowest": round(slowest, 3),
        "outcomes": outcomes,
        "wrong_count": len(wrong),
        "wrong": wrong[:TOLD],
        "held": [warm, end],
        "stats": {
            "opened": stats.opened,
            "closed": sum(stats.closed.values()),
            "idle": stats.idle,
            "active": stats.active,
            "dialing": stats.dialing,
            "waiting": stats.waiting,
            "reused": stats.reused,
            "replayed": stats.replayed,
        },
    })
)
