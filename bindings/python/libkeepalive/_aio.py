"""The coroutine methods of the native classes.

They are written in Python so that they are coroutines in everybody's eyes: a forgotten ``await``
warns, ``inspect.iscoroutinefunction`` and ``AsyncMock(spec=...)`` see them, and type checkers too. The
native module puts them into its classes when it is loaded.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextvars import copy_context
from types import FunctionType
from typing import TYPE_CHECKING, Any

from ._bodies import is_quick, prepare

if TYPE_CHECKING:
    from . import _native
    from ._bodies import Body

    _Response = _native.Response


async def _away(work: Callable[[], Any]) -> Any:
    """Runs ``work`` on a thread, in the context of the caller."""
    context = copy_context()
    if "trio" in sys.modules:
        from . import _trio

        if _trio.current() is not None:
            return await _trio.thread(lambda: context.run(work))
    from asyncio import get_running_loop

    return await get_running_loop().run_in_executor(None, context.run, work)


async def _prepared(source: Any) -> Body:
    if is_quick(source):
        return prepare(source, True)
    body: Body = await _away(lambda: prepare(source, True))
    return body


async def _run(pending: Any) -> Any:
    by_flow = pending.by_flow()
    if by_flow is not None:
        from ._auth import arun

        prepared, auth = by_flow
        return await arun(prepared, auth, _sent, _away)
    if pending.source is not None:
        pending.source = await _prepared(pending.source)
    return await _sent(pending)


async def _sent(pending: Any) -> Any:
    traced = pending.traced()
    if traced is None:
        return await _done(pending)
    from ._trace import AsyncTrace

    return await AsyncTrace(*traced).run(pending, _done)


async def _done(pending: Any) -> Any:
    try:
        return await pending
    except BaseException:
        # Cancelled, or closed by other means; harmless when it has failed.
        pending.close()
        raise


def _named(verb: Any, method: str) -> Any:
    verb.__name__ = method.lower()
    verb.__qualname__ = f"AsyncClient.{verb.__name__}"
    article = "an" if method[0] in "AEIOU" else "a"
    verb.__doc__ = (
        f"Sends {article} {method} request to ``url``{_PLACED.get(method, '')}.\n\n"
        "Other arguments, and errors, are those of ``request``."
    )
    return verb


_BODY = "; ``data`` (form fields or bytes) is its body"
_PLACED = {
    "GET": "; ``params`` are added to its query",
    "POST": "; ``data`` (form fields or bytes) or ``json`` is its body",
    "PUT": _BODY,
    "PATCH": _BODY,
}


def _verb(method: str) -> Any:
    """As ``_run``, without its frames: these are called most."""

    async def verb(self: Any, url: str, **options: Any) -> Any:
        pending = self._begin(method, url, options)
        if pending.is_special:
            return await _run(pending)
        try:
            return await pending
        except BaseException:
            pending.close()
            raise

    return _named(verb, method)


def _get() -> Any:
    async def verb(self: Any, url: str, params: Any = None, **options: Any) -> Any:
        if params is not None:
            options["params"] = params
        pending = self._begin("GET", url, options)
        if pending.is_special:
            return await _run(pending)
        try:
            return await pending
        except BaseException:
            pending.close()
            raise

    return _named(verb, "GET")


def _post() -> Any:
    async def verb(
        self: Any, url: str, data: Any = None, json: Any = None, **options: Any
    ) -> Any:
        if data is not None:
            options["data"] = data
        if json is not None:
            options["json"] = json
        pending = self._begin("POST", url, options)
        if pending.is_special:
            return await _run(pending)
        try:
            return await pending
        except BaseException:
            pending.close()
            raise

    return _named(verb, "POST")


def _with_data(method: str) -> Any:
    async def verb(self: Any, url: str, data: Any = None, **options: Any) -> Any:
        if data is not None:
            options["data"] = data
        pending = self._begin(method, url, options)
        if pending.is_special:
            return await _run(pending)
        try:
            return await pending
        except BaseException:
            pending.close()
            raise

    return _named(verb, method)


class AsyncClient:
    """Methods of the native class of that name."""

    get = _get()
    head = _verb("HEAD")
    options = _verb("OPTIONS")
    post = _post()
    put = _with_data("PUT")
    patch = _with_data("PATCH")
    delete = _verb("DELETE")

    async def request(self: Any, method: str, url: str, **options: Any) -> _Response:
        """Sends a request by ``method`` to ``url``; returns the response with its whole body.

        Other arguments, and errors, are those of ``Client.request``; ``content`` may also be an async
        iterable of bytes. Files and plain iterables are read on a thread, in a copy of the caller's
        context (``contextvars``), async iterables on the event loop.

        ::

            async with libkeepalive.AsyncClient() as client:
                response = await client.request("POST", "http://example.com/users", json={"name": "A"})
        """
        response: _Response = await _run(self._begin(method, url, options))
        return response

    async def download(self: Any, url: str, path: Any, **options: Any) -> _Response:
        """Sends a request to ``url`` and writes the body of the response to ``path``; on helper threads of the
        engine's, where an object's ``write()`` is called too. Other arguments, and errors, are those of
        ``Client.download``; ``progress`` is called on the event loop.
        """
        response: _Response = await _run(self._download(url, path, options))
        return response

    async def warm(self: Any, url: str, count: int = 1) -> int:
        """Opens connections to the origin of ``url`` until ``count`` are idle, within the client's
        limits; returns how many were opened. Raises the error of the first that failed.
        """
        opened: int = await _done(self._warm(url, count))
        return opened

    async def aclose(self: Any) -> None:
        """Closes idle connections and refuses new requests; requests under way finish. The
        process-wide client stays usable.
        """
        self._close()
        special = self._get("_special")
        if special is not None:
            await special.aclose()

    async def __aenter__(self: Any) -> Any:
        return self

    async def __aexit__(self: Any, *_raised: object) -> None:
        await self.aclose()


class AsyncStream:
    """Methods of the native class of that name."""

    async def __aenter__(self: Any) -> _Response:
        response: _Response = await _run(self._begin())
        return response

    async def __aexit__(self: Any, *_raised: object) -> None:
        trace = self._close()
        if trace is not None:
            await trace.ended(GeneratorExit())


class Response:
    """Methods of the native class of that name."""

    async def aread(self: Any) -> bytes:
        """``read()`` for asyncio and trio."""
        body: bytes = await _done(self._aread())
        return body

    async def aclose(self: Any) -> None:
        """``close()`` for asyncio and trio."""
        self.close()
        if self._trace is not None:
            await self._trace.ended(GeneratorExit())

    async def __aenter__(self: Any) -> Any:
        return self

    async def __aexit__(self: Any, *_raised: object) -> None:
        await self.aclose()


class AsyncUpgradedStream:
    """Methods of the native class of that name."""

    async def receive_some(self: Any, max_bytes: int | None = None) -> bytes:
        """Waits for bytes and returns at most ``max_bytes`` of them (default 64 KiB); ``b""`` is the end of
        what the peer sends. Raises ``ReadError`` for a reset and for TLS that ended without close_notify.
        """
        most = 65536 if max_bytes is None else max_bytes
        while True:
            await _done(self._ready(most))
            data: bytes | None = self._take(most)
            if data is not None:
                return data

    async def send_all(self: Any, data: bytes) -> None:
        """Writes all of ``data``."""
        await _done(self._write(data))

    async def wait_send_all_might_not_block(self: Any) -> None:
        """Returns at once, as trio allows where that is not known."""
        await _done(self._write(b""))

    async def send_eof(self: Any) -> None:
        """Ends the sending half, with TLS by close_notify; what the peer sends can still be read."""
        await _done(self._end())

    async def read(self: Any, max_bytes: int = 65536) -> bytes:
        """``receive_some(max_bytes)``, named as of ``asyncio.StreamReader``."""
        data: bytes = await self.receive_some(max_bytes)
        return data

    async def write(self: Any, data: bytes) -> None:
        """``send_all(data)``: waits until it is written, as ``asyncio.StreamWriter``'s ``drain()`` does."""
        await _done(self._write(data))

    async def aclose(self: Any) -> None:
        """``close()`` for asyncio and trio."""
        self.close()

    async def __aenter__(self: Any) -> Any:
        return self

    async def __aexit__(self: Any, *_raised: object) -> None:
        self.close()

    def __aiter__(self: Any) -> Any:
        return self

    async def __anext__(self: Any) -> bytes:
        data: bytes = await self.receive_some()
        if not data:
            raise StopAsyncIteration
        return data


def install(native: Any) -> None:
    """Puts the methods into the classes of the native module."""
    for source in (AsyncClient, AsyncStream, AsyncUpgradedStream, Response):
        target = getattr(native, source.__name__)
        for name, method in vars(source).items():
            if isinstance(method, FunctionType):
                method.__module__ = "libkeepalive"
                setattr(target, name, method)
    from . import _methods

    _methods.install(native)
