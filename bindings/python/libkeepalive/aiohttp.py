"""aiohttp on the pool of this process: one line, and a session's requests go by the engine.

::

    import aiohttp
    import libkeepalive.aiohttp

    async with aiohttp.ClientSession(middlewares=[libkeepalive.aiohttp.middleware()]) as session:
        async with session.get("https://example.com/") as response:
            print(await response.text())

Redirects, cookies, ``raise_for_status``, decoding, time limits, exceptions and tracing stay aiohttp's own; the
limits of the session's connector hold as before. Connections are those of one pool for all sessions, event loops
and threads of the process.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

try:
    import aiohttp as _host
except ImportError as _error:
    raise ImportError(
        "libkeepalive.aiohttp needs aiohttp, which is not installed: pip install 'libkeepalive[aiohttp]'",
        name=_error.name,
    ) from _error

from ._adapters.aiohttp_request import Sender

if TYPE_CHECKING:
    from aiohttp.client_middlewares import ClientMiddlewareType

    from ._native import AsyncClient, Client

__all__ = ["middleware"]


def middleware(client: Client | AsyncClient | None = None) -> ClientMiddlewareType:
    """A middleware for ``aiohttp.ClientSession(middlewares=[...])`` that sends by this library's engine.

    ``client``: whose pool and options the requests use that say nothing about ``ssl``; without one, the pool that
    the adapters of the process share. A client's own ``cert`` is how a client certificate is given: a context in
    ``ssl=`` does not tell of those that were loaded into it. Its cookies, auth, proxies, redirects, decoding and
    fields should be off, as aiohttp has its own.

    It has to be the last of the middlewares, as it calls none behind it. WebSockets, other upgrades and CONNECT
    are left to the session's connector. What a connector was told that cannot be kept (a ``family``, a
    ``socket_factory``, an ``ssl.Fingerprint``, a class of its own that dials) is a ``ValueError`` at the first
    request; a resolver of its own is asked.

    Errors: aiohttp's own; ``TypeError`` when ``client`` is no client.

    Threads: it may be shared by sessions of any loops and threads.

    ::

        async with aiohttp.ClientSession(middlewares=[libkeepalive.aiohttp.middleware()]) as session:
            async with session.get("http://example.com/") as response:
                print(await response.text())
    """
    return Sender(client)
