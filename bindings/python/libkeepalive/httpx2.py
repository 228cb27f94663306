"""httpx2 on the engine's pool: ``httpx2.Client(transport=libkeepalive.httpx2.Transport())``.

Needs httpx2: ``pip install 'libkeepalive[httpx2]'``.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ._adapters.httpx import mount as _mount
from ._adapters.httpx.transport import AsyncTransport as _AsyncTransport
from ._adapters.httpx.transport import Host as _Host
from ._adapters.httpx.transport import SyncTransport as _SyncTransport
from ._adapters.missing import missing as _missing

try:
    import httpx2
except ModuleNotFoundError as _error:
    raise _missing("httpx2", "httpx2", _error) from _error

if TYPE_CHECKING:
    from httpx2._transports.default import SOCKET_OPTION
    from httpx2._types import CertTypes, ProxyTypes

__all__ = ["AsyncTransport", "Transport", "extract", "inject"]


class Transport(_SyncTransport[httpx2.Request, httpx2.Response], httpx2.BaseTransport):
    """In place of ``httpx2.HTTPTransport``, whose arguments it takes.

    Transports with equal arguments, also asynchronous ones, send by one pool, whose limits hold for all of
    them together; any number of threads may use one at once. ``close()`` leaves the pool's idle
    connections to the others, for ``keepalive_expiry`` at most. The environment's proxies are used, which
    a client does not do by itself when it is given a transport; ``trust_env=False`` leaves them out.

    ``socket_options``: those that connections have anyway (TCP_NODELAY, SO_KEEPALIVE and its times). HTTP/1.1 is
    spoken, whatever ``http2`` says. Raises ``ValueError`` for what cannot be done, and when sending
    httpx2's exceptions with their ``request``.

    >>> client = httpx2.Client(transport=libkeepalive.httpx2.Transport())
    """

    _host = _Host("httpx2", "httpcore2")

    if TYPE_CHECKING:

        def __init__(
            self,
            verify: ssl.SSLContext | str | bool = True,
            cert: CertTypes | None = None,
            trust_env: bool = True,
            http1: bool = True,
            http2: bool = False,
            limits: httpx2.Limits | None = None,
            proxy: ProxyTypes | None = None,
            uds: str | None = None,
            local_address: str | None = None,
            retries: int = 0,
            socket_options: Iterable[SOCKET_OPTION] | None = None,
        ) -> None: ...


class AsyncTransport(_AsyncTransport[httpx2.Request, httpx2.Response], httpx2.AsyncBaseTransport):
    """In place of ``httpx2.AsyncHTTPTransport``; arguments as of ``Transport``, and over the same pool.

    For asyncio and trio; any number of event loops may use one at once.

    >>> client = httpx2.AsyncClient(transport=libkeepalive.httpx2.AsyncTransport())
    """

    _host = Transport._host

    if TYPE_CHECKING:

        def __init__(
            self,
            verify: ssl.SSLContext | str | bool = True,
            cert: CertTypes | None = None,
            trust_env: bool = True,
            http1: bool = True,
            http2: bool = False,
            limits: httpx2.Limits | None = None,
            proxy: ProxyTypes | None = None,
            uds: str | None = None,
            local_address: str | None = None,
            retries: int = 0,
            socket_options: Iterable[SOCKET_OPTION] | None = None,
        ) -> None: ...


def inject() -> None:
    """Has clients that are made from now on get these transports where they are given none: also those of
    ``httpx2.get()`` and its like, and of libraries. ``extract()`` undoes it.

    >>> libkeepalive.httpx2.inject()
    >>> httpx2.get("http://example.com/users").json()
    {'path': '/users'}
    >>> libkeepalive.httpx2.extract()
    """
    _mount.inject(httpx2, (Transport, AsyncTransport))


def extract() -> None:
    """Undoes ``inject()`` for clients that are made from now on.

    >>> libkeepalive.httpx2.extract()
    """
    _mount.extract(httpx2)
