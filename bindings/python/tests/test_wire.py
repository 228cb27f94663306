"""All cases of tests/wire: blocking calls, asyncio and trio, whole responses and streams. What became
of each is told to the origin, which judges it (tests/wire/README.md)."""

from __future__ import annotations

import asyncio
import base64
import inspect
from collections.abc import Callable
from typing import Any

import pytest
import trio

import libkeepalive
from conftest import Origin

#: Short enough for cases in which the server falls silent, long enough for a busy machine.
TIMEOUT = libkeepalive.Timeout(20.0)
STALL = libkeepalive.Timeout(20.0, read=0.3)

Case = dict[str, Any]
Facts = dict[str, Any]


def arguments(case: Case) -> dict[str, Any]:
    request = case["request"]
    body = base64.b64decode(request["body"]["piece_b64"]) * request["body"]["times"]
    content: Any = None
    if request["chunked"]:
        step = len(body) // 7 + 1
        content = [body[at : at + step] for at in range(0, len(body), step)]
    elif body:
        content = body
    # The cases are about framing: bodies are compared as they were sent.
    headers = [("Accept-Encoding", "identity"), *map(tuple, request["headers"])]
    timeout = STALL if case["end"] == "stall" else TIMEOUT
    return {"headers": headers, "content": content, "timeout": timeout}


def head(response: libkeepalive.Response) -> Facts:
    return {
        "status": response.status_code,
        "reason": response.reason_phrase,
        "version": response.http_version.removeprefix("HTTP/"),
        "headers": response.headers.multi_items(),
    }


def end(response: libkeepalive.Response) -> Facts:
    return {"error": None, "trailers": response.trailers.multi_items()}


def encoded(body: bytes) -> str:
    return base64.b64encode(body).decode()


def failed(error: libkeepalive.HTTPError) -> Facts:
    return {"way": "whole", "error": error.kind, "body_b64": encoded(error.partial_body or b"")}


def whole(response: libkeepalive.Response) -> Facts:
    return {"way": "whole", "body_b64": encoded(response.content)} | head(response) | end(response)


def blocking(client: libkeepalive.Client, case: Case, url: str) -> Facts:
    try:
        return whole(client.request(case["request"]["method"], url, **arguments(case)))
    except libkeepalive.HTTPError as error:
        return failed(error)


def blocking_stream(client: libkeepalive.Client, case: Case, url: str) -> Facts:
    facts: Facts = {"way": "pieces"}
    pieces: list[bytes] = []
    try:
        with client.stream(case["request"]["method"], url, **arguments(case)) as response:
            facts |= head(response)
            pieces.extend(response.iter_bytes())
            facts |= end(response)
    except libkeepalive.HTTPError as error:
        facts["error"] = error.kind
    return facts | {"body_b64": encoded(b"".join(pieces))}


async def on_loop(client: libkeepalive.AsyncClient, case: Case, url: str) -> Facts:
    try:
        return whole(await client.request(case["request"]["method"], url, **arguments(case)))
    except libkeepalive.HTTPError as error:
        return failed(error)


async def on_loop_stream(client: libkeepalive.AsyncClient, case: Case, url: str) -> Facts:
    facts: Facts = {"way": "pieces"}
    pieces: list[bytes] = []
    try:
        async with client.stream(case["request"]["method"], url, **arguments(case)) as response:
            facts |= head(response)
            async for piece in response.aiter_bytes():
                pieces.append(piece)
            facts |= end(response)
    except libkeepalive.HTTPError as error:
        facts["error"] = error.kind
    return facts | {"body_b64": encoded(b"".join(pieces))}


def followed(after: libkeepalive.Response) -> Facts:
    assert after.content == b"ok"
    return {"reused": after.info.reused}


def one(origin: Origin, run: Callable[..., Facts], case: Case, base: str, url: str) -> Facts:
    with libkeepalive.Client(ca_file=origin.ca_file, max_body_size=0) as client:
        return run(client, case, url) | followed(client.get(base + "/ok"))


async def one_on_loop(origin: Origin, run: Any, case: Case, base: str, url: str) -> Facts:
    async with libkeepalive.AsyncClient(ca_file=origin.ca_file, max_body_size=0) as client:
        return await run(client, case, url) | followed(await client.get(base + "/ok"))


@pytest.fixture(scope="module")
def cases(origin: Origin) -> list[Case]:
    return origin.ask("/_cases")


def plays(origin: Origin, cases: list[Case], name: str) -> list[tuple[Case, str, str]]:
    """Each case with the bases that it is played over, and its URL for the run of that name."""
    bases = {"any": [origin.http, origin.https], "only": [origin.https], "never": [origin.http]}
    return [
        (case, base, f"{base}{case['path']}?run={name}")
        for case in cases
        for base in bases[case["tls"]]
    ]


def hold(report: dict[str, Any]) -> None:
    differences = report["differences"]
    assert not differences, "\n".join([f"{len(differences)} differences", *differences])
    assert report["cases"] >= 400, report


@pytest.mark.parametrize("run", [blocking, blocking_stream, on_loop, on_loop_stream])
def test_wire_cases(origin: Origin, cases: list[Case], run: Any):
    name = f"python-{run.__name__}"
    for case, base, url in plays(origin, cases, name):
        if inspect.iscoroutinefunction(run):
            facts = asyncio.run(one_on_loop(origin, run, case, base, url))
        else:
            facts = one(origin, run, case, base, url)
        origin.judge(name, case["name"], facts)
    hold(origin.verdict(name, "http,https"))


@pytest.mark.parametrize("run", [on_loop, on_loop_stream])
def test_wire_cases_side_by_side_on_trio(origin: Origin, cases: list[Case], run: Any):
    name = f"python-trio-{run.__name__}"
    # What TLS adds is the same below every loop.
    plain = [play for play in plays(origin, cases, name) if play[1] == origin.http]
    facts: dict[str, Facts] = {}

    async def play(limit: trio.CapacityLimiter, case: Case, base: str, url: str) -> None:
        async with limit:
            facts[case["name"]] = await one_on_loop(origin, run, case, base, url)

    async def main() -> None:
        limit = trio.CapacityLimiter(16)
        async with trio.open_nursery() as nursery:
            for each in plain:
                nursery.start_soon(play, limit, *each)

    trio.run(main)
    for case in facts:
        origin.judge(name, case, facts[case])
    hold(origin.verdict(name, "http"))
