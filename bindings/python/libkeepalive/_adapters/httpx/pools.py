"""The pool for the arguments of the host's transports."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterable
from math import inf
from typing import Any

from ..pools import UNLIMITED, Pool, environment, shared

#: What h11, the parser below httpx, takes of a head.
MAX_HEAD = 100 * 1024

#: Options of sockets that every connection of the engine has.
_GIVEN = {
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE),
    (socket.IPPROTO_TCP, socket.TCP_NODELAY),
    (socket.IPPROTO_TCP, getattr(socket, "TCP_KEEPIDLE", -1)),
    (socket.IPPROTO_TCP, getattr(socket, "TCP_KEEPINTVL", -1)),
    (socket.IPPROTO_TCP, getattr(socket, "TCP_KEEPCNT", -1)),
    (socket.IPPROTO_TCP, getattr(socket, "TCP_USER_TIMEOUT", -1)),
}


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
    options: dict[str, Any] = {"verify": verify, "max_head_size": MAX_HEAD, "max_fields": MAX_HEAD}
    if cert is not None:
        options["cert"] = cert
    options.update(_limits(limits))
    if proxy is not None:
        options.update(_proxy(proxy))
    elif uds is not None:
        options["unix_socket"] = uds
    elif trust_env:
        options.update(environment())
    if local_address is not None:
        options["local_address"] = local_address
    return shared(options, keep=isinstance(verify, bool))


def _limits(limits: Any) -> dict[str, Any]:
    most = limits.max_connections
    most = UNLIMITED if most is None else max(1, most)
    expiry = limits.keepalive_expiry
    if limits.max_keepalive_connections == 0:
        expiry = 0
    # A time of 0 is no limit to the engine, and none to the host.
    idle = inf if expiry is None else max(expiry, 1e-6)
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


def _check_socket_options(options: Iterable[Any] | None) -> None:
    for option in options or ():
        if tuple(option[:2]) not in _GIVEN:
            raise ValueError(
                f"socket_options: {tuple(option)!r} cannot be set; connections have TCP_NODELAY, "
                "SO_KEEPALIVE with its times, and TCP_USER_TIMEOUT"
            )
