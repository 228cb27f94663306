"""Requests of tasks that are woken together go to the engine together: nobody may notice."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Coroutine
from typing import Any

import pytest
from helpers import eventually

import libkeepalive

#: A gate that was opened stays open.
_numbers = itertools.count()


async def woken_together(
    origin: Any, client: libkeepalive.Client, name: str, works: list[Any]
) -> list[Any]:
    """Runs `works`, each behind an answer of its own; the answers come in their order, and together: the
    loop stands still until all are there."""

    name = f"{name}-{next(_numbers)}"

    async def behind(at: int, work: Any) -> Any:
        await client.aio.get(f"{origin.http}/gate/{name}-{at}")
        return await work()

    tasks = [asyncio.create_task(behind(at, work)) for at, work in enumerate(works)]
    for at in range(len(works)):
        await asyncio.to_thread(origin.ask, f"/_gate/{name}-{at}/wait?n=1")
    for left in reversed(range(len(works))):
        origin.ask(f"/_gate/{name}-{len(works) - 1 - left}/open")
        eventually(client, lambda stats, left=left: stats.active == left)
    return await asyncio.gather(*tasks, return_exceptions=True)


def gets(origin: Any, client: libkeepalive.Client, count: int = 1) -> Any:
    async def work() -> list[str]:
        return [(await client.aio.get(origin.http + "/ok")).text for _ in range(count)]

    return work


def statuses(results: list[Any]) -> list[Any]:
    return [result if isinstance(result, list) else repr(result) for result in results]


def test_many_go_on_together(run, origin):
    with libkeepalive.Client(max_per_host=64) as client:
        works = [gets(origin, client, 3) for _ in range(40)]
        results = run(woken_together(origin, client, "together-many", works))
        assert statuses(results) == [["ok"] * 3] * 40
        assert client.stats().active == 0 and client.stats().opened <= 40


def test_a_client_that_is_closed_in_the_same_turn(run, origin):
    client = libkeepalive.Client(max_per_host=64)

    async def closes() -> list[str]:
        await client.aio.aclose()
        return ["closed"]

    works = [gets(origin, client), gets(origin, client), closes, gets(origin, client)]
    results = run(woken_together(origin, client, "together-close", works))
    assert statuses(results[::2]) == [["ok"], ["closed"]]
    # The engine has been given it, and may find the client open or closed.
    assert results[1] == ["ok"] or isinstance(results[1], libkeepalive.InvalidState)
    assert isinstance(results[3], libkeepalive.InvalidState)


@pytest.mark.parametrize("by", ["cancel", "close"])
def test_one_that_is_given_up_in_the_same_turn(run, origin, by):
    with libkeepalive.Client(max_per_host=64) as client:
        given_up: list[Any] = []

        async def begins() -> list[str]:
            if by == "cancel":
                given_up.append(asyncio.current_task())
                await client.aio.get(origin.http + "/gate/together-never")
            other: Coroutine[Any, Any, Any] = client.aio.get(origin.http + "/gate/together-never")
            other.send(None)
            given_up.append(other)
            return []

        async def gives_up() -> list[str]:
            for each in given_up:
                each.cancel() if isinstance(each, asyncio.Task) else each.close()
            return []

        works = [begins, gives_up, *[gets(origin, client) for _ in range(4)]]
        results = run(woken_together(origin, client, f"together-{by}", works))
        assert statuses(results[1:]) == [[], *[["ok"]] * 4]
        assert by == "close" or isinstance(results[0], asyncio.CancelledError)
        eventually(client, lambda stats: stats.active == 0 and stats.waiting == 0)


def test_a_request_that_cannot_be_sent_fails_alone(run, origin):
    with libkeepalive.Client(max_per_host=64) as client:

        async def wrong() -> list[str]:
            await client.aio.get("http://127.0.0.1:1/")
            return ["sent"]

        works = [gets(origin, client), wrong, gets(origin, client)]
        results = run(woken_together(origin, client, "together-wrong", works))
        assert statuses([results[0], results[2]]) == [["ok"], ["ok"]]
        assert isinstance(results[1], libkeepalive.ConnectError)
