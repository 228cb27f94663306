"""The ``trace`` extension: the events of httpcore, by its names and in its order.

What the engine does is told when the call is over, since it happens without Python: the order is
httpcore's, the moments of those up to the response head are not."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

from ..._trace import Event, atell, body_ended, body_started, closed, step, tell

__all__ = [
    "answered",
    "atell",
    "body_ended",
    "body_started",
    "closed",
    "failed",
    "request_below",
    "tell",
]

#: Where a failure belongs, by the phase that the engine names.
_STEPS = {
    "resolve": "connection.connect_tcp",
    "connect": "connection.connect_tcp",
    "tls": "connection.start_tls",
    "send": "http11.send_request_body",
    "head": "http11.receive_response_headers",
}


def _connecting(request: Any, network: Any, tls: bool) -> Iterator[Event]:
    host = request.url.host
    timeout = request.extensions.get("timeout", {}).get("connect")
    given = {"host": host, "port": _port(request), "local_address": None, "timeout": timeout}
    yield from step("connection.connect_tcp", given, network)
    if tls:
        name = request.extensions.get("sni_hostname") or host
        given = {"ssl_context": None, "server_hostname": name, "timeout": timeout}
        yield from step("connection.start_tls", given, network)


def _port(request: Any) -> int:
    port: int | None = request.url.port
    return port or (443 if request.url.scheme in ("https", "wss") else 80)


def request_below(request: Any, below: str) -> Any:
    """The request as of httpcore, which its events carry: bytes throughout."""
    module = import_module(below)
    url = request.url
    return module.Request(
        method=request.method,
        url=module.URL(
            scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
        ),
        headers=request.headers.raw,
        content=request.stream,
        extensions=request.extensions,
    )


def answered(
    request: Any, response: Any, network: Any, headers: Any, below: Any
) -> Iterator[Event]:
    """Up to the response head; ``below`` is the request as of httpcore."""
    info = response.info
    if not info.reused:
        yield from _connecting(request, network, info.tls is not None)
    given = {"request": below}
    for name in ("send_request_headers", "send_request_body"):
        yield from step(f"http11.{name}", given)
    version, reason = response.http_version.encode(), response.reason_phrase.encode("latin-1")
    head = (version, response.status_code, reason, headers)
    yield from step("http11.receive_response_headers", given, head)


def failed(request: Any, phase: str, error: BaseException, below: Any) -> Iterator[Event]:
    """Up to the step that failed; none if that was before anything was done with the network."""
    name = _STEPS.get(phase)
    if name is None:
        return
    given = {"request": below}
    if phase in ("resolve", "connect", "tls"):
        given = {"host": request.url.host, "port": _port(request)}
    if phase == "tls":
        yield from step("connection.connect_tcp", given)
    if phase in ("send", "head"):
        yield from step("http11.send_request_headers", given)
    if phase == "head":
        yield from step("http11.send_request_body", given)
    yield f"{name}.started", given
    yield f"{name}.failed", {"exception": error}
    if phase in ("send", "head"):
        yield from closed()
