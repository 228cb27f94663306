"""The scripted origin for the tests of the adapters."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

import libkeepalive

# The servers are here, wherever the machine's proxies would go.
for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
    del os.environ[name]

ROOT = Path(__file__).resolve().parents[3]


class Origin:
    """A running origin and its control paths (tests/origin/README.md)."""

    def __init__(self, endpoints: dict[str, str]) -> None:
        self.http = endpoints["http"]
        self.https = endpoints["https"]
        self.ca_file = endpoints["ca_file"]
        self.mtls = endpoints["mtls"]
        self.server_cert = endpoints["server_cert_file"]
        self.server_key = endpoints["server_key_file"]
        self.client_cert = endpoints["client_cert_file"]
        self.client_key = endpoints["client_key_file"]
        self.control = libkeepalive.Client(timeout=20, trust_env=False)

    def ask(self, path: str, method: str = "GET") -> Any:
        """Asks a control path; its answer as JSON."""
        return self.control.request(method, self.http + path).raise_for_status().json()

    def connections(self) -> dict[str, int]:
        """What the origin has counted since the last reset."""
        return self.ask("/_connections")

    def reset(self) -> None:
        self.control.post(self.http + "/_reset").raise_for_status()


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
    binary = Path(os.environ.get("KEEPALIVE_ORIGIN", ROOT / "target/debug/keepalive-origin"))
    if not binary.exists():
        pytest.exit(f"{binary} is missing; build it with: cargo build -p keepalive-origin", 3)
    with subprocess.Popen([binary], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin and process.stdout
        yield Origin(json.loads(process.stdout.readline()))
        process.stdin.close()
        assert process.wait(timeout=20) == 0


@pytest.fixture
def silent() -> Iterator[str]:
    """The URL of a server that accepts and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
