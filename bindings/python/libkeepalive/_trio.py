"""What the native module needs of an event loop and its futures, for trio.

Imported in the first trio task that uses a client. Futures are named as asyncio's: the native
module treats both alike.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import outcome
import trio

from ._errors import Cancelled
from ._upload import Feed

if TYPE_CHECKING:
    from ._bodies import Body
    from ._native import Sender


class Loop:
    """One ``trio.run``. A task of the system waits for the engine's completions."""

    def __init__(self) -> None:
        self._closed = False

    def create_future(self) -> Future:
        return Future()

    def is_closed(self) -> bool:
        return self._closed

    def add_reader(self, fd: int, drain: Callable[[], object]) -> None:
        trio.lowlevel.spawn_system_task(self._watch, fd, drain, name="libkeepalive")

    async def _watch(self, fd: int, drain: Callable[[], object]) -> None:
        try:
            while True:
                await trio.lowlevel.wait_readable(fd)
                drain()
        finally:
            self._closed = True


_run: trio.lowlevel.RunVar[Loop | None] = trio.lowlevel.RunVar("libkeepalive")


def current() -> Loop | None:
    """The run that the calling task is part of; none if it is a task of asyncio."""
    if not trio.lowlevel.in_trio_task():
        return None
    # Under trio-asyncio a task of trio steps the loop whose tasks are asyncio's.
    if asyncio._get_running_loop() is not None and asyncio.current_task() is not None:
        return None
    loop = _run.get(None)
    if loop is None:
        loop = Loop()
        _run.set(loop)
    return loop


async def drive(begin: Callable[[], Future]) -> Any:
    """Waits for a call; in a cancelled scope nothing is sent."""
    await trio.lowlevel.checkpoint_if_cancelled()
    return await begin().wait()


async def beside(
    work: Callable[[], Awaitable[Any]],
    tell: Callable[[], Awaitable[None]],
    on_wake: Callable[[Callable[[], object]], object],
) -> Any:
    """Waits for ``work``, and meanwhile for ``tell``, whenever it is woken. A failure of either ends both."""
    found: outcome.Outcome[Any] | None = None
    raised: Exception | None = None
    more = trio.Event()

    def wake() -> None:
        more.set()

    async def works() -> None:
        nonlocal found
        found = await outcome.acapture(work)
        if isinstance(found, outcome.Error) and not isinstance(found.error, Exception):
            found.unwrap()
        wake()

    on_wake(wake)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(works)
        try:
            while True:
                await tell()
                if found is not None and not more.is_set():
                    break
                await more.wait()
                more = trio.Event()
        except Exception as error:
            raised = error
        nursery.cancel_scope.cancel()
    if raised is not None:
        if isinstance(found, outcome.Value):
            found.value.close()
        raise raised
    assert found is not None
    return found.unwrap()


async def thread(work: Callable[[], Any]) -> Any:
    """Runs `work` on a thread; a cancelled task does not wait for its end."""
    return await trio.to_thread.run_sync(work, abandon_on_cancel=True)


class Future:
    """What one task waits for."""

    def __init__(self) -> None:
        self._task: trio.lowlevel.Task | None = None
        self._outcome: outcome.Outcome[Any] | None = None
        self._on_cancel: Callable[[Future], object] | None = None
        self._feed: Feed | None = None
        self._poll_inline: Callable[[], object] | None = None

    def add_done_callback(self, callback: Callable[[Future], object]) -> None:
        self._on_cancel = callback

    def remove_done_callback(self, callback: Callable[[Future], object]) -> None:
        self._on_cancel = None

    def done(self) -> bool:
        return self._outcome is not None

    def set_result(self, value: Any) -> None:
        self._settle(outcome.Value(value))

    def set_exception(self, error: BaseException) -> None:
        self._settle(outcome.Error(error))

    def cancel(self) -> None:
        """By other means than a cancel scope."""
        self._settle(outcome.Error(Cancelled("the call was closed")))

    def upload(self, body: Body, sender: Sender) -> Feed:
        """Has the waiting task send `body` as the request's body."""
        self._feed = Feed(body, sender, trio.Event, thread)
        return self._feed

    def poll_inline(self, watch: Callable[[], object]) -> None:
        """Has the waiting task watch for the answer once every other task has had its turn."""
        self._poll_inline = watch

    def _settle(self, result: outcome.Outcome[Any]) -> None:
        if self._outcome is None:
            self._outcome = result
            if self._task is not None:
                trio.lowlevel.reschedule(self._task)

    def _abort(self, _: object) -> trio.lowlevel.Abort:
        self._task = None
        if self._on_cancel is not None:
            self._on_cancel(self)
        return trio.lowlevel.Abort.SUCCEEDED

    async def _settled(self) -> None:
        if self._poll_inline is not None:
            # A cancelled task is told below, where the call is cancelled with it.
            await trio.lowlevel.cancel_shielded_checkpoint()
            self._poll_inline()
        if self._outcome is None:
            self._task = trio.lowlevel.current_task()
            try:
                await trio.lowlevel.wait_task_rescheduled(self._abort)
            finally:
                self._task = None

    async def wait(self) -> Any:
        if self._feed is None:
            await self._settled()
        else:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._feed.run)
                await self._settled()
                nursery.cancel_scope.cancel()
        assert self._outcome is not None
        return self._outcome.unwrap()
