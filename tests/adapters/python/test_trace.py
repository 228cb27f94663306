"""``extensions={"trace": f}`` of this library's own clients, beside httpcore: the same events in the same order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import httpx
import pytest

import libkeepalive
from libkeepalive.testing import Answer, Origin

#: What is sent, as httpx and as this library have it alike.
Use = Callable[[Any, str, dict[str, Any]], None]


def get(client: Any, url: str, extensions: dict[str, Any]) -> None:
    client.get(url, extensions=extensions)


def post(client: Any, url: str, extensions: dict[str, Any]) -> None:
    client.post(url, content=iter([b"a", b"b"]), extensions=extensions)


def read(client: Any, url: str, extensions: dict[str, Any]) -> None:
    with client.stream("GET", url, extensions=extensions) as response:
        response.read()


def leave(client: Any, url: str, extensions: dict[str, Any]) -> None:
    with client.stream("GET", url, extensions=extensions):
        pass


def redirected(client: Any, url: str, extensions: dict[str, Any]) -> None:
    client.get(f"{url}/moved", extensions=extensions, follow_redirects=True)


async def aget(client: Any, url: str, extensions: dict[str, Any]) -> None:
    await client.get(url, extensions=extensions)


async def aread(client: Any, url: str, extensions: dict[str, Any]) -> None:
    async with client.stream("GET", url, extensions=extensions) as response:
        async for _ in response.aiter_bytes():
            pass


async def aleave(client: Any, url: str, extensions: dict[str, Any]) -> None:
    async with client.stream("GET", url, extensions=extensions):
        pass


ANSWERS = {
    "whole": Answer(200, b"content"),
    "chunked": Answer(200, b"content", chunked=True, chunk_size=3),
    "empty": Answer(204),
    "dropped": Answer(drop=True),
    "cut": Answer(200, b"content", truncate=3),
}


@pytest.fixture(params=ANSWERS)
def server(request: pytest.FixtureRequest) -> Iterator[Origin]:
    with Origin(ANSWERS[request.param]) as origin:
        yield origin


#: A response that is left loses httpcore's connection and keeps ours, and one that dies under a request is replaced
#: by ours without a word of the program's: then the next request differs.
ONCE = (leave, aleave)

FAILURES = (httpx.HTTPError, libkeepalive.HTTPError)


def times(use: Any) -> range:
    return range(1 if use in ONCE else 2)


def test_of_redirects() -> None:
    with Origin(ANSWERS["whole"]) as origin:
        origin.route("/moved", Answer(302, headers={"Location": "/"}))
        test_of_threads(origin, redirected)


@pytest.mark.parametrize("use", [get, post, read, leave])
def test_of_threads(server: Origin, use: Use) -> None:
    told: dict[type, list[str]] = {}
    for kind in (httpx.Client, libkeepalive.Client):
        names: list[str] = told.setdefault(kind, [])
        with kind(trust_env=False) as client:
            for _ in times(use):
                with suppress(*FAILURES):
                    use(client, server.url, {"trace": lambda name, info, to=names: to.append(name)})
    assert told[libkeepalive.Client] == told[httpx.Client]


@pytest.mark.parametrize("use", [aget, aread, aleave])
def test_of_tasks(server: Origin, use: Callable[..., Any]) -> None:
    told: dict[type, list[str]] = {}

    async def main() -> None:
        for kind in (httpx.AsyncClient, libkeepalive.AsyncClient):
            names: list[str] = told.setdefault(kind, [])

            async def trace(name: str, info: dict[str, Any], to: list[str] = names) -> None:
                to.append(name)

            async with kind(trust_env=False) as client:
                for _ in times(use):
                    with suppress(*FAILURES):
                        await use(client, server.url, {"trace": trace})

    asyncio.run(main())
    assert told[libkeepalive.AsyncClient] == told[httpx.AsyncClient]


@pytest.mark.parametrize("kind", [httpx.Client, libkeepalive.Client])
def test_nobody_listens(kind: Any) -> None:
    with Origin() as origin:
        url = origin.url
    names: list[str] = []
    with kind(trust_env=False) as client, suppress(*FAILURES):
        client.get(url, extensions={"trace": lambda name, info: names.append(name)})
    assert names == ["connection.connect_tcp.started", "connection.connect_tcp.failed"]
