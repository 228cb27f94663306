"""Puts the engine's connection classes where urllib3's pools, and those of other libraries, have theirs."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

from urllib3.connection import HTTPConnection as HostConnection
from urllib3.connection import HTTPSConnection as HostSecureConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from .urllib3_connection import HTTPConnection, HTTPSConnection

_lock = threading.RLock()
#: What stood there: class, attribute, value.
_before: list[tuple[type, str, Any]] = []


def _renew() -> None:
    # Another thread may have held it.
    global _lock
    _lock = threading.RLock()


os.register_at_fork(after_in_child=_renew)


class Unless:
    """``ConnectionCls`` of our own pools: our class, unless somebody has put another than urllib3's into
    ``pool``, urllib3's own (vcrpy does while it records)."""

    def __init__(self, pool: type[HTTPConnectionPool], ours: type) -> None:
        self._pool = pool
        self._ours = ours

    def __get__(self, instance: Any, owner: Any = None) -> type:
        there = self._pool.ConnectionCls
        return self._ours if there in (HostConnection, HostSecureConnection) else there


def inject() -> list[str]:
    with _lock:
        changed = [_name(pool) for pool in (HTTPConnectionPool, *_below(HTTPConnectionPool)) if _adopt(pool)]
        if "__init_subclass__" not in HTTPConnectionPool.__dict__:
            _put(HTTPConnectionPool, "__init_subclass__", classmethod(_subclassed))
        return changed


def extract() -> list[str]:
    with _lock:
        changed = []
        while _before:
            pool, attribute, value = _before.pop()
            if value is None:
                delattr(pool, attribute)
            else:
                setattr(pool, attribute, value)
            if attribute != "__init_subclass__":
                changed.append(_name(pool))
        return changed[::-1]


def is_injected() -> bool:
    return bool(_before)


def _put(pool: type, attribute: str, value: Any) -> None:
    _before.append((pool, attribute, pool.__dict__.get(attribute)))
    setattr(pool, attribute, value)


def _subclassed(cls: Any, /, **options: Any) -> None:
    """A pool class that is made later."""
    super(HTTPConnectionPool, cls).__init_subclass__(**options)
    with _lock:
        if _before:
            _adopt(cls)


def _adopt(pool: type[HTTPConnectionPool]) -> bool:
    """Has ``pool`` use the engine, if it opens connections in a way that is known."""
    own = pool.__dict__.get("ConnectionCls")
    if isinstance(own, Unless):
        return False
    if own is not None and isinstance(own, type) and _is_known(own):
        secure = issubclass(own, HostSecureConnection) or issubclass(pool, HTTPSConnectionPool)
        _put(pool, "ConnectionCls", HTTPSConnection if secure else HTTPConnection)
        return True
    maker = pool.__dict__.get("_new_conn")
    if maker is not None and pool.__name__.startswith("UnixHTTPConnectionPool"):
        _put(pool, "_new_conn", _over_unix_socket(maker))
        return True
    return False


def _is_known(connection: type) -> bool:
    """urllib3's classes, and those that other libraries make of them to speak with the same servers; not
    ours, and not those that play or record (vcrpy)."""
    if issubclass(connection, HTTPConnection):
        return False
    if connection in (HostConnection, HostSecureConnection):
        return True
    module = connection.__module__
    return issubclass(connection, HostConnection) and (
        module.startswith("botocore.") or module == "urllib3.contrib.socks"
    )


def _over_unix_socket(maker: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """For pools that make connections to a Unix socket: docker's and requests_unixsocket's."""

    def _new_conn(pool: Any) -> Any:
        made = maker(pool)
        path = getattr(made, "unix_socket", None)
        if path is None and (url := getattr(made, "unix_socket_url", None)) is not None:
            path = unquote(urlsplit(url).netloc)
        if path is None:
            return made
        return HTTPConnection(made.host or "localhost", made.port, timeout=made.timeout, unix_socket=path)

    return _new_conn


def _below(pool: type[Any]) -> Iterator[Any]:
    subclass: type[Any]
    for subclass in pool.__subclasses__():
        yield subclass
        yield from _below(subclass)


def _name(pool: type) -> str:
    return f"{pool.__module__}.{pool.__qualname__}"
