"""fork() with a warm pool: the child starts afresh, the parent goes on undisturbed."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import os
import signal
import traceback
import warnings
from collections.abc import Callable

import pytest

import libkeepalive


def in_child(work: Callable[[], None]) -> None:
    """Runs `work` in a forked child and requires that it ends well within a time."""
    with warnings.catch_warnings():
        # Python 3.12 warns of every fork with threads; that it works is what is tested.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        code = 1
        try:
            signal.alarm(20)
            work()
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0


def test_blocking_calls_work_in_child_and_parent(client, origin):
    for base in (origin.http, origin.https):
        mine = client.get(base + "/ok").info.connection_id

        def child(base: str = base) -> None:
            first = client.get(base + "/ok")
            assert first.text == "ok" and not first.info.reused
            assert client.get(base + "/ok").info.reused
            assert libkeepalive.get(origin.http + "/ok").text == "ok"
            assert client.stats().opened >= 1

        in_child(child)
        # The parent's connection was not disturbed by the child's end.
        after = client.get(base + "/ok").info
        assert after.reused and after.connection_id == mine


def test_asyncio_works_in_child_and_parent(client, origin):
    aio = client.aio

    async def ask() -> None:
        responses = await asyncio.gather(*[aio.get(origin.https + "/json") for _ in range(20)])
        assert {response.status_code for response in responses} == {200}

    asyncio.run(ask())

    def child() -> None:
        asyncio.run(ask())
        gc.collect()
        client.get(origin.https + "/ok")
        asyncio.run(ask())

    in_child(child)
    asyncio.run(ask())


def test_a_fork_inside_a_running_loop(client, origin):
    async def main() -> None:
        await client.aio.get(origin.http + "/ok")
        under_way = asyncio.create_task(client.aio.get(origin.http + "/gate/python-fork"))
        await asyncio.to_thread(origin.ask, "/_gate/python-fork/wait?n=1")

        def child() -> None:
            assert client.get(origin.http + "/ok").text == "ok"
            gc.collect()

        in_child(child)
        await asyncio.to_thread(origin.ask, "/_gate/python-fork/open")
        assert (await under_way).text == "ok"

    asyncio.run(main())


def test_what_the_parent_had_under_way_can_be_dropped_in_the_child(client, origin):
    stream = client.stream("GET", origin.http + "/bytes/5000000")
    with stream as response:
        pieces = response.iter_bytes()
        received = len(next(pieces))

        def child() -> None:
            nonlocal pieces, response
            del pieces, response
            gc.collect()
            assert client.get(origin.http + "/ok").text == "ok"

        in_child(child)
        received += sum(len(piece) for piece in pieces)
        assert received == 5_000_000


def _work(url: str) -> int:
    return libkeepalive.get(url).status_code


def test_multiprocessing_workers(origin):
    libkeepalive.get(origin.http + "/ok")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        with multiprocessing.get_context("fork").Pool(2) as pool:
            assert pool.map(_work, [origin.http + "/ok"] * 10) == [200] * 10


@pytest.mark.parametrize("generations", [3])
def test_children_of_children(client, origin, generations):
    def child(left: int) -> None:
        assert client.get(origin.http + "/ok").text == "ok"
        if left:
            in_child(lambda: child(left - 1))

    child(generations)
