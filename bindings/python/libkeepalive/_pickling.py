"""Clients that were pickled or copied: in one process those of equal options have one pool, as jobs need it whose
tasks each get the client by pickle."""

from __future__ import annotations

import os
import threading
from typing import Any
from weakref import WeakValueDictionary

from . import _native
from ._errors import InvalidState

#: What each client has by itself; the other options are the engine's, and with them the pool's.
_OWN = frozenset(
    {
        "allow_redirects",
        "auth",
        "base_url",
        "cookies",
        "default_encoding",
        "event_hooks",
        "follow_redirects",
        "headers",
        "on_redirect",
        "params",
        "timeout",
        "transport",
    }
)

#: One client of each of the pools that were used last. Nobody else has it, so that it is never closed: the pool
#: outlives the task that it came with, and the next one finds its connections.
_kept: dict[Any, _native.Client] = {}
_KEPT = 8
#: The client that was made last on each pool, for others that somebody still uses.
_used: WeakValueDictionary[Any, Any] = WeakValueDictionary()
#: Making a client may run code of the options' classes.
_lock = threading.RLock()


def _renew() -> None:
    # Another thread may have held it.
    global _lock
    _lock = threading.RLock()


os.register_at_fork(after_in_child=_renew)


def client(cls: Any, options: dict[str, Any] | None) -> Any:
    """The client that was pickled; ``None`` for the process-wide one."""
    if options is None:
        return cls.shared()
    made: Any = cls.__new__(cls)
    # Not the initialiser of a class below, whose arguments are others.
    base: Any = _native.Client if isinstance(made, _native.Client) else _native.AsyncClient
    try:
        key = _key(options)
        hash(key)
    except TypeError:
        base.__init__(made, **options)
        return made
    with _lock:
        keeper = _kept.get(key) or _beside(_used.get(key))
        if keeper is None:
            base.__init__(made, **options)
            keeper = _beside(made)
        else:
            base._init_beside(made, keeper, options)
        _used[key] = made
        # The most recent one is the last.
        _kept.pop(key, None)
        _kept[key] = keeper
        if len(_kept) > _KEPT:
            del _kept[next(iter(_kept))]
    return made


def _beside(other: Any) -> Any:
    """One more client on the pool of ``other``; ``None`` if that is gone or closed."""
    if other is None:
        return None
    keeper: Any = _native.Client.__new__(_native.Client)
    try:
        keeper._init_beside(other, {"cookies": False, "trust_env": False})
    except InvalidState:
        return None
    return keeper


def _key(options: dict[str, Any]) -> Any:
    """What two clients on one pool have to be equal in."""
    return tuple(
        (name, _hashable(options[name]))
        for name in sorted(options.keys() - _OWN)
        if options[name] is not None
    )


def _hashable(value: Any) -> Any:
    # Of other types, equal values may mean something else: True and 1.
    if isinstance(value, dict):
        return dict, tuple((_hashable(name), _hashable(item)) for name, item in value.items())
    if isinstance(value, list | tuple):
        return type(value), tuple(map(_hashable, value))
    return type(value), value
