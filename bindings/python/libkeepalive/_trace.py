"""``extensions={"trace": f}``: what happens to a request, by httpcore's names and in its order.

``Trace`` is for threads and ``AsyncTrace`` for tasks: made of what the engine tells while a request is sent, and of
how the body of a streamed response is read and closed.
"""

from __future__ import annotations

import inspect
import sys
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Any

from ._errors import Cancelled, RequestInfo, TransportError

if TYPE_CHECKING:
    from ._native import Response

Event = tuple[str, dict[str, Any]]

_CONNECT = "connection.connect_tcp"
_CONNECT_UNIX = "connection.connect_unix_socket"
_TLS = "connection.start_tls"
_RETRY = "connection.retry"
_HEADERS = "http11.send_request_headers"
_BODY = "http11.send_request_body"
_ANSWER = "http11.receive_response_headers"


def step(name: str, given: dict[str, Any], returned: Any = None) -> Iterator[Event]:
    """One that succeeds at once."""
    yield f"{name}.started", given
    yield f"{name}.complete", {"return_value": returned}


def closed() -> Iterator[Event]:
    """The response is done with."""
    yield from step("http11.response_closed", {})


def body_started(request: Any) -> Event:
    """Before the first piece is waited for."""
    return "http11.receive_response_body.started", {"request": request}


def body_ended(error: BaseException | None) -> Event:
    """After the last one."""
    if error is None:
        return "http11.receive_response_body.complete", {"return_value": None}
    return "http11.receive_response_body.failed", {"exception": error}


def tell(told: Any, events: Iterator[Event]) -> None:
    """Calls the caller's function."""
    for name, info in events:
        if inspect.iscoroutine(answer := told(name, info)):
            answer.close()
            raise TypeError(_NO_COROUTINE)


async def atell(told: Any, events: Iterator[Event]) -> None:
    """Awaits the caller's function."""
    for name, info in events:
        answer = told(name, info)
        if not inspect.isawaitable(answer):
            raise TypeError(
                "If you're using an asynchronous interface, the callback of the `trace` extension should "
                "be an asynchronous function rather than a normal function."
            )
        await answer


_NO_COROUTINE = (
    "If you are using a synchronous interface, the callback of the `trace` extension should be a normal "
    "function instead of an asynchronous function."
)


class _Steps:
    """Httpcore's events, of what the engine tells of one call. ``streams``: the body is read by the caller."""

    def __init__(self, method: str, url: str, streams: bool) -> None:
        self.request = RequestInfo(method, url)
        self._streams = streams
        #: The step that has begun.
        self._open: str | None = None
        #: Whether there is a response whose end has not been told.
        self._answered = False
        self._body_begun = False

    def of(self, name: str, fact: Any) -> Iterator[Event]:
        act: Callable[[Any], Iterator[Event]] = getattr(self, f"_{name}")
        return act(fact)

    def _begin(self, name: str, given: dict[str, Any]) -> Iterator[Event]:
        self._open = name
        yield f"{name}.started", given

    def _complete(self, returned: Any = None) -> Iterator[Event]:
        name, self._open = self._open, None
        yield f"{name}.complete", {"return_value": returned}

    def _fail(self, error: BaseException) -> Iterator[Event]:
        name, self._open = self._open, None
        if name is not None:
            yield f"{name}.failed", {"exception": error}
            if name.startswith("http11."):
                yield from closed()

    def _end_of_answer(self) -> Iterator[Event]:
        """Of one that the caller does not get, or that is here to its end."""
        if self._answered:
            self._answered = False
            if not self._body_begun:
                yield body_started(self.request)
            yield body_ended(None)
            yield from closed()

    def _anew(self) -> Iterator[Event]:
        """Another exchange begins."""
        yield from self._end_of_answer()
        if self._open == _RETRY:
            yield from self._complete()

    def _connects(self) -> bool:
        return self._open is not None and self._open.startswith("connection.connect")

    def _resolving(self, host: str) -> Iterator[Event]:
        yield from self._anew()
        if self._open is None:
            yield from self._begin(_CONNECT, {"host": host, "port": self._port(host)})

    def _connecting(self, address: str) -> Iterator[Event]:
        yield from self._anew()
        if self._open is not None:
            return
        if address.startswith(("/", "@")):
            yield from self._begin(_CONNECT_UNIX, {"path": address})
        else:
            host, _, port = address.rpartition(":")
            yield from self._begin(_CONNECT, {"host": host.strip("[]"), "port": int(port)})

    def _port(self, host: str) -> int | None:
        """As far as the URL says it: a proxy, and where a redirect leads, have ports of their own."""
        from urllib.parse import urlsplit

        url = urlsplit(self.request.url)
        if url.hostname != host:
            return None
        return url.port or (443 if url.scheme == "https" else 80)

    def _connected(self, address: str) -> Iterator[Event]:
        if self._connects():
            yield from self._complete(address)

    def _securing(self, host: str) -> Iterator[Event]:
        if self._open is None:
            yield from self._begin(_TLS, {"server_hostname": host})

    def _secured(self, _: object) -> Iterator[Event]:
        if self._open == _TLS:
            yield from self._complete()

    def _dial_failed(self, error: BaseException) -> Iterator[Event]:
        if self._connects() or self._open == _TLS:
            yield from self._fail(error)

    def _picked(self, _: object) -> Iterator[Event]:
        yield from self._anew()
        yield from self._fail(Cancelled("another connection came first"))
        yield from self._begin(_HEADERS, {"request": self.request})

    def _head_sent(self, _: object) -> Iterator[Event]:
        if self._open == _HEADERS:
            yield from self._complete()
            yield from self._begin(_BODY, {"request": self.request})

    def _sent(self, _: object) -> Iterator[Event]:
        yield from self._head_sent(None)
        if self._open == _BODY:
            yield from self._complete()
            yield from self._begin(_ANSWER, {"request": self.request})

    def _head(self, head: tuple[bytes, int, bytes, list[tuple[bytes, bytes]]]) -> Iterator[Event]:
        # It may come before the request is sent.
        yield from self._sent(None)
        if self._open == _ANSWER:
            yield from self._complete(head)
            self._answered, self._body_begun = True, not self._streams
            if self._body_begun:
                yield body_started(self.request)

    def _end(self, _: object) -> Iterator[Event]:
        if not self._streams:
            yield from self._end_of_answer()

    def _redirect(self, _: object) -> Iterator[Event]:
        yield from self._end_of_answer()

    def _replay(self, reason: str) -> Iterator[Event]:
        yield from self._fail(TransportError(f"{reason}: the request is sent again"))
        yield from self._end_of_answer()
        yield from step(_RETRY, {"delay": 0.0})

    def _retry(self, seconds: float) -> Iterator[Event]:
        yield from self._fail(TransportError("the request is tried again"))
        yield from self._end_of_answer()
        yield from self._begin(_RETRY, {"delay": seconds})

    def _failed(self, error: BaseException) -> Iterator[Event]:
        # What a stream's reader meets is told where it is read.
        if self._answered and not self._streams:
            self._answered = False
            yield body_ended(error)
            yield from closed()
        yield from self._fail(error)


class _Reading:
    """How far the caller is with the body of a streamed response."""

    _over = False
    _begun = False

    def _ends(self, request: Any, error: BaseException | None) -> Iterator[Event]:
        """Once."""
        if not self._over:
            self._over = True
            if self._begun:
                yield body_ended(error)
            yield from closed()


class Trace(_Reading):
    """For a call on a thread, which it is told on."""

    def __init__(self, told: Callable[..., Any], method: str, url: str, streams: bool) -> None:
        if inspect.iscoroutinefunction(told):
            raise TypeError(_NO_COROUTINE)
        self._told = told
        self._steps = _Steps(method, url, streams)

    def observe(self, name: str, fact: Any) -> None:
        """The engine says."""
        tell(self._told, self._steps.of(name, fact))

    def pieces(self, response: Response, pieces: Any) -> Any:
        """The body of a streamed response, and what is to be told of it."""
        # A task may read what a thread has asked for.
        return pieces if hasattr(pieces, "__anext__") else self._pieces(response, pieces)

    def _pieces(self, response: Response, pieces: Iterator[bytes]) -> Iterator[bytes]:
        self._begun = True
        tell(self._told, iter([body_started(self._steps.request)]))
        failure: BaseException | None = None
        try:
            yield from pieces
        except BaseException as error:
            failure = error
            raise
        finally:
            tell(self._told, self._ends(self._steps.request, failure))
            response.close()

    def whole(self, response: Response, pieces: Iterator[bytes]) -> bytes:
        """All of it."""
        return b"".join(self._pieces(response, pieces))

    async def awhole(self, response: Any, pieces: AsyncIterator[bytes]) -> bytes:
        """All of it, for a task."""
        return await _joined(response, pieces)

    def close(self) -> None:
        """The response was closed."""
        tell(self._told, self._ends(self._steps.request, GeneratorExit()))


class AsyncTrace(_Reading):
    """For a call of a task, which awaits the function."""

    def __init__(self, told: Callable[..., Any], method: str, url: str, streams: bool) -> None:
        self._told = told
        self._steps = _Steps(method, url, streams)
        self._streams = streams
        self._waiting: deque[Event] = deque()
        self._wake: Callable[[], object] = lambda: None

    def observe(self, name: str, fact: Any) -> None:
        """The engine says, on the thread of the loop."""
        self._waiting.extend(self._steps.of(name, fact))
        self._wake()

    async def _tell(self) -> None:
        while self._waiting:
            await atell(self._told, iter([self._waiting.popleft()]))

    async def run(self, pending: Any, wait: Callable[[Any], Awaitable[Any]]) -> Any:
        """Awaits the call; the function is awaited meanwhile."""
        pending.observed_by(self.observe)
        response = await self._run(lambda: wait(pending))
        if self._streams:
            response._trace = self
        return response

    async def _run(self, work: Callable[[], Awaitable[Any]]) -> Any:
        if "trio" in sys.modules:
            from . import _trio

            if _trio.current() is not None:
                return await _trio.beside(work, self._tell, self._on_wake)
        from asyncio import Event as Flag
        from asyncio import ensure_future, wait

        async def works() -> Any:
            return await work()

        task, more = ensure_future(works()), Flag()
        self._on_wake(more.set)
        task.add_done_callback(lambda _: more.set())
        try:
            while True:
                await self._tell()
                if task.done() and not self._waiting:
                    return task.result()
                await more.wait()
                more.clear()
        except BaseException:
            if not task.done():
                task.cancel()
                await wait([task])
            if not task.cancelled() and task.exception() is None:
                task.result().close()
            raise

    def _on_wake(self, wake: Callable[[], object]) -> None:
        self._wake = wake

    def pieces(self, response: Response, pieces: Any) -> Any:
        """The body of a streamed response, and what is to be told of it."""
        # A thread may read what a task has asked for.
        return _Pieces(self, pieces) if hasattr(pieces, "__anext__") else pieces

    def whole(self, response: Response, pieces: Iterator[bytes]) -> bytes:
        """All of it, for a thread."""
        return b"".join(pieces)

    async def awhole(self, response: Any, pieces: AsyncIterator[bytes]) -> bytes:
        """All of it."""
        return await _joined(response, _Pieces(self, pieces))

    async def begun(self) -> None:
        """The first piece is asked for."""
        if not self._begun:
            self._begun = True
            await atell(self._told, iter([body_started(self._steps.request)]))

    async def ended(self, error: BaseException | None = None) -> None:
        """The body is over, or the response was closed."""
        await atell(self._told, self._ends(self._steps.request, error))

    def close(self) -> None:
        """Nobody awaits here."""


async def _joined(response: Any, pieces: AsyncIterator[bytes]) -> bytes:
    body: bytes = response._set_content(b"".join([piece async for piece in pieces]))
    return body


class _Pieces:
    """Of a body. No generator: those that are not read to their end, event loops complain of."""

    def __init__(self, trace: AsyncTrace, pieces: AsyncIterator[bytes]) -> None:
        self._trace = trace
        self._next = pieces.__anext__

    def __aiter__(self) -> _Pieces:
        return self

    async def __anext__(self) -> bytes:
        await self._trace.begun()
        try:
            return await self._next()
        except StopAsyncIteration:
            await self._trace.ended()
            raise
        except BaseException as error:
            await self._trace.ended(error)
            raise
