"""The servers that the tests talk to: the scripted origin, nginx and an asyncio server; clients and
event loops."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import uvloop

import libkeepalive

# The servers are here, wherever the machine's proxies would go.
for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
    del os.environ[name]

#: Runs a coroutine on an event loop.
Run = Callable[[Coroutine[Any, Any, Any]], Any]

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/support"))

import running_origin  # noqa: E402


class Origin(running_origin.Origin):
    """With the verdicts of the wire cases."""

    def judge(self, run: str, case: str, facts: dict[str, Any]) -> list[str]:
        """What is wrong with that; it also stands in the run's verdict."""
        url = f"{self.http}/_judge/{run}/{case}"
        return self.control.post(url, json=facts).raise_for_status().json()

    def verdict(self, run: str, over: str) -> dict[str, Any]:
        """Ends a run over `http`, `https` or both: its differences, and the cases it left out."""
        return self.ask(f"/_verdict/{run}?over={over}")


@pytest.fixture(scope="session")
def origin() -> Iterator[Origin]:
    with running_origin.running() as endpoints:
        yield Origin(endpoints)


@pytest.fixture
def client(origin: Origin) -> Iterator[libkeepalive.Client]:
    with libkeepalive.Client(ca_file=origin.ca_file) as client:
        yield client


@pytest.fixture
def aio(client: libkeepalive.Client) -> libkeepalive.AsyncClient:
    return client.aio


@pytest.fixture(params=[asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    return request.param


@dataclass
class Server:
    http: str
    https: str | None = None
    ca_file: str | None = None
    #: With TLS 1.3 and early data.
    early: str | None = None


NGINX = """
daemon off; pid {dir}/nginx.pid; error_log {dir}/error.log;
events {{ worker_connections 256; }}
http {{
    access_log off; keepalive_timeout 20s; keepalive_requests 1000;
    client_body_temp_path {dir}/body; proxy_temp_path {dir}/proxy; fastcgi_temp_path {dir}/fcgi;
    uwsgi_temp_path {dir}/uwsgi; scgi_temp_path {dir}/scgi;
    server {{
        listen unix:{dir}/ready.sock;
        listen 127.0.0.1:{port}; listen 127.0.0.1:{tls_port} ssl;
        ssl_certificate {dir}/cert.pem; ssl_certificate_key {dir}/key.pem;
        location /text {{ default_type text/plain; return 200 "hello from nginx\\n"; }}
        location /files {{ alias {dir}/files; gzip on; gzip_types text/plain; gzip_min_length 1; }}
        location /gone {{ return 404; }}
    }}
    server {{
        listen 127.0.0.1:{early_port} ssl;
        ssl_certificate {dir}/cert.pem; ssl_certificate_key {dir}/key.pem;
        ssl_protocols TLSv1.3; ssl_session_cache shared:sessions:1m; ssl_early_data on;
        location /session {{ return 200 "$ssl_early_data$ssl_session_reused"; }}
        location /late {{ if ($ssl_early_data) {{ return 425; }} return 200 "late"; }}
    }}
}}
"""


def free_ports(count: int) -> list[int]:
    import socket

    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


@pytest.fixture(scope="session")
def nginx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """nginx with a certificate of its own, plain and TLS."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    openssl = shutil.which("openssl")
    if program is None or openssl is None:
        pytest.fail("these tests need nginx and openssl: apt-get install nginx-light openssl")
    directory = tmp_path_factory.mktemp("nginx")
    # Workers of an nginx started by root run as another user.
    for path in [directory, *directory.parents][:3]:
        path.chmod(0o755)
    (directory / "files").mkdir()
    (directory / "files/big.txt").write_text("0123456789abcdef" * 20_000)
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
         "-keyout", "key.pem", "-out", "cert.pem", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
         "-addext", "basicConstraints=critical,CA:FALSE"],
        cwd=directory, check=True, capture_output=True,
    )  # fmt: skip
    port, tls_port, early_port = free_ports(3)
    config = directory / "nginx.conf"
    ports = {"port": port, "tls_port": tls_port, "early_port": early_port}
    config.write_text(NGINX.format(dir=directory, **ports))
    with subprocess.Popen([program, "-p", directory, "-c", config]) as process:
        try:
            wait_for_port(port, process)
            yield Server(
                f"http://127.0.0.1:{port}",
                f"https://localhost:{tls_port}",
                f"{directory}/cert.pem",
                f"https://localhost:{early_port}",
            )
        finally:
            process.terminate()


def wait_for_port(port: int, process: subprocess.Popen[bytes]) -> None:
    """Until somebody listens; the peer gives no other sign of being ready."""
    import socket
    import time

    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except ConnectionRefusedError:
            threading.Event().wait(0.01)
    pytest.fail("the server did not start")


@pytest.fixture(scope="session")
def asyncio_server() -> Iterator[Server]:
    """An HTTP/1.1 server on asyncio streams: GET answers the path, POST echoes a chunked body."""
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                method, path, _ = head.split("\r\n", 1)[0].split(" ")
                body = path.encode()
                if "transfer-encoding: chunked" in head.lower():
                    body = b""
                    while size := int(await reader.readuntil(b"\r\n"), 16):
                        body += (await reader.readexactly(size + 2))[:-2]
                    await reader.readexactly(2)
                elif "content-length: " in head.lower():
                    size = int(head.lower().split("content-length: ")[1].split("\r\n")[0])
                    body = await reader.readexactly(size)
                writer.write(
                    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                    + (b"%x\r\n%s\r\n" % (len(body), body) if body else b"")
                    + b"0\r\n\r\n"
                )
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    ready = threading.Event()
    state: dict[str, Any] = {}

    async def main() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        state["port"] = server.sockets[0].getsockname()[1]
        state["loop"] = asyncio.get_running_loop()
        state["stop"] = asyncio.Event()
        ready.set()
        await state["stop"].wait()
        server.close()

    thread = threading.Thread(target=asyncio.run, args=(main(),))
    thread.start()
    assert ready.wait(20)
    yield Server(f"http://127.0.0.1:{state['port']}")
    state["loop"].call_soon_threadsafe(state["stop"].set)
    thread.join(20)
