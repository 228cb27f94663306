"""aiobotocore on the pool of this process.

::

    from aiobotocore.config import AioConfig
    from aiobotocore.session import get_session

    import libkeepalive.aiobotocore

    config = AioConfig(http_session_cls=libkeepalive.aiobotocore.HTTPSession)
    async with get_session().create_client("s3", config=config) as s3:
        ...

Signing, retries, time limits, proxies, certificates and exceptions stay aiobotocore's own, and s3fs runs on it
with ``config_kwargs``. Connections are those of one pool for all clients, event loops and threads of the process.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

try:
    from aiobotocore.httpsession import AIOHTTPSession as _Host
except ImportError as _error:
    raise ImportError(
        "libkeepalive.aiobotocore needs aiobotocore with aiohttp, which is not installed: "
        "pip install 'libkeepalive[aiobotocore]'",
        name=_error.name,
    ) from _error

import aiohttp as _aiohttp
from botocore.httpsession import get_cert_path as _get_cert_path

from ._adapters import botocore_proxies as _proxies
from ._adapters import clients as _clients
from .aiohttp import middleware as _middleware

__all__ = ["HTTPSession"]

if TYPE_CHECKING:
    from asyncio import Lock
    from contextlib import AsyncExitStack
    from types import TracebackType
    from typing import Self

    class _Base:
        """aiobotocore's, which has no types."""

        _exit_stack: AsyncExitStack
        _sessions_lock: Lock
        _sessions: dict[str | None, _aiohttp.ClientSession]
        _verify: bool | str
        _proxy_config: Any
        _cert_file: str | None
        _key_file: str | None
        _timeout: _aiohttp.ClientTimeout
        _connector_args: dict[str, Any]
        _max_pool_connections: int

        def __init__(
            self,
            verify: bool | str = True,
            proxies: dict[str, str] | None = None,
            timeout: float | tuple[float, float] | list[float] | None = None,
            max_pool_connections: int = 10,
            socket_options: Any = None,
            client_cert: str | tuple[str, str] | None = None,
            proxies_config: dict[str, Any] | None = None,
            connector_args: dict[str, Any] | None = None,
        ) -> None: ...
        async def __aenter__(self) -> Self: ...
        async def __aexit__(
            self,
            exc_type: type[BaseException] | None,
            exc_val: BaseException | None,
            exc_tb: TracebackType | None,
        ) -> None: ...
        async def send(self, request: Any) -> Any: ...
        async def close(self) -> None: ...

else:
    _Base = _Host


class HTTPSession(_Base):
    """For ``AioConfig(http_session_cls=...)``: aiobotocore's session over aiohttp, whose requests the engine sends.

    The arguments are those of aiobotocore's ``AIOHTTPSession``; ``timeout`` is seconds.
    ``max_pool_connections`` is the limit that it is to aiobotocore. ``proxies_config`` for an https
    proxy has to say what ``verify`` and ``client_cert`` say, else it is a ``ValueError``. Of ``connector_args``,
    ``keepalive_timeout`` is left to the engine.

    ::

        config = AioConfig(http_session_cls=libkeepalive.aiobotocore.HTTPSession)
        async with get_session().create_client("s3", config=config) as s3:
            ...
    """

    async def _get_session(self, proxy_url: str | None) -> _aiohttp.ClientSession:
        session = self._sessions.get(proxy_url)
        if session is None:
            async with self._sessions_lock:
                session = self._sessions.get(proxy_url)
                if session is None:
                    session = await self._exit_stack.enter_async_context(self._new_session(proxy_url))
                    self._sessions[proxy_url] = session
        return session

    def _new_session(self, proxy_url: str | None) -> _aiohttp.ClientSession:
        cert = (self._cert_file, self._key_file) if self._cert_file else None
        _proxies.check(self._proxy_config.settings, proxy_url, self._verify, cert)
        verify = _get_cert_path(self._verify) if self._verify else False
        connector = _aiohttp.TCPConnector(
            limit=self._max_pool_connections, **self._connector_args
        )
        return _aiohttp.ClientSession(
            connector=connector,
            timeout=self._timeout,
            skip_auto_headers={"CONTENT-TYPE"},
            auto_decompress=False,
            middlewares=[_middleware(_clients.of_files(verify, cert))],
        )
