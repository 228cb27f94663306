"""The clients that the adapters of asyncio's and AWS's hosts send by: one for the process, and one more for each
trust that cannot be said by a request."""

from __future__ import annotations

import os
import ssl
import threading
import weakref
from collections.abc import Callable, MutableMapping
from typing import Any

from .._native import AsyncClient, Client
from . import pools

#: What these hosts have beside: no limits of their own of connections, and heads as large as they come.
OPTIONS: dict[str, Any] = {
    **pools.OPTIONS,
    "max_head_size": 4 << 20,
    "max_fields": 1 << 14,
    "max_per_host": pools.UNLIMITED,
    "max_total": pools.UNLIMITED,
}

#: Of how many trusts of files the clients are kept.
_MOST = 32

_lock = threading.Lock()
#: By whether they verify.
_usual: dict[bool, pools.Pool] = {}
_by_files: dict[tuple[Any, Any], pools.Pool] = {}
_by_context: weakref.WeakKeyDictionary[ssl.SSLContext, pools.Pool] = weakref.WeakKeyDictionary()


def _renew() -> None:
    # Another thread may have held it.
    global _lock
    _lock = threading.Lock()


os.register_at_fork(after_in_child=_renew)


def usual() -> Client:
    """The process's client: it trusts whom the system trusts."""
    return _once(_usual, True, _made).client


def usual_aio() -> AsyncClient:
    """The same, for event loops."""
    return _once(_usual, True, _made).aio


def unverified() -> Client:
    """One that verifies nobody, which the host was asked for: it warns, or not, by itself."""
    return _once(_usual, False, _made).client


def of_context(context: ssl.SSLContext) -> Client:
    """One with the trust of ``context``, as that is when it is first seen."""
    return _once(_by_context, context, _made).client


def of_files(verify: bool | str, cert: tuple[str, str | None] | None) -> Client:
    """One with the trust of a file or directory, or without any (``False``), and a certificate of its own."""

    def make(key: Any) -> pools.Pool:
        while len(_by_files) >= _MOST:
            # Whoever still uses it keeps it alive.
            _by_files.pop(next(iter(_by_files)))
        return _made(*key)

    return _once(_by_files, (verify, cert), make).client


def _once(
    store: MutableMapping[Any, pools.Pool], key: Any, make: Callable[[Any], pools.Pool]
) -> pools.Pool:
    found = store.get(key)
    if found is None:
        with _lock:
            found = store.get(key)
            if found is None:
                found = store[key] = make(key)
    return found


def _made(verify: Any, cert: Any = None) -> pools.Pool:
    # As contexts of the standard library's do.
    keylog = os.environ.get("SSLKEYLOGFILE") or None
    return pools.Pool({**OPTIONS, "keylog_file": keylog, "verify": verify, "cert": cert})
