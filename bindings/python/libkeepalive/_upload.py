"""Feeds a streamed request body from an iterable, on the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._native import Sender

_PIECE = 64 * 1024


class Upload:
    """One task that pulls the source, a piece each time the engine wants one."""

    def __init__(self, source: Any, sender: Sender) -> None:
        self._sender = sender
        self._wanted = asyncio.Event()
        self._error: BaseException | None = None
        # The task runs in the context of the code that awaits the request.
        self._task = asyncio.get_running_loop().create_task(self._run(source))

    def want(self) -> None:
        """The engine wants the next piece."""
        self._wanted.set()

    def stop(self) -> BaseException | None:
        """The request is over; what the source raised, if it did."""
        if not self._task.done():
            self._task.cancel()
        self._sender.drop()
        return self._error

    async def _run(self, source: Any) -> None:
        pieces = _pieces(source)
        try:
            await self._wanted.wait()
            async for piece in pieces:
                if not piece:
                    continue
                self._wanted.clear()
                self._sender.push(piece)
                await self._wanted.wait()
            self._sender.finish()
        except asyncio.CancelledError:
            self._sender.drop()
            raise
        except Exception as error:
            self._error = error
            self._sender.fail(f"{type(error).__name__}: {error}")
        finally:
            await pieces.aclose()  # type: ignore[attr-defined]


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
