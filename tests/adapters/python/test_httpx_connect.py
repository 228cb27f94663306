"""CONNECT through httpx: the stream behind it is the caller's."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator

import pytest
from httpx_hosts import both_hosts, both_loops, run


class _Tunnel(socketserver.StreamRequestHandler):
    """Agrees to everything, and sends back what comes, the request line first."""

    def handle(self) -> None:
        line = self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        self.wfile.write(b"HTTP/1.1 200 Connected\r\n\r\n" + line)
        while data := self.request.recv(65536):
            self.wfile.write(data)


@pytest.fixture
def tunnel() -> Iterator[str]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Tunnel) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


LINE = b"CONNECT example.com:443 HTTP/1.1\r\n"
TARGET = {"target": b"example.com:443"}


@both_hosts
def test_connect(host, tunnel: str) -> None:
    with host.client() as client:
        with client.stream("CONNECT", tunnel, extensions=TARGET) as response:
            assert response.status_code == 200
            stream = response.extensions["network_stream"]
            stream.write(b"hello", timeout=5)
            got = b""
            while len(got) < len(LINE) + 5:
                got += stream.read(64, timeout=5)
            assert got == LINE + b"hello"
        # The response is over, and so is the connection.
        with pytest.raises(host.below.ReadError):
            stream.read(1, timeout=5)


@both_hosts
@both_loops
def test_connect_on_a_loop(host, loop: str, tunnel: str) -> None:
    async def work() -> None:
        async with host.aclient() as client:
            async with client.stream("CONNECT", tunnel, extensions=TARGET) as response:
                stream = response.extensions["network_stream"]
                got = b""
                while len(got) < len(LINE):
                    got += await stream.read(64, timeout=5)
                assert got == LINE

    run(loop, work)
