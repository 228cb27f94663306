"""Bodies: of responses, for the host to read, and of requests on event loops."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any, ClassVar

from ..._native import _body_at_once
from . import trace
from .errors import Failure


def length(response: Any, request: Any) -> int | None:
    """How many bytes the body has, if that is known before its end."""
    if request.method == "HEAD":
        return None
    headers = response.headers
    length: str = headers.get("content-length", "")
    if not length.isdecimal() or "transfer-encoding" in headers:
        return None
    return int(length)


class _Body:
    """What both ways of reading have."""

    _host: ClassVar[Any]

    def __init__(self, response: Any, request: Any, network: Any, told: Any, below: Any) -> None:
        self._response = response
        self._request = request
        self._network = network
        self._told = told
        self._below = below


class Body(_Body):
    """The body of a response as it comes."""

    def __iter__(self) -> Iterator[bytes]:
        if self._network._switched:
            return
        whole = _body_at_once(self._response)
        if whole is not None:
            if whole:
                yield whole
            return
        try:
            yield from self._response.iter_raw()
        except Failure as error:
            raise self._host.errors.of(error, self._request) from error

    def close(self) -> None:
        """Ends it early: a short rest is read, else the connection is closed."""
        if self._network._switched:
            self._network.close()
        else:
            self._response.close()


class TracedBody:
    """With the events of its end."""

    _told: Any
    _below: Any
    _over = False

    def __iter__(self) -> Iterator[bytes]:
        trace.tell(self._told, iter([trace.body_started(self._below)]))
        failure: BaseException | None = None
        try:
            yield from super().__iter__()  # type: ignore[misc]
        except BaseException as error:
            failure = error
            raise
        finally:
            trace.tell(self._told, iter([trace.body_ended(failure)]))
            self.close()

    def close(self) -> None:
        """Tells of it, once."""
        if not self._over:
            self._over = True
            super().close()  # type: ignore[misc]
            trace.tell(self._told, trace.closed())


class AsyncBody(_Body):
    """The same for asyncio and trio."""

    def __init__(self, response: Any, request: Any, network: Any, told: Any, below: Any) -> None:
        super().__init__(response, request, network, told, below)
        self._next: Any = None
        #: A body that came with its head.
        self._whole: bytes | None = None
        self._left: int | None = None

    # No generator: those that are not read to their end, event loops complain of.
    def __aiter__(self) -> AsyncIterator[bytes]:
        # httpx2 asks twice.
        if self._next is None and self._whole is None and not self._network._switched:
            self._whole = _body_at_once(self._response)
            if self._whole is None:
                self._next = self._response.aiter_raw().__anext__
                self._left = length(self._response, self._request)
            else:
                self._left = 0
        return self

    async def __anext__(self) -> bytes:
        if self._whole:
            whole, self._whole = self._whole, b""
            return whole
        # Where the length is known, the end need not be asked for: that would be a turn of the loop.
        if self._left == 0 or self._network._switched:
            raise StopAsyncIteration
        try:
            piece: bytes = await self._next()
        except Failure as error:
            raise self._host.errors.of(error, self._request) from error
        if self._left is not None:
            self._left -= len(piece)
        return piece

    async def aclose(self) -> None:
        """Ends it early: a short rest is read, else the connection is closed."""
        if self._network._switched:
            await self._network.aclose()
        else:
            self._response.close()


class TracedAsyncBody:
    """With the events of its end."""

    _told: Any
    _below: Any
    _begun = False
    _over = False

    async def __anext__(self) -> bytes:
        if not self._begun:
            self._begun = True
            await trace.atell(self._told, iter([trace.body_started(self._below)]))
        try:
            piece: bytes = await super().__anext__()  # type: ignore[misc]
        except StopAsyncIteration:
            await self._ended(None)
            raise
        except BaseException as error:
            await self._ended(error)
            raise
        return piece

    async def _ended(self, error: BaseException | None) -> None:
        await trace.atell(self._told, iter([trace.body_ended(error)]))
        await self.aclose()

    async def aclose(self) -> None:
        """Tells of it, once."""
        if not self._over:
            self._over = True
            await super().aclose()  # type: ignore[misc]
            await trace.atell(self._told, trace.closed())


class OnlyAsync:
    """A body that is sent once, and read on the event loop although it could be read on a thread."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._begun: Any = None

    def __aiter__(self) -> Any:
        return self

    async def __anext__(self) -> Any:
        if self._begun is None:
            self._begun = self._stream.__aiter__()
        return await self._begun.__anext__()

    async def aclose(self) -> None:
        """Ends a generator that was not read to its end."""
        if hasattr(self._begun, "aclose"):
            await self._begun.aclose()
