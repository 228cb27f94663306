"""aiohttp with the middleware: trust, proxies, Unix sockets, resolvers, and what a connector says that cannot be kept."""

from __future__ import annotations

import asyncio
import base64
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver
from aiohttp.client_exceptions import UnixClientConnectorError

import libkeepalive
import libkeepalive.aiohttp


def mounted(client: Any = None, **options: Any) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(middlewares=[libkeepalive.aiohttp.middleware(client)], **options)


async def text(host: aiohttp.ClientSession, url: str, **options: Any) -> str:
    async with host.get(url, **options) as response:
        return await response.text()


def test_a_session_trusts_whom_it_is_told(own_origin):
    url = own_origin.https + "/ok"
    trusting = ssl.create_default_context(cafile=own_origin.ca_file)
    nobody = ssl.create_default_context()

    async def work() -> None:
        async with mounted() as host:
            for options in ({}, {"ssl": nobody}):
                with pytest.raises(aiohttp.ClientConnectorCertificateError) as raised:
                    await text(host, url, **options)
                assert isinstance(raised.value.__cause__, libkeepalive.ConnectError)
            for _ in range(2):
                assert await text(host, url, ssl=trusting) == "ok"
                assert await text(host, url, ssl=False) == "ok"
        async with mounted(connector=aiohttp.TCPConnector(ssl=trusting)) as host:
            assert await text(host, url) == "ok"
        async with mounted(libkeepalive.Client(ca_file=own_origin.ca_file)) as host:
            assert await text(host, url) == "ok"
            wrong = {"server_hostname": "wrong.example"}
            with pytest.raises(aiohttp.ClientConnectorCertificateError):
                await text(host, url, **wrong)

    asyncio.run(work())
    assert own_origin.connections()["requests"] == 6


@contextmanager
def proxy() -> Iterator[tuple[str, list[bytes]]]:
    """One that wants ``user:p@ss``, forwards and tunnels; with the heads that it got."""
    heads: list[bytes] = []
    wanted = b"Proxy-Authorization: Basic " + base64.b64encode(b"user:p@ss")

    def pump(source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def serve(client: socket.socket) -> None:
        with client:
            head = b""
            while b"\r\n\r\n" not in head:
                if not (data := client.recv(65536)):
                    return
                head += data
            heads.append(head)
            if wanted.lower() not in head.lower():
                client.sendall(
                    b"HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n"
                )
                return
            method, target, _ = head.split(b" ", 2)
            place = target if method == b"CONNECT" else target.split(b"/", 3)[2]
            name, _, port = place.decode().rpartition(":")
            with socket.create_connection((name, int(port))) as upstream:
                if method == b"CONNECT":
                    client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                else:
                    upstream.sendall(head.replace(b"http://" + place, b"", 1))
                back = threading.Thread(target=pump, args=(upstream, client), daemon=True)
                back.start()
                pump(client, upstream)
                back.join(5)

    listener = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(client,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    yield f"127.0.0.1:{listener.getsockname()[1]}", heads
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


def test_proxies_are_those_of_the_request(origin):
    async def work(place: str) -> None:
        async with mounted() as host:
            url = f"http://user:p%40ss@{place}"
            assert await text(host, origin.http + "/ok", proxy=url) == "ok"
            headers = {"Proxy-Authorization": aiohttp.encode_basic_auth("user", "p@ss"), "X-P": "1"}
            https = {"proxy": f"http://{place}", "proxy_headers": headers, "ssl": False}
            assert await text(host, origin.https + "/ok", **https) == "ok"
            with pytest.raises(aiohttp.ClientHttpProxyError) as raised:
                await text(host, origin.https + "/ok", proxy=f"http://{place}", ssl=False)
            assert raised.value.status == 407
            with pytest.raises(aiohttp.ClientProxyConnectionError):
                await text(host, origin.http + "/ok", proxy="http://127.0.0.1:1")
            with pytest.raises(aiohttp.InvalidURL):
                await text(host, origin.http + "/ok", proxy="nothing")

    with proxy() as (place, heads):
        asyncio.run(work(place))
    assert heads[0].startswith(b"GET http://127.0.0.1:")
    assert heads[1].startswith(b"CONNECT localhost:") and b"X-P: 1" in heads[1]


def test_the_environments_proxies_are_the_sessions_affair(origin, monkeypatch):
    async def work(trust_env: bool) -> str:
        async with mounted(trust_env=trust_env) as host:
            return await text(host, origin.http + "/ok")

    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert asyncio.run(work(False)) == "ok"
    with pytest.raises(aiohttp.ClientProxyConnectionError):
        asyncio.run(work(True))


def test_a_unix_connector_keeps_its_path(tmp_path):
    path = str(tmp_path / "http.sock")

    async def work() -> None:
        async def index(request: web.Request) -> web.Response:
            return web.Response(text=request.path)

        app = web.Application()
        app.router.add_get("/{name}", index)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.UnixSite(runner, path).start()
        async with mounted(connector=aiohttp.UnixConnector(path)) as host:
            assert await text(host, "http://anything/hello") == "/hello"
            assert await text(host, "unix://localhost/again") == "/again"
        await runner.cleanup()
        async with mounted(connector=aiohttp.UnixConnector(path + "x")) as host:
            with pytest.raises(UnixClientConnectorError):
                await text(host, "http://anything/")

    asyncio.run(work())


class Resolver(AbstractResolver):
    """Knows one name."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def resolve(self, host: str, port: int = 0, family: Any = 0) -> list[Any]:
        self.asked.append(host)
        if host != "known.example":
            raise OSError("not allowed")
        return [
            {
                "hostname": host,
                "host": "127.0.0.1",
                "port": port,
                "family": socket.AF_INET,
                "proto": 0,
                "flags": 0,
            }
        ]

    async def close(self) -> None:
        pass


def test_a_resolver_of_its_own_is_asked(origin):
    port = origin.http.rpartition(":")[2]
    resolver = Resolver()

    async def work() -> None:
        async with mounted(connector=aiohttp.TCPConnector(resolver=resolver)) as host:
            for _ in range(2):
                seen = await (await host.get(f"http://known.example:{port}/echo")).json()
                assert ["Host", f"known.example:{port}"] in seen["headers"]
            with pytest.raises(aiohttp.ClientConnectorDNSError):
                await text(host, f"http://localhost:{port}/ok")

    asyncio.run(work())
    assert set(resolver.asked) == {"known.example", "localhost"}


class Dialling(aiohttp.TCPConnector):
    async def connect(self, *arguments: Any, **options: Any) -> Any:
        raise AssertionError("not called")


REFUSED: list[tuple[Any, dict[str, Any], str]] = [
    (lambda: aiohttp.TCPConnector(family=socket.AF_INET), {}, "family="),
    (lambda: aiohttp.TCPConnector(socket_factory=lambda _info: None), {}, "socket_factory"),
    (lambda: aiohttp.TCPConnector(local_addr=("127.0.0.1", 9)), {}, "local_addr"),
    (Dialling, {}, "Dialling has a connect"),
    (aiohttp.TCPConnector, {"ssl": aiohttp.Fingerprint(b"x" * 32)}, "Fingerprint"),
]


@pytest.mark.parametrize(("connector", "options", "reason"), REFUSED)
def test_what_cannot_be_kept_is_refused_before_a_byte_is_sent(origin, connector, options, reason):
    async def work() -> None:
        async with mounted(connector=connector()) as host:
            with pytest.raises(ValueError, match=reason):
                await text(host, origin.https + "/ok", **options)

    origin.reset()
    asyncio.run(work())
    assert origin.connections()["opened"] == 0


def test_other_things_that_are_refused(origin):
    async def work() -> None:
        async with mounted(version=aiohttp.HttpVersion10) as host:
            with pytest.raises(ValueError, match="HTTP/1.1, not 1.0"):
                await text(host, origin.http + "/ok")

        async def second(request: Any, handler: Any) -> Any:
            raise AssertionError("not called")

        ours = libkeepalive.aiohttp.middleware()
        async with aiohttp.ClientSession(middlewares=[ours, second]) as host:
            with pytest.raises(RuntimeError, match="has to be the last of the middlewares"):
                await text(host, origin.http + "/ok")

    asyncio.run(work())
    with pytest.raises(TypeError, match="client: expected a libkeepalive.Client"):
        libkeepalive.aiohttp.middleware("http://x")  # type: ignore[arg-type]


def test_a_middleware_before_ours_sees_and_changes_requests(origin):
    async def adds(request: aiohttp.ClientRequest, handler: Any) -> aiohttp.ClientResponse:
        request.headers["X-Added"] = "1"
        await request.update_body(b"other")
        return await handler(request)

    async def work() -> Any:
        chain = [adds, libkeepalive.aiohttp.middleware()]
        async with aiohttp.ClientSession(middlewares=chain) as host:
            async with host.post(origin.http + "/echo", data=b"body") as response:
                return await response.json()

    seen = asyncio.run(work())
    assert ["X-Added", "1"] in seen["headers"]
    assert base64.b64decode(seen["body_b64"]) == b"other"


def test_an_upload_tracker_counts(origin):
    async def work() -> tuple[int, int, bool]:
        tracker = aiohttp.UploadTracker()
        async with mounted() as host:
            await host.post(origin.http + "/echo-body", data=b"x" * 100_000, upload_tracker=tracker)
        return tracker.attempts, tracker.bytes_written, tracker.upload_complete.done()

    assert asyncio.run(work()) == (1, 100_000, True)
