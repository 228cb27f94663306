"""The pool that a transport sends by: one for all transports of a process that were given the same arguments."""

from __future__ import annotations

import os
import socket
import ssl
import threading
import warnings
from collections.abc import Iterable
from math import inf
from typing import Any
from urllib.request import getproxies
from weakref import WeakValueDictionary

from ..._errors import InsecureWarning
from ..._native import Client

#: What h11, the parser below httpx, takes of a head.
MAX_HEAD = 100 * 1024

_UNLIMITED = 1 << 16

#: The hosts decide about redirects, cookies, credentials, codings and the fields of a request.
_OPTIONS: dict[str, Any] = {
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
    "max_head_size": MAX_HEAD,
    "max_fields": MAX_HEAD,
}

#: Options of sockets that every connection of the engine has.
_GIVEN = {
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE),
    (socket.IPPROTO_TCP, socket.TCP_NODELAY),
    (socket.IPPROTO_TCP, getattr(socket, "TCP_KEEPIDLE", -1)),
    (socket.IPPROTO_TCP, getattr(socket, "TCP_KEEPINTVL", -1)),
    (socket.IPPROTO_TCP, getattr(socket, "TCP_KEEPCNT", -1)),
    (socket.IPPROTO_TCP, getattr(socket, "TCP_USER_TIMEOUT", -1)),
}


class Pool:
    """A client of the engine's, for threads and for event loops."""

    __slots__ = ("__weakref__", "aio", "client")

    def __init__(self, options: dict[str, Any]) -> None:
        with warnings.catch_warnings():
            # The host was asked for it, and does not warn.
            warnings.simplefilter("ignore", InsecureWarning)
            self.client = Client(**options)
        self.aio = self.client.aio


#: By the arguments that they were asked for with; gone with the last transport that uses it.
_pools: WeakValueDictionary[Any, Pool] = WeakValueDictionary()
#: The most recent ones stay, so that one client after the other finds open connections.
_kept: dict[Any, Pool] = {}
_KEPT = 8
_lock = threading.Lock()


def _renew() -> None:
    global _lock
    _lock = threading.Lock()


os.register_at_fork(after_in_child=_renew)


def pool(
    *,
    verify: ssl.SSLContext | str | bool,
    cert: Any,
    trust_env: bool,
    limits: Any,
    proxy: Any,
    uds: str | None,
    local_address: str | None,
    socket_options: Iterable[Any] | None,
) -> Pool:
    """The pool for these arguments of ``HTTPTransport``."""
    _check_socket_options(socket_options)
    options: dict[str, Any] = {"verify": verify}
    if cert is not None:
        options["cert"] = cert
    options.update(_limits(limits))
    if proxy is not None:
        options.update(_proxy(proxy))
    elif uds is not None:
        options["unix_socket"] = uds
    elif trust_env:
        options.update(_environment())
    if local_address is not None:
        options["local_address"] = local_address
    key = tuple((name, _hashable(value)) for name, value in options.items())
    with _lock:
        found = _pools.get(key)
        if found is None:
            found = _pools[key] = Pool({**_OPTIONS, **options})
            if isinstance(verify, bool):
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


def _limits(limits: Any) -> dict[str, Any]:
    most = limits.max_connections
    most = _UNLIMITED if most is None else max(1, most)
    expiry = limits.keepalive_expiry
    if limits.max_keepalive_connections == 0:
        expiry = 0
    # A time of 0 is no limit to the engine, and none to the host.
    idle = inf if expiry is None else max(expiry, 0.001)
    return {
        "max_total": most,
        "max_per_host": most,
        "max_dials_per_host": most,
        "idle_timeout": idle,
    }


def _proxy(proxy: Any) -> dict[str, Any]:
    """``Proxy`` of the host as options."""
    if proxy.ssl_context is not None:
        raise ValueError(
            "proxy: ssl_context of a Proxy cannot be taken over; verify= and cert= hold for the proxy too"
        )
    url = proxy.url
    if proxy.auth is not None:
        url = url.copy_with(username=proxy.auth[0], password=proxy.auth[1])
    options: dict[str, Any] = {"proxy": str(url)}
    if proxy.headers:
        options["proxy_headers"] = [(name, value) for name, value in proxy.headers.raw]
    return options


def _environment() -> dict[str, Any]:
    """The proxies of the environment, which the host leaves to a transport that it is given."""
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


def _check_socket_options(options: Iterable[Any] | None) -> None:
    for option in options or ():
        if tuple(option[:2]) not in _GIVEN:
            raise ValueError(
                f"socket_options: {tuple(option)!r} cannot be set; connections have TCP_NODELAY, "
                "SO_KEEPALIVE with its times, and TCP_USER_TIMEOUT"
            )
