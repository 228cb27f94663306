"""The pools that adapters send by: one for all that were given the same options, in all threads and loops."""

from __future__ import annotations

import os
import threading
import warnings
from math import inf
from typing import Any
from urllib.request import getproxies
from weakref import WeakValueDictionary

from .._errors import InsecureWarning
from .._native import Client

#: The hosts decide about redirects, cookies, credentials, codings, queues and the fields of a request.
OPTIONS: dict[str, Any] = {
    "headers": {"Accept": None, "Accept-Encoding": None, "User-Agent": None},
    "trust_env": False,
    "cookies": False,
    "decode": False,
    "follow_redirects": False,
    "expect_threshold": 0,
    "timeout": None,
    "queue_stall_timeout": inf,
    "queue_limit": 1 << 20,
    "body_idle_timeout": inf,
}

#: Connections where a host sets no limit; the engine takes no more than half of the descriptors.
UNLIMITED = 1 << 16


class Pool:
    """A client of the engine's, for threads and for event loops."""

    __slots__ = ("__weakref__", "aio", "client")

    def __init__(self, options: dict[str, Any]) -> None:
        with warnings.catch_warnings():
            # The host was asked for it, and warns or not by itself.
            warnings.simplefilter("ignore", InsecureWarning)
            self.client = Client(**{**OPTIONS, **options})
        self.aio = self.client.aio


#: By their options; gone with the last adapter that uses them.
_pools: WeakValueDictionary[Any, Pool] = WeakValueDictionary()
#: The most recent ones stay, so that one client after the other finds open connections.
_kept: dict[Any, Pool] = {}
_KEPT = 8
_lock = threading.Lock()


def _renew() -> None:
    global _lock
    _lock = threading.Lock()


os.register_at_fork(after_in_child=_renew)


def shared(options: dict[str, Any], keep: bool = True) -> Pool:
    """The pool with these options beside the usual ones; with ``keep`` it outlives its users."""
    key = tuple((name, _hashable(value)) for name, value in options.items())
    with _lock:
        found = _pools.get(key)
        if found is None:
            found = _pools[key] = Pool(options)
            if keep:
                _kept[key] = found
                if len(_kept) > _KEPT:
                    del _kept[next(iter(_kept))]
        return found


def _hashable(value: Any) -> Any:
    if isinstance(value, dict):
        return tuple(value.items())
    if isinstance(value, list):
        return tuple(value)
    return value


def environment() -> dict[str, Any]:
    """The proxies of the environment, as options."""
    found = getproxies()
    named = {
        f"{scheme}://": found[scheme] for scheme in ("http", "https", "all") if found.get(scheme)
    }
    if not named:
        return {}
    options: dict[str, Any] = {"proxy": named}
    if found.get("no"):
        options["no_proxy"] = found["no"]
    return options


def of_sdk(
    *,
    verify: Any = True,
    cert: Any = None,
    proxies: dict[str, str | None] | None = None,
    **others: Any,
) -> Pool:
    """For an SDK that sets no limit of connections; ``proxies`` by scheme, else the environment's."""
    options: dict[str, Any] = {"verify": verify, "max_total": UNLIMITED, "max_per_host": UNLIMITED}
    if cert is not None:
        options["cert"] = cert
    if proxies:
        options["proxy"] = {f"{scheme}://": url for scheme, url in proxies.items() if url}
    elif proxies is None:
        options.update(environment())
    options.update(others)
    return shared(options, keep=isinstance(verify, bool | str))


#: Kinds of errors that are about trust, and do not go away by trying again.
TLS = ("CertificateRejected", "TlsHandshakeFailed")
