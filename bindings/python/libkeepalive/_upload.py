"""Feeds a streamed request body to the engine, on asyncio's or trio's event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, TypeVar

from ._bodies import AsyncBody, Body

if TYPE_CHECKING:
    from ._native import Sender

_T = TypeVar("_T")

_END: Any = object()


class Feed:
    """Pulls a body, a piece each time the engine wants one.

    Files and plain iterables are read on threads, one piece after the other, all in one copy of the
    context of the code that awaits the request; async iterables on the loop.
    """

    def __init__(
        self,
        body: Body,
        sender: Sender,
        event: Callable[[], Any],
        thread: Callable[[Callable[[], Any]], Awaitable[Any]],
    ) -> None:
        self._body = body
        self._sender = sender
        self._event = event
        self._thread = thread
        self._context = copy_context()
        self._wanted = event()
        self._passes = 0
        self._error: BaseException | None = None

    def want(self) -> None:
        """The engine wants the next piece."""
        self._wanted.set()

    def restart(self) -> None:
        """The engine wants the body from its beginning; what the pass under way has is void."""
        self._sender.restarted()
        self._passes += 1
        self._wanted.set()

    def stop(self) -> BaseException | None:
        """The request is over; what the source raised, if it did."""
        self._sender.drop()
        return self._error

    async def run(self) -> None:
        try:
            while await self._pass():
                pass
        except Exception as error:
            self._error = error
            self._sender.fail(f"{type(error).__name__}: {error}")
        except BaseException:
            # Cancelled, or the program ends.
            self._sender.drop()
            raise

    async def _pass(self) -> bool:
        """Once from the beginning; whether it is to be sent again."""
        await self._wanted.wait()
        current = self._passes
        async with aclosing(self._pieces()) as pieces:
            async for piece in pieces:
                if self._passes != current:
                    return True
                if not piece:
                    continue
                self._wanted = self._event()
                self._sender.push(piece)
                await self._wanted.wait()
                if self._passes != current:
                    return True
        if self._passes != current:
            return True
        self._wanted = self._event()
        self._sender.finish()
        if not self._body.repeatable:
            return False
        while self._passes == current:
            await self._wanted.wait()
        return True

    async def _pieces(self) -> AsyncGenerator[Any, None]:
        body = self._body
        if isinstance(body, AsyncBody):
            iterator = body.start()
            try:
                async for piece in iterator:
                    yield piece
            finally:
                if hasattr(iterator, "aclose"):
                    await iterator.aclose()
        elif body.blocking:
            pieces = await self._away(body.start)
            while (piece := await self._away(lambda: next(pieces, _END))) is not _END:
                yield piece
        else:
            for piece in body.start():
                yield piece

    def _away(self, work: Callable[[], _T]) -> Awaitable[_T]:
        return self._thread(lambda: self._context.run(work))


class Upload(Feed):
    """For asyncio: a task, in the context of the code that awaits the request."""

    def __init__(self, body: Body, sender: Sender) -> None:
        loop = asyncio.get_running_loop()
        super().__init__(
            body, sender, asyncio.Event, lambda work: loop.run_in_executor(None, work)
        )
        self._task = loop.create_task(self.run())

    def stop(self) -> BaseException | None:
        if not self._task.done():
            self._task.cancel()
        return super().stop()
