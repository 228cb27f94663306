"""All cases of tests/wire, through the blocking client, asyncio and trio."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
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
    body = base64.b64decode(request["body_b64"] or "")
    content: Any = None
    if request["chunked"]:
        step = len(body) // 7 + 1
        content = [body[at : at + step] for at in range(0, len(body), step)]
    elif request["body_b64"] is not None:
        content = body
    # The cases are about framing: bodies are compared as they were sent.
    headers = [("Accept-Encoding", "identity"), *map(tuple, request["headers"])]
    timeout = STALL if case["end"] == "stall" else TIMEOUT
    return {"headers": headers, "content": content, "timeout": timeout}


def check(case: dict[str, Any], outcome: libkeepalive.Response | libkeepalive.HTTPError) -> None:
    expect = case["expect"]
    if expect["error"]:
        assert isinstance(outcome, libkeepalive.HTTPError), f"no error but {outcome!r}"
        kinds = {expect["error"]}
        if case["end"] == "rst":
            # A reset may overtake what was sent before it; inside a body it is a truncation.
            kinds |= {"ConnectionReset", "BodyTruncated"}
        assert outcome.kind in kinds, repr(outcome)
        if expect["partial_b64"] is not None and case["end"] != "rst":
            assert (outcome.partial_body or b"") == base64.b64decode(expect["partial_b64"])
        return
    if isinstance(outcome, libkeepalive.HTTPError):
        raise outcome
    assert outcome.status_code == expect["status"]
    if expect["reason"] is not None:
        assert outcome.reason_phrase == expect["reason"]
    if expect["version"]:
        assert outcome.http_version == f"HTTP/{expect['version']}"
    if expect["headers"]:
        received = iter(outcome.headers.multi_items())
        for name, value in expect["headers"]:
            assert (name.lower(), value) in received, outcome.headers
    if expect["body_b64"] is not None:
        assert outcome.content == base64.b64decode(expect["body_b64"])
    if expect["trailers"] is not None:
        trailers = [(name.lower(), value) for name, value in expect["trailers"]]
        assert outcome.trailers.multi_items() == trailers


def check_reuse(case: dict[str, Any], after: libkeepalive.Response) -> None:
    assert after.content == b"ok"
    reuse = case["expect"]["reuse"]
    if reuse is not None:
        assert after.info.reused == (reuse == "ok")


def bases(origin: Origin, case: dict[str, Any]) -> list[str]:
    return {"any": [origin.http, origin.https], "only": [origin.https], "never": [origin.http]}[
        case["tls"]
    ]


def blocking(origin: Origin, case: dict[str, Any]) -> None:
    for base in bases(origin, case):
        with libkeepalive.Client(ca_file=origin.ca_file) as client:
            outcome: libkeepalive.Response | libkeepalive.HTTPError
            try:
                method = case["request"]["method"]
                outcome = client.request(method, base + case["path"], **arguments(case))
            except libkeepalive.HTTPError as error:
                outcome = error
            check(case, outcome)
            if not case["expect"]["error"]:
                check_reuse(case, client.get(base + "/ok"))


async def on_loop(origin: Origin, case: dict[str, Any], *, plain_only: bool = False) -> None:
    for base in bases(origin, case):
        if plain_only and base == origin.https:
            continue
        async with libkeepalive.AsyncClient(ca_file=origin.ca_file) as client:
            outcome: libkeepalive.Response | libkeepalive.HTTPError
            try:
                method = case["request"]["method"]
                outcome = await client.request(method, base + case["path"], **arguments(case))
            except libkeepalive.HTTPError as error:
                outcome = error
            check(case, outcome)
            if not case["expect"]["error"]:
                check_reuse(case, await client.get(base + "/ok"))


@pytest.fixture(scope="module")
def cases(origin: Origin) -> list[dict[str, Any]]:
    """Hundreds of megabytes: fetched once, and not within an ordinary time."""
    with libkeepalive.Client(timeout=120) as client:
        cases = client.get(origin.http + "/_cases").json()
    cases = cases["cases"] if isinstance(cases, dict) else cases
    assert len(cases) >= 150, "the list of cases is not complete"
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
