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
    """A ``MockTransport``; the test fails if a route of it was not called."""
    from ._mock import MockTransport

    with MockTransport() as mock:
        yield mock


@pytest.fixture
def keepalive_origin() -> Iterator[Origin]:
    """An ``Origin`` that is closed at the end of the test."""
    from ._origin import Origin

    with Origin() as origin:
        yield origin
