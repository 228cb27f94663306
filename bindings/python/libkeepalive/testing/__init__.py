"""For the tests of programs that use libkeepalive: answers without a network, and a server that misbehaves.

``MockTransport`` answers by routes and remembers what it was asked; ``Origin`` is a scripted server on a real
socket, for timeouts, resets and bodies that end early. ``WSGITransport`` and ``ASGITransport`` send to an
application in this process. ``pytest`` finds the fixtures ``keepalive_mock`` and ``keepalive_origin`` by
itself.
"""

from typing import TYPE_CHECKING, Any

from .._transports import ASGITransport, WSGITransport
from ._mock import Call, MockTransport, Route
from ._origin import Answer, Origin, Received

if TYPE_CHECKING:
    from ._pytest import keepalive_mock, keepalive_origin

__all__ = [
    "ASGITransport",
    "Answer",
    "Call",
    "MockTransport",
    "Origin",
    "Received",
    "Route",
    "WSGITransport",
    "keepalive_mock",
    "keepalive_origin",
]

_FIXTURES = ("keepalive_mock", "keepalive_origin")

for _name in set(__all__).difference(_FIXTURES):
    globals()[_name].__module__ = "libkeepalive.testing"


if not TYPE_CHECKING:
    # Checkers would take it for a promise that there is every name.
    def __getattr__(name: str) -> Any:
        # pytest is there only where tests are.
        if name not in _FIXTURES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from . import _pytest

        return getattr(_pytest, name)
