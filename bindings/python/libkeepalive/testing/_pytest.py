"""Fixtures for pytest."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ._origin import Origin


@pytest.fixture
def keepalive_origin() -> Iterator[Origin]:
    """An ``Origin`` that is closed at the end of the test."""
    with Origin() as origin:
        yield origin
