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

try:
    from aiobotocore.httpsession import AIOHTTPSession as _Base
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


class HTTPSession(_Base):  # type: ignore[misc]
    """For ``AioConfig(http_session_cls=...)``: aiobotocore's session over aiohttp, whose requests the engine sends.

    ``max_pool_connections`` is the limit that it is to aiobotocore. ``proxies_config`` for an https
    proxy has to say what ``verify`` and ``client_cert`` say, else it is a ``ValueError``. Of ``connector_args``,
    ``keepalive_timeout`` is left to the engine.
    """

    async def _get_session(self, proxy_url: str | None) -> _aiohttp.ClientSession:
        session: _aiohttp.ClientSession | None = self._sessions.get(proxy_url)
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
