"""The scripted origin for the tests of the adapters."""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

# The servers are here, wherever the machine's proxies would go.
for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
    del os.environ[name]

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/support"))

import running_origin  # noqa: E402


class Origin(running_origin.Origin):
    """With the certificates that the adapters are given."""

    def __init__(self, endpoints: dict[str, str]) -> None:
        super().__init__(endpoints)
        self.mtls = endpoints["mtls"]
        self.server_cert = endpoints["server_cert_file"]
        self.server_key = endpoints["server_key_file"]
        self.client_cert = endpoints["client_cert_file"]
        self.client_key = endpoints["client_key_file"]


class _Forwarder(BaseHTTPRequestHandler):
    """A proxy as far as a client sees: says what it was asked for."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        said = {"target": self.path, "headers": list(self.headers.items())}
        body = json.dumps(said).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: Any) -> None:
        pass


@pytest.fixture(scope="session")
def proxy() -> Iterator[str]:
    """The URL of a proxy that answers itself, with JSON as the origin's ``/echo``."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Forwarder) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def origin() -> Iterator[Origin]:
    with running_origin.running() as endpoints:
        yield Origin(endpoints)


@pytest.fixture
def own_origin() -> Iterator[Origin]:
    """One that nobody asked before: it counts what this test does, and not what an earlier one gave up and the
    server reads when it gets to it."""
    with running_origin.running() as endpoints:
        yield Origin(endpoints)


@pytest.fixture
def silent() -> Iterator[str]:
    """The URL of a server that accepts and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
