"""For the tests of programs that use libkeepalive: answers without a network, and a server that misbehaves.

``MockTransport`` answers by routes and remembers what it was asked; ``Origin`` is a scripted server on a real
socket, for timeouts, resets and bodies that end early. ``WSGITransport`` and ``ASGITransport`` send to an
application in this process. ``pytest`` finds the fixtures ``keepalive_mock`` and ``keepalive_origin`` by
itself.
"""

from .._transports import ASGITransport, WSGITransport
from ._mock import Call, MockTransport, Route
from ._origin import Answer, Origin, Received

__all__ = [
    "ASGITransport",
    "Answer",
    "Call",
    "MockTransport",
    "Origin",
    "Received",
    "Route",
    "WSGITransport",
]

for _name in __all__:
    globals()[_name].__module__ = "libkeepalive.testing"
