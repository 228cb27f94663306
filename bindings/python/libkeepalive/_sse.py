"""Server-sent events (WHATWG HTML 9.2), as httpx2 has them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ._errors import TransportError
from ._pieces import _Splitter, atext, text

if TYPE_CHECKING:
    from ._native import Response

#: Most bytes of one event, about: a stream that never ends one must not fill the memory.
MOST = 16 * 1024 * 1024


class SSEError(TransportError):
    """What came is no stream of events, or one of them is too large."""


@dataclass(frozen=True)
class ServerSentEvent:
    """One event: ``event`` is its kind, ``data`` its lines of data, ``id`` the last identifier that the stream has
    given, ``retry`` how many milliseconds to wait before the stream is asked for again (``None``: it does not say).

    >>> libkeepalive.ServerSentEvent(data='{"a": 1}').json()
    {'a': 1}
    """

    #: Its kind.
    event: str = "message"
    #: Its lines of data.
    data: str = ""
    #: The last identifier that the stream has given.
    id: str = ""
    #: Milliseconds to wait before the stream is asked for again; ``None`` when the event does not say.
    retry: int | None = None

    def json(self) -> Any:
        """``data`` parsed as JSON. Raises ``ValueError`` when it is none."""
        from json import loads

        return loads(self.data)


class _Parser:
    """Events out of lines."""

    def __init__(self, most: int | None) -> None:
        self._splitter = _Splitter()
        self._most = most
        self._size = 0
        self._first = True
        self._data: list[str] = []
        self._event = ""
        self._pending = False
        self._retry: int | None = None
        self.last_event_id = ""
        self.retry: int | None = None

    def add(self, piece: str) -> Iterator[ServerSentEvent]:
        if self._first and piece:
            piece = piece.removeprefix("\ufeff")
            self._first = False
        # Characters, which bound bytes well enough; what is held of a line that has no end counts too.
        self._size += len(piece)
        for line in self._splitter.add(piece):
            event = self._line(line)
            if event is not None:
                yield event
        if self._most is not None and self._size > self._most:
            raise SSEError(f"an event is larger than {self._most} bytes (max_event_size)")

    def _line(self, line: str) -> ServerSentEvent | None:
        if line:
            self._field(line)
            return None
        self._size = 0
        if not self._pending:
            return None
        event = ServerSentEvent(
            self._event or "message", "\n".join(self._data), self.last_event_id, self._retry
        )
        self._event, self._data, self._retry, self._pending = "", [], None, False
        return event

    def _field(self, line: str) -> None:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name == "event":
            self._event = value
        elif name == "id" and "\0" not in value:
            self.last_event_id = value
        elif name == "retry" and value.isascii() and value.isdigit() and len(value) < 16:
            self._retry = self.retry = int(value)
        else:
            return
        self._pending = True


class EventSource:
    """The events of ``response``: iterate over it, with ``async for`` in a task. Raises ``SSEError`` when it is no
    stream of events, or one of them is larger than ``max_event_size`` bytes (``None``: any size).

    >>> with libkeepalive.stream("GET", "http://example.com/events") as response:
    ...     [event.data for event in libkeepalive.EventSource(response)]
    ['1', '2']
    """

    def __init__(self, response: Response, max_event_size: int | None = MOST) -> None:
        self._response = response
        self._parser = _Parser(max_event_size)

    @property
    def response(self) -> Response:
        """The response that the events come by."""
        return self._response

    @property
    def last_event_id(self) -> str:
        """The last identifier that came; give it to ``sse(last_event_id=...)`` to go on behind it."""
        return self._parser.last_event_id

    @property
    def retry(self) -> int | None:
        """Milliseconds that the server wants waited before the stream is asked for again."""
        return self._parser.retry

    def _check(self) -> None:
        kind = self._response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "text/event-stream":
            status = self._response.status_code
            raise SSEError(f"expected text/event-stream, got {kind or 'no type'!r} with {status}")

    def __iter__(self) -> Iterator[ServerSentEvent]:
        """The events as they come."""
        self._check()
        for piece in text(self._response.iter_bytes(), "utf-8"):
            yield from self._parser.add(piece)

    iter_sse = __iter__

    async def __aiter__(self) -> AsyncIterator[ServerSentEvent]:
        """The same in a task."""
        self._check()
        async for piece in atext(self._response.aiter_bytes(), "utf-8"):
            for event in self._parser.add(piece):
                yield event

    aiter_sse = __aiter__


def _options(last_event_id: str | None, options: dict[str, Any]) -> dict[str, Any]:
    given = options.get("headers") or ()
    for name in ("multi_items", "items"):
        if hasattr(given, name):
            given = getattr(given, name)()
            break
    own = list(given)
    names = {(name.decode("latin-1") if isinstance(name, bytes) else name).lower() for name, _ in own}
    fields = [("Accept", "text/event-stream"), ("Cache-Control", "no-store")]
    if last_event_id:
        # UTF-8 on the wire (WHATWG HTML 9.2.4).
        fields.append(("Last-Event-ID", last_event_id.encode().decode("latin-1")))
    fields = [field for field in fields if field[0].lower() not in names]
    return {**options, "headers": [*fields, *own]}


@contextmanager
def events(
    client: Any, method: str, url: Any, last_event_id: str | None, most: int | None, options: Any
) -> Iterator[EventSource]:
    """``client.sse()``."""
    with client.stream(method, url, **_options(last_event_id, options)) as response:
        yield EventSource(response, most)


@asynccontextmanager
async def aevents(
    client: Any, method: str, url: Any, last_event_id: str | None, most: int | None, options: Any
) -> AsyncIterator[EventSource]:
    """``client.sse()`` of an ``AsyncClient``."""
    async with client.stream(method, url, **_options(last_event_id, options)) as response:
        yield EventSource(response, most)
