"""Blocking calls in a process that gevent has patched: they run on a thread of the hub's pool, so that
the hub goes on with its other greenlets. Imported only where ``gevent.monkey`` has been."""

from __future__ import annotations

from contextvars import copy_context
from typing import TYPE_CHECKING, Any

# No types of its own.
from gevent import monkey  # type: ignore[import-untyped,import-not-found,unused-ignore]
from gevent._hub_local import (  # type: ignore[import-untyped,import-not-found,unused-ignore]
    get_hub_if_exists,
)

if TYPE_CHECKING:
    from ._native import Task


def pool() -> Any:
    """The calling thread's pool; ``None`` if nothing is patched, or the thread has no greenlets."""
    if not (monkey.is_module_patched("socket") or monkey.is_module_patched("threading")):
        return None
    hub = get_hub_if_exists()
    return None if hub is None else hub.threadpool


def run(threads: Any, task: Task) -> None:
    """Waits for ``task`` in the hub, in the context of the greenlet. What it comes to is kept in it: an
    exception would be printed by the pool."""
    context = copy_context()
    try:
        threads.spawn(context.run, task).get()
    except BaseException:
        # A gevent.Timeout, a kill, Ctrl-C. The request ends within 0.1 s.
        task.abandon()
        raise
