"""`pipelining`: requests behind others on their connection, from threads, coroutines and children."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from typing import Any

import anyio
import pytest

import libkeepalive
from test_fork import in_child
from test_trio import run, waiters  # noqa: F401 (a fixture)

NUMBERS = itertools.count()
Run = Callable[[Callable[[], Any]], Any]


@pytest.fixture
def one(origin):
    """A client whose only connection, which carries four requests at a time, has answered."""
    with libkeepalive.Client(max_per_host=1, pipelining=4, ca_file=origin.ca_file) as client:
        yield client


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_threads_and_coroutines_go_behind_each_other(run: Run, one, origin, scheme):  # noqa: F811
    # A gate that was opened stays open.
    base, gate = getattr(origin, scheme), f"pipelining-{next(NUMBERS)}"
    one.get(f"{base}/ok")
    front: list[libkeepalive.Response] = []
    thread = threading.Thread(target=lambda: front.append(one.get(f"{base}/gate/{gate}")))
    thread.start()
    waiters(origin, gate, 1)

    async def main() -> None:
        responses: list[libkeepalive.Response] = []

        async def ask(size: int) -> None:
            responses.append(await one.aio.get(f"{base}/bytes/{size}"))

        async with anyio.create_task_group() as group:
            for size in (0, 10, 100_000):
                group.start_soon(ask, size)
            while one.stats().pipelined < 3:
                await anyio.lowlevel.checkpoint()
            await anyio.to_thread.run_sync(lambda: origin.ask(f"/_gate/{gate}/open"))
        assert sorted(len(each.content) for each in responses) == [0, 10, 100_000]
        assert all(each.info.pipelined and each.info.replays == 0 for each in responses)

    run(main)
    thread.join(20)
    assert front[0].text == "ok" and not front[0].info.pipelined
    assert one.stats().opened == 1


def test_a_child_leaves_the_line_of_its_parent_alone(one, origin):
    one.get(f"{origin.http}/ok")
    done: list[libkeepalive.Response] = []

    def ask(path: str) -> threading.Thread:
        thread = threading.Thread(target=lambda: done.append(one.get(origin.http + path)))
        thread.start()
        return thread

    threads = [ask("/gate/pipelining-fork")]
    waiters(origin, "pipelining-fork", 1)
    threads.append(ask("/bytes/5"))
    while one.stats().pipelined < 1:
        pass

    def child() -> None:
        first = one.get(f"{origin.http}/ok")
        assert first.text == "ok" and not first.info.reused
        assert one.get(f"{origin.http}/ok").info.reused
        one.close()

    in_child(child)
    origin.ask("/_gate/pipelining-fork/open")
    for thread in threads:
        thread.join(20)
    assert sorted(len(each.content) for each in done) == [2, 5]
    assert (one.stats().opened, one.stats().replayed) == (1, 0)


@pytest.mark.parametrize("depth", [0, 257, -1, 1.5, "two"])
def test_a_depth_that_cannot_be_is_named(depth):
    with pytest.raises((libkeepalive.InvalidArgument, TypeError, ValueError, OverflowError), match="pipelining"):
        libkeepalive.Client(pipelining=depth)
