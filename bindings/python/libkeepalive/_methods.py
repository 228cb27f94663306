"""What clients and responses have that is written in Python; ``_aio.py`` puts it into their classes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def sse(
    self: Any,
    url: Any,
    *,
    method: str = "GET",
    last_event_id: str | None = None,
    max_event_size: int | None = 16 * 1024 * 1024,
    **options: Any,
) -> Any:
    """``with client.sse(url) as events``: server-sent events, one ``ServerSentEvent`` at a time. ``events`` has
    ``response``, and ``last_event_id`` and ``retry`` to go on later with ``sse(last_event_id=...)``.

    Other arguments as of ``stream()``; a stream may be silent for as long as the read timeout says. Raises
    ``SSEError`` when the response is none of events, or one is larger than ``max_event_size`` bytes.
    """
    from ._sse import events

    return events(self, method, url, last_event_id, max_event_size, options)


def asse(
    self: Any,
    url: Any,
    *,
    method: str = "GET",
    last_event_id: str | None = None,
    max_event_size: int | None = 16 * 1024 * 1024,
    **options: Any,
) -> Any:
    from ._sse import aevents

    return aevents(self, method, url, last_event_id, max_event_size, options)


asse.__doc__ = (sse.__doc__ or "").replace("``with", "``async with")


def iter_content(self: Any, chunk_size: int | None = None) -> Any:
    """``iter_bytes()``, by requests' name."""
    return self.iter_bytes(chunk_size)


def _links(self: Any) -> dict[str, dict[str, str]]:
    from ._links import links

    return links(self.headers)


_OF_RESPONSE: dict[str, tuple[Callable[[Any], Any], str]] = {
    "ok": (lambda self: self.status_code < 400, "Whether the status is below 400, as requests has it."),
    "reason": (lambda self: self.reason_phrase, "``reason_phrase``, by requests' name."),
    "is_informational": (lambda self: self.status_code // 100 == 1, "Whether the status is 1xx."),
    "is_client_error": (lambda self: self.status_code // 100 == 4, "Whether the status is 4xx."),
    "is_server_error": (lambda self: self.status_code // 100 == 5, "Whether the status is 5xx."),
    "links": (
        _links,
        "The links of the Link fields (RFC 8288) by their relation, or by their URL: dicts with ``url`` and "
        "the parameters, as requests and httpx have them.",
    ),
}


def _enter(self: Any) -> Any:
    return self


def _exit(self: Any, *_raised: object) -> None:
    self.close()


def install(native: Any) -> None:
    """Puts all of it into the classes of the native module."""
    for cls, name, method in (
        (native.Client, "sse", sse),
        (native.AsyncClient, "sse", asse),
        (native.Response, "iter_content", iter_content),
        (native.Response, "__enter__", _enter),
        (native.Response, "__exit__", _exit),
    ):
        method.__name__, method.__module__ = name, "libkeepalive"
        method.__qualname__ = f"{cls.__name__}.{name}"
        setattr(cls, name, method)
    for name, (get, doc) in _OF_RESPONSE.items():
        setattr(native.Response, name, property(get, doc=doc))
