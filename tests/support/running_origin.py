"""The scripted origin (tests/origin/README.md) for the tests in Python: started, asked and ended."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import libkeepalive

ROOT = Path(__file__).resolve().parents[2]


@contextlib.contextmanager
def running() -> Iterator[dict[str, str]]:
    """A new one: its endpoints and files by their names. It ends with the block, and without an error."""
    binary = Path(os.environ.get("KEEPALIVE_ORIGIN", ROOT / "target/debug/keepalive-origin"))
    if not binary.exists():
        pytest.exit(f"{binary} is missing; build it with: cargo build -p keepalive-origin", 3)
    with subprocess.Popen([binary], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin and process.stdout
        yield json.loads(process.stdout.readline())
        process.stdin.close()
        assert process.wait(timeout=20) == 0


class Origin:
    """A running origin and its control paths."""

    def __init__(self, endpoints: dict[str, str]) -> None:
        self.endpoints = endpoints
        self.http = endpoints["http"]
        self.https = endpoints["https"]
        self.ca_file = endpoints["ca_file"]
        self.control = libkeepalive.Client(timeout=20, trust_env=False)

    def ask(self, path: str, method: str = "GET") -> Any:
        """Asks a control path; its answer as JSON, if it is some."""
        response = self.control.request(method, self.http + path).raise_for_status()
        try:
            return response.json()
        except ValueError:
            return response.text

    def connections(self) -> dict[str, int]:
        """What it has counted since the last reset."""
        return self.ask("/_connections")

    def reset(self) -> None:
        self.ask("/_reset", "POST")
