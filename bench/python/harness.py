"""What every Python program of the benchmark shares: options, loops, clocks, the result line.

A program names a class and hands it to `run` or `run_async`:

    class Peer:                              # with `async def` for run_async
        def __init__(self, options): ...     # one client for the whole program
        def get(self, url) -> int: ...       # whole body in memory; returns its length
        def stream(self, url) -> int: ...    # the body in pieces
        def upload(self, url, data) -> int: ...
        def hold(self, url): ...             # head only; the body stays unread
        def release(self, held) -> int: ...  # reads it
        def close(self): ...
"""

import argparse
import asyncio
import ctypes
import json
import os
import resource
import threading
import time
from collections.abc import Callable
from itertools import count
from typing import Any

SETTLE_SECONDS, IDLE_SECONDS = 1, 3
PIECE = 256 * 1024  # bytes a streaming read asks for


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", required=True)
    parser.add_argument("--mode", default="get", choices=["get", "stream", "upload", "idle"])
    parser.add_argument("--ca")
    parser.add_argument("--requests", type=int, default=1000)
    parser.add_argument("--warmup", type=int, default=0)
    parser.add_argument("--length", type=int, default=0)
    parser.add_argument("--in-flight", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--upload", type=int, default=0)
    parser.add_argument("--loop", default="asyncio", choices=["asyncio", "uvloop"])
    options = parser.parse_args()
    # Room in the pool for everything that can be in flight at once.
    options.connections = max(options.in_flight, options.threads)
    if options.mode == "idle":
        options.connections = options.requests + 1
    options.data = b"x" * options.upload
    return options


def cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def memory_bytes() -> int:
    """Anonymous memory in use, after the allocator has given back what it can."""
    ctypes.CDLL(None).malloc_trim(0)
    with open("/proc/self/status") as status:
        line = next(line for line in status if line.startswith("RssAnon:"))
    return int(line.split()[1]) * 1024


def open_sockets() -> int:
    sockets = 0
    for name in os.listdir("/proc/self/fd"):
        try:
            sockets += os.readlink(f"/proc/self/fd/{name}").startswith("socket:")
        except FileNotFoundError:  # the descriptor of the listing itself
            pass
    return sockets


def check(options: argparse.Namespace, length: int) -> None:
    if length != options.length:
        raise SystemExit(f"body of {length} bytes, expected {options.length}")


def report(**values: float) -> None:
    print(json.dumps(values), flush=True)


def report_idle(before: int, after: int, cpu: float, sockets: int) -> None:
    report(
        connections=sockets,
        bytes=after - before,
        idle_seconds=IDLE_SECONDS,
        idle_cpu_seconds=cpu_seconds() - cpu,
    )


def exchange_of(peer: Any, options: argparse.Namespace) -> Callable[[], Any]:
    """One exchange as the mode asks for it: a call that returns (or awaits to) a body's length."""
    if options.mode == "upload":
        return lambda: peer.upload(options.url, options.data)
    method = peer.stream if options.mode == "stream" else peer.get
    return lambda: method(options.url)


def run(make: Callable[[argparse.Namespace], Any]) -> None:
    """Measures a synchronous client; with --threads, all of them on the one client."""
    options = parse()
    peer = make(options)
    if options.mode == "idle":
        check(options, peer.release(peer.hold(options.url + "1")))
        url = f"{options.url}{options.requests}"
        before = memory_bytes()
        held = [peer.hold(url) for _ in range(options.requests)]
        while held:
            check(options, peer.release(held.pop()))
        time.sleep(SETTLE_SECONDS)
        after, sockets, cpu = memory_bytes(), open_sockets(), cpu_seconds()
        time.sleep(IDLE_SECONDS)
        report_idle(before, after, cpu, sockets)
    else:
        measure(exchange_of(peer, options), options)
    peer.close()


def measure(exchange: Callable[[], int], options: argparse.Namespace) -> None:
    started = cpu = 0.0

    def start_clocks() -> None:
        nonlocal started, cpu
        cpu, started = cpu_seconds(), time.perf_counter()

    barrier = threading.Barrier(options.threads, start_clocks)
    taken = count()
    made = [0] * options.threads

    def work(index: int) -> None:
        for _ in range(options.warmup):
            check(options, exchange())
        barrier.wait()
        mine = 0
        while next(taken) < options.requests:
            check(options, exchange())
            mine += 1
        made[index] = mine

    threads = [threading.Thread(target=work, args=(i,)) for i in range(1, options.threads)]
    for thread in threads:
        thread.start()
    work(0)
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - started
    report(
        requests=options.requests,
        seconds=seconds,
        cpu_seconds=cpu_seconds() - cpu,
        slowest=min(made),
        fastest=max(made),
    )


def run_async(make: Callable[[argparse.Namespace], Any]) -> None:
    """Measures an asynchronous client; `make` is called on the loop."""
    options = parse()
    if options.loop == "uvloop":
        import uvloop

        uvloop.run(main_async(make, options))
    else:
        asyncio.run(main_async(make, options))
    # Threads of some native clients crash an interpreter that shuts down under them.
    os._exit(0)


async def main_async(make: Callable[[argparse.Namespace], Any], options: Any) -> None:
    peer = make(options)
    if options.mode == "idle":
        await idle_async(peer, options)
    else:
        exchange = exchange_of(peer, options)
        await exchanges(exchange, options, options.warmup)
        cpu, started = cpu_seconds(), time.perf_counter()
        await exchanges(exchange, options, options.requests)
        seconds = time.perf_counter() - started
        report(requests=options.requests, seconds=seconds, cpu_seconds=cpu_seconds() - cpu)
    await peer.close()


async def exchanges(exchange: Callable[[], Any], options: Any, wanted: int) -> None:
    """`wanted` exchanges, --in-flight of them at any time."""
    taken = count()

    async def work() -> None:
        while next(taken) < wanted:
            check(options, await exchange())

    if options.in_flight == 1:
        await work()
    else:
        await asyncio.gather(*[work() for _ in range(options.in_flight)])


async def idle_async(peer: Any, options: Any) -> None:
    check(options, await peer.release(await peer.hold(options.url + "1")))
    url = f"{options.url}{options.requests}"
    before = memory_bytes()
    held = [await peer.hold(url) for _ in range(options.requests)]
    while held:
        check(options, await peer.release(held.pop()))
    await asyncio.sleep(SETTLE_SECONDS)
    after, sockets, cpu = memory_bytes(), open_sockets(), cpu_seconds()
    await asyncio.sleep(IDLE_SECONDS)
    report_idle(before, after, cpu, sockets)
