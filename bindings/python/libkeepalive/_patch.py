"""Other libraries' new sessions and clients get their adapter, without a change of the program."""

from __future__ import annotations

import functools
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import os
import sys
import threading
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

_lock = threading.RLock()
#: What undoes each patch, by host.
_patched: dict[str, Callable[[], object]] = {}


def _renew() -> None:
    # Another thread may have held it.
    global _lock
    _lock = threading.RLock()


os.register_at_fork(after_in_child=_renew)


def patch_all(
    *,
    requests: bool = True,
    urllib3: bool = True,
    httpx: bool = True,
    httpx2: bool = True,
    aiohttp: bool = True,
    botocore: bool = True,
) -> list[str]:
    """Gives the adapter to sessions and clients that are made from now on, of the libraries that are
    installed and not left out: ``requests``, ``urllib3``, ``httpx``, ``httpx2``, ``aiohttp``, ``botocore``.
    One that has not been imported yet is patched when it is; none is imported for it.

    Returns the names of those that were patched, or will be: not those that were before. Whatever a
    program passes by itself (``transport=``, an adapter that it mounts) is used as before.

    ::

        libkeepalive.patch_all(aiohttp=False)   # ['requests', 'urllib3', 'httpx']
    """
    wanted = {
        "requests": requests,
        "urllib3": urllib3,
        "httpx": httpx,
        "httpx2": httpx2,
        "aiohttp": aiohttp,
        "botocore": botocore,
    }
    done = []
    with _lock:
        for host, wish in wanted.items():
            if not wish or host in _patched or not _is_installed(host):
                continue
            if host in sys.modules and not _is_being_imported(host):
                _patched[host] = _PATCHES[host]()
            else:
                _patched[host] = _later(host)
            done.append(host)
    return done


def unpatch_all() -> list[str]:
    """Undoes ``patch_all()``: sessions and clients that are made from now on are as their library makes
    them. Those that were made keep the adapter. Returns the names of the libraries.

    >>> libkeepalive.unpatch_all()
    []
    """
    with _lock:
        names = sorted(_patched)
        while _patched:
            _patched.popitem()[1]()
        return names


def _is_installed(host: str) -> bool:
    if host in sys.modules:
        return sys.modules[host] is not None
    return importlib.util.find_spec(host) is not None


def _is_being_imported(host: str) -> bool:
    spec = getattr(sys.modules[host], "__spec__", None)
    return bool(getattr(spec, "_initializing", False))


def _later(host: str) -> Callable[[], object]:
    finder = _Finder(host)
    sys.meta_path.insert(0, finder)
    return finder.remove


class _Finder(importlib.abc.MetaPathFinder):
    """Patches a module when it has been imported."""

    def __init__(self, host: str) -> None:
        self._host = host

    def remove(self) -> None:
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != self._host:
            return None
        self.remove()
        spec = importlib.util.find_spec(fullname)
        if spec is None or spec.loader is None:
            return spec
        execute = spec.loader.exec_module

        def exec_module(module: ModuleType) -> None:
            execute(module)
            with _lock:
                # Unless it was undone meanwhile.
                if _patched.get(fullname) == self.remove:
                    _patched[fullname] = _PATCHES[fullname]()

        # The loader is this import's own.
        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def _put(place: Any, name: str, value: Any) -> Callable[[], object]:
    before = getattr(place, name)
    setattr(place, name, value)
    return lambda: setattr(place, name, before)


def _patch_urllib3() -> Callable[[], object]:
    from . import urllib3

    urllib3.inject()
    return urllib3.extract


def _patch_requests() -> Callable[[], object]:
    from . import requests

    # Where a session finds the adapters that it mounts.
    return _put(importlib.import_module("requests.sessions"), "HTTPAdapter", requests.Adapter)


def _patch_httpx(name: str) -> Callable[[], object]:
    adapter = importlib.import_module(f"libkeepalive.{name}")
    adapter.inject()
    undo: Callable[[], object] = adapter.extract
    return undo


def _patch_aiohttp() -> Callable[[], object]:
    adapter = importlib.import_module("libkeepalive.aiohttp")
    host: Any = importlib.import_module("aiohttp")
    made = host.ClientSession.__init__

    @functools.wraps(made)
    def __init__(session: Any, *arguments: Any, **options: Any) -> None:
        # A connector of a program's own class knows another way.
        connector = options.get("connector")
        if connector is None or type(connector) in (host.TCPConnector, host.UnixConnector):
            options["middlewares"] = (*options.get("middlewares", ()), adapter.middleware())
        made(session, *arguments, **options)

    return _put(host.ClientSession, "__init__", __init__)


def _patch_botocore() -> Callable[[], object]:
    adapter = importlib.import_module("libkeepalive.botocore")
    host: Any = importlib.import_module("botocore.session")
    made = host.Session.create_client

    @functools.wraps(made)
    def create_client(session: Any, *arguments: Any, **options: Any) -> Any:
        return adapter.install(made(session, *arguments, **options))

    return _put(host.Session, "create_client", create_client)


_PATCHES: dict[str, Callable[[], Callable[[], object]]] = {
    "requests": _patch_requests,
    "urllib3": _patch_urllib3,
    "httpx": lambda: _patch_httpx("httpx"),
    "httpx2": lambda: _patch_httpx("httpx2"),
    "aiohttp": _patch_aiohttp,
    "botocore": _patch_botocore,
}
