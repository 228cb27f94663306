"""Fixtures that pytest finds by itself (entry point ``pytest11``)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ._mock import MockTransport
    from ._origin import Origin


@pytest.fixture
def keepalive_mock() -> Iterator[MockTransport]:
    """A ``MockTransport``; the test fails if a route of it was not called.

    ::

        def test_users(keepalive_mock):
            keepalive_mock.get("/users").respond(json=[])
            assert libkeepalive.Client(transport=keepalive_mock).get("http://h/users").json() == []
    """
    from ._mock import MockTransport

    with MockTransport() as mock:
        yield mock


@pytest.fixture
def keepalive_origin() -> Iterator[Origin]:
    """An ``Origin`` that is closed at the end of the test.

    ::

        def test_resets(keepalive_origin):
            keepalive_origin.script(libkeepalive.testing.Answer(reset=True))
            with pytest.raises(libkeepalive.RemoteDisconnected):
                libkeepalive.get(keepalive_origin.url)
    """
    from ._origin import Origin

    with Origin() as origin:
        yield origin
