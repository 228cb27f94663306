"""The clients that the adapters of asyncio's and AWS's hosts send by: one for the process, and one more for each
trust that cannot be said by a request."""

from __future__ import annotations

import os
import ssl
import threading
import warnings
import weakref
from typing import Any

from .._errors import InsecureWarning
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
_usual: Client | None = None
_usual_aio: AsyncClient | None = None
_unverified: Client | None = None
_by_files: dict[tuple[Any, Any], Client] = {}
_by_context: weakref.WeakKeyDictionary[ssl.SSLContext, Client] = weakref.WeakKeyDictionary()


def _renew() -> None:
    # Another thread may have held it.
    global _lock
    _lock = threading.Lock()


os.register_at_fork(after_in_child=_renew)


def usual() -> Client:
    """The process's client: it trusts whom the system trusts."""
    global _usual
    if _usual is None:
        with _lock:
            if _usual is None:
                _usual = _made(True)
    return _usual


def usual_aio() -> AsyncClient:
    """The same, for event loops."""
    global _usual_aio
    if _usual_aio is None:
        _usual_aio = usual().aio
    return _usual_aio


def unverified() -> Client:
    """One that verifies nobody, which the host was asked for: it warns, or not, by itself."""
    global _unverified
    if _unverified is None:
        with _lock:
            if _unverified is None:
                _unverified = _made(False)
    return _unverified


def of_context(context: ssl.SSLContext) -> Client:
    """One with the trust of ``context``, as that is when it is first seen."""
    client = _by_context.get(context)
    if client is None:
        with _lock:
            client = _by_context.get(context)
            if client is None:
                client = _by_context[context] = _made(context)
    return client


def of_files(verify: bool | str, cert: tuple[str, str | None] | None) -> Client:
    """One with the trust of a file or directory, or without any (``False``), and a certificate of its own."""
    key = (verify, cert)
    client = _by_files.get(key)
    if client is None:
        with _lock:
            client = _by_files.get(key)
            if client is None:
                while len(_by_files) >= _MOST:
                    # Whoever still uses it keeps it alive.
                    _by_files.pop(next(iter(_by_files)))
                client = _by_files[key] = _made(verify, cert)
    return client


def _made(verify: Any, cert: Any = None) -> Client:
    options = dict(OPTIONS)
    # As contexts of the standard library's do.
    options["keylog_file"] = os.environ.get("SSLKEYLOGFILE") or None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InsecureWarning)
        return Client(verify=verify, cert=cert, **options)
