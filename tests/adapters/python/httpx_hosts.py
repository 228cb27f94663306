"""Both generations of httpx, with the adapter of each, for tests that hold for both."""

from __future__ import annotations

import importlib
from collections.abc import Awaitable, Callable
from types import ModuleType
from typing import Any

import anyio
import pytest


class Host:
    """A host and its adapter."""

    def __init__(self, name: str, below: str) -> None:
        self.name = name
        self.module: ModuleType = importlib.import_module(name)
        self.below: ModuleType = importlib.import_module(below)
        self.adapter: Any = importlib.import_module(f"libkeepalive.{name}")

    def client(self, *, transport: dict[str, Any] | None = None, **options: Any) -> Any:
        """A client of the host's over the adapter; ``transport`` are the adapter's arguments."""
        return self.module.Client(transport=self.adapter.Transport(**transport or {}), **options)

    def aclient(self, *, transport: dict[str, Any] | None = None, **options: Any) -> Any:
        return self.module.AsyncClient(
            transport=self.adapter.AsyncTransport(**transport or {}), **options
        )

    def __repr__(self) -> str:
        return self.name


HOSTS = [Host("httpx", "httpcore"), Host("httpx2", "httpcore2")]

both_hosts = pytest.mark.parametrize("host", HOSTS, ids=repr)
both_loops = pytest.mark.parametrize("loop", ["asyncio", "trio"])


def run(loop: str, work: Callable[[], Awaitable[Any]]) -> Any:
    return anyio.run(work, backend=loop)
