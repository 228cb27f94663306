"""What is done for connections, names and responses while nobody calls; second tries; the exit."""

from __future__ import annotations

import asyncio
import socket
import ssl
import subprocess
import sys
import threading
import uuid
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import libkeepalive
from helpers import eventually


class Names:
    """A file for the option ``resolve`` in which one name moves."""

    def __init__(self, file: Path, port: int) -> None:
        self.file = file
        self.port = port
        self.url = f"http://app.test:{port}"

    def points_to(self, address: str) -> None:
        following = self.file.with_suffix(".next")
        following.write_text(f"app.test:{self.port}:{address}\n")
        following.rename(self.file)


@pytest.fixture
def names(origin, tmp_path) -> Names:
    names = Names(tmp_path / "addresses", urlsplit(origin.http).port)
    names.points_to("127.0.0.1")
    return names


def test_connections_follow_a_name_that_moves(names):
    with libkeepalive.Client(resolve=f"@{names.file}", dns_ttl=0.15) as client:
        assert client.get(names.url + "/ok").text == "ok"
        (only,) = client.stats().origins
        assert only.addresses == ["127.0.0.1"]
        names.points_to("127.0.0.2")
        stats = eventually(client, lambda stats: stats.closed.get("dns_changed") == 1)
        assert stats.idle == 0
        # Nobody listens there: the new address gets the new dial.
        with pytest.raises(libkeepalive.ConnectError, match=r"app\.test"):
            client.get(names.url + "/ok")


def test_names_can_be_given_addresses(names):
    with libkeepalive.Client(resolve=f"app.test:{names.port}:127.0.0.1") as client:
        assert client.get(names.url + "/ok").text == "ok"
    with pytest.raises(libkeepalive.InvalidArgument, match="option resolve"):
        libkeepalive.Client(resolve="app.test")


def test_an_unread_response_is_given_up(origin):
    with libkeepalive.Client(body_idle_timeout=0.08) as client:
        with client.stream("GET", origin.http + "/bytes/20000000") as response:
            eventually(client, lambda s: s.closed.get("body_idle_timeout") == 1 and s.active == 0)
            with pytest.raises(libkeepalive.InvalidState, match="body_idle_timeout"):
                response.read()


def test_asyncio_unread_responses_and_warming(origin):
    async def main() -> None:
        async with libkeepalive.AsyncClient(body_idle_timeout=0.08) as client:
            assert await client.warm(origin.http, 2) == 2
            assert await client.warm(origin.http, 2) == 0
            assert client.stats().idle == 2
            async with client.stream("GET", origin.http + "/bytes/20000000") as response:
                while client.stats().closed.get("body_idle_timeout") != 1:
                    await asyncio.sleep(0.002)
                with pytest.raises(libkeepalive.InvalidState, match="body_idle_timeout"):
                    await response.aread()
            with pytest.raises(libkeepalive.InvalidURL):
                await client.warm("nowhere")
            with pytest.raises(libkeepalive.ConnectError):
                await client.warm("http://127.0.0.1:1")
            client.reset_breaker(origin.http)
            client.network_changed()
            assert client.stats().idle == 0

    asyncio.run(asyncio.wait_for(main(), 30))


@pytest.mark.parametrize("form", ["sync", "asyncio"])
def test_a_late_answer_gets_a_second_try(origin, form):
    origin.reset()

    def release() -> None:
        try:
            # Both tries wait for their answers, whichever will be first.
            origin.ask("/_gate/hedge/wait?n=2&ms=15000")
        finally:
            origin.ask("/_gate/hedge/open")

    # How fast an origin answers is known to the whole process. Of this name nobody knows it: until 20
    # answers have come nothing is late, and each of the two connections is kept for the test.
    name, port = f"{uuid.uuid4().hex}.test", origin.http.rsplit(":", 1)[1]
    base = f"http://{name}:{port}"

    async def ask(client: libkeepalive.Client) -> libkeepalive.Response:
        return await client.aio.get(base + "/gate/hedge")

    with libkeepalive.Client(hedge=True, resolve=f"{name}:{port}:127.0.0.1") as client:
        client.warm(base, 2)
        for _ in range(20):
            client.get(base + "/ok")
        releasing = threading.Thread(target=release)
        releasing.start()
        if form == "sync":
            response = client.get(base + "/gate/hedge")
        else:
            response = asyncio.run(ask(client))
        releasing.join()
        assert response.info.hedged and response.info.hedge_won in (True, False)
        stats = client.stats()
        assert (stats.hedged, stats.closed["hedge_lost"]) == (1, 1)


def test_servers_are_told_at_exit(origin):
    """TLS close_notify, not a cut: OpenSSL tells the two apart."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    endpoints = origin.endpoints
    context.load_cert_chain(endpoints["server_cert_file"], endpoints["server_key_file"])
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"https://localhost:{listener.getsockname()[1]}/"
        program = "import sys, libkeepalive as k; k.Client.shared(); c = k.Client(ca_file=sys.argv[2]); c.get(sys.argv[1])"
        arguments = [sys.executable, "-c", program, url, origin.ca_file]
        with subprocess.Popen(arguments) as process:
            listener.settimeout(20)
            plain, _ = listener.accept()
            plain.settimeout(20)
            with context.wrap_socket(
                plain, server_side=True, suppress_ragged_eofs=False
            ) as connection:
                assert connection.recv(4096)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                assert connection.recv(4096) == b""
                # Not waited for: this server does not close.
                assert process.wait(timeout=20) == 0
