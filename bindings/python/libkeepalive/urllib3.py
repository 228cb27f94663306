"""urllib3 on the shared pool: ``inject()`` for a whole process, or pools and managers of one's own.

    import libkeepalive.urllib3

    libkeepalive.urllib3.inject()       # requests, botocore, docker, kubernetes, ... too
    libkeepalive.urllib3.extract()      # as it was

urllib3's pools, retries, redirects, time limits and exceptions stay; what opens, keeps and shares
connections is this library's engine. docs/python-adapters.md says what differs.
"""

from __future__ import annotations

try:
    import urllib3 as _host
except ImportError as _error:  # pragma: no cover
    raise ImportError(
        "libkeepalive.urllib3 needs urllib3 2: pip install 'libkeepalive[urllib3]'"
    ) from _error

from urllib3._version import __version__ as _version

if not _version.startswith("2."):
    raise ImportError(
        f"libkeepalive.urllib3 needs urllib3 2, and {_version} is installed: "
        "pip install 'libkeepalive[urllib3]'"
    )

from collections.abc import Mapping
from functools import wraps as _wraps
from typing import TYPE_CHECKING, Any

from urllib3.util.url import parse_url

from ._adapters import urllib3_inject
from ._adapters.urllib3_connection import HTTPConnection, HTTPSConnection

__all__ = [
    "HTTPConnection",
    "HTTPConnectionPool",
    "HTTPSConnection",
    "HTTPSConnectionPool",
    "PoolManager",
    "ProxyManager",
    "SocksManager",
    "extract",
    "inject",
    "is_injected",
]


class HTTPConnectionPool(_host.HTTPConnectionPool):
    """urllib3's pool for one host, by http; arguments as of ``urllib3.HTTPConnectionPool``, seconds for ``timeout``.

    >>> pool = libkeepalive.urllib3.HTTPConnectionPool("example.com", timeout=5.0)
    >>> pool.scheme
    'http'
    """

    ConnectionCls: Any = urllib3_inject.Unless(_host.HTTPConnectionPool, HTTPConnection)


class HTTPSConnectionPool(_host.HTTPSConnectionPool):
    """urllib3's pool for one host, by https; arguments as of ``urllib3.HTTPSConnectionPool``, seconds for
    ``timeout``.

    >>> libkeepalive.urllib3.HTTPSConnectionPool("example.com", timeout=5.0).scheme
    'https'
    """

    ConnectionCls: Any = urllib3_inject.Unless(_host.HTTPSConnectionPool, HTTPSConnection)


_CLASSES: dict[str, Any] = {"http": HTTPConnectionPool, "https": HTTPSConnectionPool}


class PoolManager(_host.PoolManager):
    """``urllib3.PoolManager`` on the shared pool, with its arguments.

    >>> manager = libkeepalive.urllib3.PoolManager(num_pools=2)
    >>> sorted(manager.pool_classes_by_scheme)
    ['http', 'https']
    """

    pool_classes_by_scheme: dict[str, Any]

    if not TYPE_CHECKING:  # the arguments are urllib3's

        @_wraps(_host.PoolManager.__init__)
        def __init__(self, *arguments, **options):
            super().__init__(*arguments, **options)
            self.pool_classes_by_scheme = dict(_CLASSES)


class ProxyManager(_host.ProxyManager):
    """``urllib3.ProxyManager`` on the shared pool, with its arguments.

    >>> manager = libkeepalive.urllib3.ProxyManager("http://localhost:3128")
    >>> manager.proxy.port
    3128
    """

    pool_classes_by_scheme: dict[str, Any]

    if not TYPE_CHECKING:  # the arguments are urllib3's

        @_wraps(_host.ProxyManager.__init__)
        def __init__(self, *arguments, **options):
            super().__init__(*arguments, **options)
            self.pool_classes_by_scheme = dict(_CLASSES)


class SocksManager(PoolManager):
    """``urllib3.contrib.socks.SOCKSProxyManager`` on the shared pool, without PySocks: ``socks4://``,
    ``socks4a://``, ``socks5://`` and ``socks5h://``, whose names are looked up by the proxy with ``a`` and
    ``h``. ``proxy_url``, ``username``, ``password`` and the others are the arguments of ``SOCKSProxyManager``.

    >>> manager = libkeepalive.urllib3.SocksManager("socks5h://localhost:1080", username="user", password="a")
    >>> manager.connection_pool_kw["_socks_options"]["proxy_port"]
    1080
    """

    def __init__(
        self,
        proxy_url: str,
        username: str | None = None,
        password: str | None = None,
        num_pools: int = 10,
        headers: Mapping[str, str] | None = None,
        **connection_pool_kw: Any,
    ) -> None:
        parsed = parse_url(proxy_url)
        if parsed.scheme not in _SOCKS:
            raise ValueError(f"Unable to determine SOCKS version from {proxy_url}")
        if username is None and password is None and parsed.auth is not None:
            username, _, password = parsed.auth.partition(":")
        version, rdns = _SOCKS[parsed.scheme]
        connection_pool_kw["_socks_options"] = {
            "socks_version": version,
            "proxy_host": parsed.host,
            "proxy_port": parsed.port or 1080,
            "username": username,
            "password": password,
            "rdns": rdns,
        }
        super().__init__(num_pools, headers, **connection_pool_kw)


_SOCKS = {"socks4": (1, False), "socks4a": (1, True), "socks5": (2, False), "socks5h": (2, True)}


def inject() -> list[str]:
    """Has all urllib3 pools of the process open their connections by the engine: those that are there,
    for their next connection, and those to come. Returns the names of the classes that were changed;
    a second call changes, and returns, what has been imported since.

    ::

        libkeepalive.urllib3.inject()
        requests.get("http://example.com/")   # by the engine
    """
    return urllib3_inject.inject()


def extract() -> list[str]:
    """Undoes ``inject()``; returns the names of the classes that are as they were. Connections that
    pools still hold are used until they close.

    >>> libkeepalive.urllib3.extract()
    []
    """
    return urllib3_inject.extract()


def is_injected() -> bool:
    """Whether ``inject()`` is in force.

    >>> libkeepalive.urllib3.is_injected()
    False
    """
    return urllib3_inject.is_injected()
