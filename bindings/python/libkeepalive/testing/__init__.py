"""For the tests of programs that use libkeepalive: a server that misbehaves as it is told.

``Origin`` is a scripted server on a real socket, for timeouts, resets and bodies that end early. In pytest,
``from libkeepalive.testing import keepalive_origin`` in a ``conftest.py`` makes one a fixture.
"""

from typing import TYPE_CHECKING, Any

from ._origin import Answer, Origin, Received

if TYPE_CHECKING:
    from ._pytest import keepalive_origin

__all__ = ["Answer", "Origin", "Received", "keepalive_origin"]

for _name in ("Answer", "Origin", "Received"):
    globals()[_name].__module__ = "libkeepalive.testing"


def __getattr__(name: str) -> Any:
    # pytest is there only where tests are.
    if name != "keepalive_origin":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from ._pytest import keepalive_origin

    return keepalive_origin
