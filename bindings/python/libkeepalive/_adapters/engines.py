"""The clients that the adapters of asyncio's and AWS's hosts send by: one for the process, and one more for each
trust that cannot be said by a request."""

from __future__ import annotations

import ssl
import threading
import warnings
import weakref
from math import inf
from typing import Any

from .._errors import InsecureWarning
from .._native import Client

#: The hosts decide about time limits, queues, redirects, cookies, decoding and the environment, and write all
#: fields themselves.
OPTIONS: dict[str, Any] = {
    "headers": {"User-Agent": None, "Accept": None, "Accept-Encoding": None},
    "trust_env": False,
    "cookies": False,
    "decode": False,
    "follow_redirects": False,
    "expect_threshold": 0,
    "timeout": None,
    "queue_stall_timeout": inf,
    "queue_limit": 1 << 20,
    "body_idle_timeout": inf,
    "max_per_host": 1 << 16,
    "max_total": 1 << 16,
}

_lock = threading.Lock()
_usual: Client | None = None
_unverified: Client | None = None
_by_context: weakref.WeakKeyDictionary[ssl.SSLContext, Client] = weakref.WeakKeyDictionary()


def usual() -> Client:
    """The process's client: it trusts whom the system trusts."""
    global _usual
    if _usual is None:
        with _lock:
            if _usual is None:
                _usual = Client(**OPTIONS)
    return _usual


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


def _made(verify: Any) -> Client:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InsecureWarning)
        return Client(verify=verify, **OPTIONS)
