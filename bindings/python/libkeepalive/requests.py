"""requests on the shared pool: an adapter for sessions.

    import libkeepalive.requests

    libkeepalive.requests.install(session)                                  # http and https
    session.mount("https://api.example", libkeepalive.requests.Adapter(max_retries=3))

It is requests' ``HTTPAdapter`` with its arguments, exceptions and ways to be subclassed; what opens,
keeps and shares connections is this library's engine. docs/python-adapters.md says what differs.
"""

from __future__ import annotations

try:
    import requests as _host
    from requests import adapters as _adapters
except ImportError as _error:  # pragma: no cover
    raise ImportError(
        "libkeepalive.requests needs requests: pip install 'libkeepalive[requests]'"
    ) from _error

from collections.abc import Mapping
from typing import Any

from requests.utils import get_auth_from_url
from urllib3 import poolmanager as _manager
from urllib3.util.retry import Retry as _Retry

from .urllib3 import PoolManager, ProxyManager, SocksManager

__all__ = ["Adapter", "install"]


class Adapter(_adapters.HTTPAdapter):
    """requests' ``HTTPAdapter`` on the shared pool.

    ``pool_connections``, ``pool_maxsize``, ``max_retries`` and ``pool_block`` are as of ``HTTPAdapter``;
    with ``pool_block`` at most ``pool_maxsize`` requests to a host are under way, without it any number.
    Connections are not the adapter's: closing it, or its session, leaves them to who comes next.

    >>> session = requests.Session()
    >>> session.mount("http://", libkeepalive.requests.Adapter(max_retries=3))
    >>> session.get("http://example.com/users").json()
    {'path': '/users'}
    """

    #: The manager that was seen last, and its pools by what they were asked for by.
    _seen: tuple[Any, dict[Any, Any]] = (None, {})

    def init_poolmanager(
        self, connections: int, maxsize: int, block: bool = False, **pool_kwargs: Any
    ) -> None:
        self._pool_connections = connections
        self._pool_maxsize = maxsize
        self._pool_block = block
        self.poolmanager: _manager.PoolManager = PoolManager(
            num_pools=connections, maxsize=maxsize, block=block, **pool_kwargs
        )

    def proxy_manager_for(self, proxy: str, **proxy_kwargs: Any) -> Any:
        """The manager for a proxy; of SOCKS too, for which nothing else has to be installed."""
        manager = self.proxy_manager.get(proxy)
        if manager is not None:
            return manager
        sizes: dict[str, Any] = {
            "num_pools": self._pool_connections,
            "maxsize": self._pool_maxsize,
            "block": self._pool_block,
            **proxy_kwargs,
        }
        if proxy.lower().startswith("socks"):
            username, password = get_auth_from_url(proxy)
            manager = SocksManager(proxy, username=username, password=password, **sizes)
        else:
            manager = ProxyManager(proxy, proxy_headers=self.proxy_headers(proxy), **sizes)
        self.proxy_manager[proxy] = manager
        return manager


    # What requests works out anew for each request, and is the same for most.

    def get_connection_with_tls_context(
        self,
        request: _host.PreparedRequest,
        verify: bool | str | None,
        proxies: Mapping[str, str] | None = None,
        cert: Any = None,
    ) -> Any:
        manager, pools = self._seen
        if manager is not self.poolmanager:
            # A class below may make another one than init_poolmanager() does here.
            manager, pools = self._seen = (_on_the_engine(self.poolmanager), {})
        if proxies or isinstance(cert, list) or type(self).build_connection_pool_key_attributes is not _ATTRIBUTES:
            return super().get_connection_with_tls_context(request, verify, proxies, cert)
        url = request.url or ""
        key = (url[: _end_of_origin(url)], verify, cert)
        pool = pools.get(key)
        # One that the manager has dropped is closed.
        if pool is None or pool.pool is None:
            pool = super().get_connection_with_tls_context(request, verify, proxies, cert)
            if len(pools) > 64:
                pools.clear()
            pools[key] = pool
        return pool

    def request_url(
        self, request: _host.PreparedRequest, proxies: Mapping[str, str] | None
    ) -> str:
        return super().request_url(request, proxies) if proxies else request.path_url

    def close(self) -> None:
        self._seen = (None, {})
        super().close()


def _on_the_engine(manager: Any) -> Any:
    """A manager of urllib3's own, which many adapters make, with our pools; any other one as it is."""
    if getattr(manager, "pool_classes_by_scheme", None) is _manager.pool_classes_by_scheme:
        manager.pool_classes_by_scheme = PoolManager().pool_classes_by_scheme
    return manager


_ATTRIBUTES = _adapters.HTTPAdapter.build_connection_pool_key_attributes


def _end_of_origin(url: str) -> int:
    """Where the path of an absolute URL begins, or its query."""
    start = url.find("://") + 3
    ends = [end for mark in "/?#" if (end := url.find(mark, start)) >= 0]
    return min(ends, default=len(url))


def install(
    session: _host.Session,
    *,
    pool_connections: int = _adapters.DEFAULT_POOLSIZE,
    pool_maxsize: int = _adapters.DEFAULT_POOLSIZE,
    max_retries: _Retry | int = _adapters.DEFAULT_RETRIES,
    pool_block: bool = _adapters.DEFAULT_POOLBLOCK,
) -> Adapter:
    """Has ``session`` send by a new ``Adapter``, made with the other arguments, in place of the adapters it has
    for ``http://`` and ``https://``. Returns it; adapters of longer prefixes stay.

    >>> session = requests.Session()
    >>> adapter = libkeepalive.requests.install(session, max_retries=3)
    >>> session.get("http://example.com/users").json()
    {'path': '/users'}
    """
    adapter = Adapter(pool_connections, pool_maxsize, max_retries, pool_block)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return adapter
