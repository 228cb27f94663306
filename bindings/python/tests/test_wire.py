"""All cases of tests/wire, through the blocking client, asyncio and trio."""

from __future__ import annotations

import asyncio
import base64
import operator
from collections.abc import Callable, Iterable
from typing import Any

import pytest
import trio

import libkeepalive
from conftest import Origin

#: Short enough for cases in which the server falls silent, long enough for a busy machine.
TIMEOUT = libkeepalive.Timeout(20.0)
STALL = libkeepalive.Timeout(20.0, read=0.3)


def arguments(case: dict[str, Any]) -> dict[str, Any]:
    request = case["request"]
    body = base64.b64decode(request["body_b64"])
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


Fields = Iterable[tuple[str, str]]


def grouped(fields: Fields) -> list[list[Any]]:
    """Fields by name, the names in the order of their first field, the values of each in theirs."""
    groups: dict[str, list[str]] = {}
    for name, value in fields:
        groups.setdefault(name.lower(), []).append(value)
    return [[name, values] for name, values in groups.items()]


def is_within(part: Iterable[Any], whole: Iterable[Any], same: Callable[[Any, Any], bool]) -> bool:
    """Whether `part` is left when some of `whole` is left out."""
    rest = iter(whole)
    return all(any(same(wanted, one) for one in rest) for wanted in part)


def same_field(wanted: list[Any], seen: list[Any]) -> bool:
    return wanted[0] == seen[0] and is_within(wanted[1], seen[1], operator.eq)


def check(
    case: dict[str, Any],
    outcome: libkeepalive.Response | libkeepalive.HTTPError,
    after: libkeepalive.Response,
) -> None:
    """The verdict of tests/wire/README.md."""
    expect = case["expect"]
    assert after.content == b"ok"
    if isinstance(outcome, libkeepalive.HTTPError):
        if outcome.kind not in expect["errors"]:
            raise outcome
        body = outcome.partial_body or b""
    else:
        assert expect["errors"] == [], f"no error but {outcome!r}"
        body = outcome.content
        assert expect["status"] in (None, outcome.status_code)
        assert expect["reason"] in (None, outcome.reason_phrase)
        assert expect["version"] in (None, outcome.http_version.removeprefix("HTTP/"))
        seen = grouped(outcome.headers.multi_items())
        assert is_within(expect["headers"] or [], seen, same_field), seen
        trailers = grouped(outcome.trailers.multi_items())
        assert expect["trailers"] in (None, trailers)
    if expect["body_b64"] is not None:
        assert body == base64.b64decode(expect["body_b64"])
    assert after.info.reused == expect["reused"]


def bases(origin: Origin, case: dict[str, Any]) -> list[str]:
    return {"any": [origin.http, origin.https], "only": [origin.https], "never": [origin.http]}[
        case["tls"]
    ]


def blocking(origin: Origin, case: dict[str, Any]) -> None:
    for base in bases(origin, case):
        with libkeepalive.Client(ca_file=origin.ca_file, max_body_size=0) as client:
            outcome: libkeepalive.Response | libkeepalive.HTTPError
            try:
                method = case["request"]["method"]
                outcome = client.request(method, base + case["path"], **arguments(case))
            except libkeepalive.HTTPError as error:
                outcome = error
            check(case, outcome, client.get(base + "/ok"))


async def on_loop(origin: Origin, case: dict[str, Any], *, plain_only: bool = False) -> None:
    for base in bases(origin, case):
        if plain_only and base == origin.https:
            continue
        async with libkeepalive.AsyncClient(ca_file=origin.ca_file, max_body_size=0) as client:
            outcome: libkeepalive.Response | libkeepalive.HTTPError
            try:
                method = case["request"]["method"]
                outcome = await client.request(method, base + case["path"], **arguments(case))
            except libkeepalive.HTTPError as error:
                outcome = error
            check(case, outcome, await client.get(base + "/ok"))


@pytest.fixture(scope="module")
def cases(origin: Origin) -> list[dict[str, Any]]:
    """Hundreds of megabytes: fetched once, and not within an ordinary time."""
    with libkeepalive.Client(timeout=120) as client:
        cases = client.get(origin.http + "/_cases").json()
    assert len(cases) >= 400, "the list of cases is not complete"
    return cases


def describe(case: dict[str, Any], failure: Exception) -> str:
    return f"{case['name']} ({case['why']}): {type(failure).__name__}: {failure}"


@pytest.mark.parametrize(
    "run",
    [blocking, lambda origin, case: asyncio.run(on_loop(origin, case))],
    ids=["blocking", "asyncio"],
)
def test_wire_cases(
    origin: Origin,
    cases: list[dict[str, Any]],
    run: Callable[[Origin, dict[str, Any]], None],
):
    failures = []
    for case in cases:
        try:
            run(origin, case)
        except Exception as failure:
            failures.append(describe(case, failure))
    assert not failures, "\n".join([f"{len(failures)} of {len(cases)} failed", *failures])


def test_wire_cases_side_by_side_on_trio(origin: Origin, cases: list[dict[str, Any]]):
    failures = []

    async def play(case: dict[str, Any], limit: trio.CapacityLimiter) -> None:
        try:
            async with limit:
                # What TLS adds is the same below every loop.
                await on_loop(origin, case, plain_only=True)
        except Exception as failure:
            failures.append(describe(case, failure))

    async def main() -> None:
        limit = trio.CapacityLimiter(16)
        async with trio.open_nursery() as nursery:
            for case in cases:
                nursery.start_soon(play, case, limit)

    trio.run(main)
    assert not failures, "\n".join([f"{len(failures)} of {len(cases)} failed", *failures])
