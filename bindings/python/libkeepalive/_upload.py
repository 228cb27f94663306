"""Feeds a streamed request body from an iterable, on asyncio's or trio's event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._native import Sender

_PIECE = 64 * 1024


class Feed:
    """Pulls the source, a piece each time the engine wants one."""

    def __init__(self, source: Any, sender: Sender, event: Callable[[], Any]) -> None:
        self._source = source
        self._sender = sender
        self._event = event
        self._wanted = event()
        self._error: BaseException | None = None

    def want(self) -> None:
        """The engine wants the next piece."""
        self._wanted.set()

    def stop(self) -> BaseException | None:
        """The request is over; what the source raised, if it did."""
        self._sender.drop()
        return self._error

    async def run(self) -> None:
        pieces = _pieces(self._source)
        try:
            await self._wanted.wait()
            async for piece in pieces:
                if not piece:
                    continue
                self._wanted = self._event()
                self._sender.push(piece)
                await self._wanted.wait()
            self._sender.finish()
        except Exception as error:
            self._error = error
            self._sender.fail(f"{type(error).__name__}: {error}")
        except BaseException:
            # Cancelled, or the program ends.
            self._sender.drop()
            raise
        finally:
            await pieces.aclose()  # type: ignore[attr-defined]


class Upload(Feed):
    """For asyncio: a task, in the context of the code that awaits the request."""

    def __init__(self, source: Any, sender: Sender) -> None:
        super().__init__(source, sender, asyncio.Event)
        self._task = asyncio.get_running_loop().create_task(self.run())

    def stop(self) -> BaseException | None:
        if not self._task.done():
            self._task.cancel()
        return super().stop()


async def _pieces(source: Any) -> AsyncIterator[Any]:
    """The source's pieces; files and plain iterables are read on the loop's thread."""
    if hasattr(source, "__aiter__"):
        iterator = source.__aiter__()
        try:
            async for piece in iterator:
                yield piece
        finally:
            if hasattr(iterator, "aclose"):
                await iterator.aclose()
    elif hasattr(source, "read"):
        while piece := source.read(_PIECE):
            yield piece
    else:
        for piece in source:
            yield piece
