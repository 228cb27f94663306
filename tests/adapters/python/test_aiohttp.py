"""aiohttp with the middleware beside aiohttp alone: what a program sees is the same."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web

import libkeepalive
import libkeepalive.aiohttp


def session(with_us: bool, **options: Any) -> aiohttp.ClientSession:
    middlewares = [libkeepalive.aiohttp.middleware()] if with_us else []
    return aiohttp.ClientSession(middlewares=middlewares, **options)


async def outcome(host: aiohttp.ClientSession, method: str, url: str, **options: Any) -> Any:
    """What a request comes to: of a response all that is told of it, of a failure its class."""
    try:
        async with host.request(method, url, **options) as response:
            body = await response.read()
            return (
                (response.status, response.reason, response.version, response.ok),
                [name for name, _ in response.raw_headers],
                {name: response.headers.get(name) for name in ("Content-Type", "Content-Length")},
                (response.content_type, str(response.url.path), response.connection),
                [past.status for past in response.history],
                body,
            )
    except Exception as error:
        return type(error)


def both(work: Any) -> tuple[Any, Any]:
    """What ``work(with_us)`` gives without and with the middleware."""
    return asyncio.run(work(False)), asyncio.run(work(True))


async def pieces() -> AsyncIterator[bytes]:
    for number in range(5):
        yield b"%d" % number * 1000


CASES: list[tuple[str, str, dict[str, Any]]] = [
    ("GET", "/ok", {}),
    ("GET", "/json", {"headers": {"X-A": "é", "Accept": "a/b"}}),
    ("GET", "/bytes/300000", {}),
    ("GET", "/bytes/0", {}),
    ("GET", "/chunked/300000", {}),
    ("GET", "/close-delimited/3000", {}),
    ("GET", "/gzip", {}),
    ("GET", "/gzip?chunked=1", {}),
    ("GET", "/deflate", {}),
    ("GET", "/deflate-raw", {}),
    ("GET", "/gzip?bad=1", {}),
    ("GET", "/gzip", {"auto_decompress": False}),
    ("GET", "/compressible", {"skip_auto_headers": ["Accept-Encoding", "User-Agent"]}),
    ("GET", "/redirect/302?n=2", {}),
    ("GET", "/redirect/307?n=1", {"allow_redirects": False}),
    ("POST", "/redirect/303?n=1", {"data": b"abc"}),
    ("GET", "/redirect/302?n=30", {}),
    ("GET", "/status/404", {}),
    ("GET", "/status/404", {"raise_for_status": True}),
    ("GET", "/status/204", {}),
    ("GET", "/status/304", {}),
    ("HEAD", "/head-only", {}),
    ("GET", "/informational?n=3", {}),
    ("GET", "/trailers", {}),
    ("POST", "/echo-body", {"data": b"abc"}),
    ("POST", "/echo-body", {"data": ""}),
    ("POST", "/echo-body", {}),
    ("POST", "/echo-body", {"data": "text"}),
    ("POST", "/echo-body", {"json": {"a": 1}}),
    ("POST", "/echo-body", {"data": {"a": "b c"}}),
    ("POST", "/echo-body", {"data": b"abc" * 100, "compress": "gzip"}),
    ("POST", "/echo-body", {"data": b"abc", "chunked": True}),
    ("PUT", "/echo-body", {"data": b"abc", "expect100": True}),
    ("POST", "/early?status=413", {"data": b"x" * 100}),
    ("GET", "/auth", {"headers": {"Authorization": "Bearer x"}}),
    ("GET", "/close", {}),
    ("POST", "/close", {"data": b"x"}),
    ("GET", "/reset", {}),
    ("GET", "/stall", {"timeout": aiohttp.ClientTimeout(sock_read=0.1)}),
    ("GET", "/stall", {"timeout": aiohttp.ClientTimeout(total=0.1)}),
    ("GET", "/stall-body?n=9&sent=5", {"timeout": aiohttp.ClientTimeout(sock_read=0.1)}),
    ("GET", "/stall-body?n=9&sent=5", {"timeout": aiohttp.ClientTimeout(total=0.1)}),
    ("DELETE", "/ok", {"params": {"a": "b c"}}),
    ("OPTIONS", "/ok", {}),
]


@pytest.mark.parametrize(("method", "path", "options"), CASES)
def test_a_request_comes_to_the_same(origin, method, path, options):
    async def work(with_us: bool) -> Any:
        async with session(with_us) as host:
            return await outcome(host, method, origin.http + path, **options)

    plain, ours = both(work)
    assert ours == plain


def test_what_is_sent_is_the_same(origin):
    url = aiohttp.client.URL(origin.http + "/echo?a='b'&c=%2f../d", encoded=True)

    async def work(with_us: bool) -> Any:
        async with session(with_us, cookies={"k": "v"}, headers={"X-A": "1"}) as host:
            sent = []
            for options in [
                {},
                {"data": pieces()},
                {"data": aiohttp.FormData({"a": "b"})},
                {"headers": {"Connection": "close", "x-odd-CASE": "é"}},
                {"auth_header": True},
            ]:
                if options.pop("auth_header", False):
                    options["headers"] = {"Authorization": aiohttp.encode_basic_auth("u", "p")}
                async with host.post(url, **options) as response:
                    seen = await response.json()
                    sent.append([seen[name] for name in ("method", "target", "version", "body_b64")])
                    sent.append(sorted(map(tuple, seen["headers"])))
            return sent

    plain, ours = both(work)
    assert ours == plain
    assert ours[0][1] == "/echo?a='b'&c=%2f../d"


MISTAKES: list[dict[str, Any]] = [
    {"url": "http://127.0.0.1:1/"},
    {"url": "http://no.such.host.invalid/"},
    {"url": "http:///path"},
    {"url": "nonsense"},
    {"url": "ftp://127.0.0.1/"},
    {"url": "{https}/ok"},
    {"url": "{tls_to_plain}/ok"},
    {"url": "{wrong_host}/ok"},
    {"headers": {"X-A": "a\r\nb"}},
    {"headers": {"X-A": "a\0b"}},
    {"method": "GE\r\nT"},
    {"headers": {"Content-Length": "x"}, "method": "POST", "data": b"a"},
    {"data": b"a", "json": 1},
    {"data": 7, "method": "POST"},
    {"proxy": "http://127.0.0.1:1"},
    {"proxy": "{http}", "url": "{https}/ok"},
    {"url": "{http}/wire/bad"},
    {"timeout": aiohttp.ClientTimeout(sock_connect=0.1), "url": "http://10.255.255.1/"},
    {"ssl": "yes"},
    {"params": {"a": object()}},
    {"headers": {"Content-Encoding": "gzip"}, "compress": True, "data": b"a", "method": "POST"},
    {"headers": {"Transfer-Encoding": "chunked"}, "chunked": True, "data": b"a", "method": "POST"},
    {"cookies": {"a b": "c"}},
    {"auto": "nothing"},
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=str)
def test_a_mistake_has_the_same_class(origin, mistake):
    places = {
        "http": origin.http,
        "https": origin.https,
        "wrong_host": origin.https.replace("localhost", "127.0.0.1"),
        "tls_to_plain": origin.http.replace("http:", "https:"),
    }
    options = {
        name: value.format(**places) if isinstance(value, str) and "{" in value else value
        for name, value in mistake.items()
    }
    method, url = options.pop("method", "GET"), options.pop("url", origin.http + "/ok")

    async def work(with_us: bool) -> Any:
        async with session(with_us) as host:
            return await outcome(host, method, url, **options)

    plain, ours = both(work)
    assert ours == plain


def test_a_source_that_fails(origin):
    async def failing(error: Exception) -> AsyncIterator[bytes]:
        yield b"a"
        raise error

    async def work(with_us: bool) -> Any:
        async with session(with_us) as host:
            url = origin.http + "/echo-body"
            errors: list[Exception] = [ValueError("x"), OSError(5, "x"), RuntimeError("x")]
            return [await outcome(host, "POST", url, data=failing(error)) for error in errors]

    plain, ours = both(work)
    assert ours == plain


def test_loops_and_threads_share_one_pool(own_origin):
    mount = libkeepalive.aiohttp.middleware()

    async def work() -> None:
        async with aiohttp.ClientSession(middlewares=[mount]) as host:
            for _ in range(20):
                async with host.get(own_origin.http + "/ok") as response:
                    await response.read()

    asyncio.run(work())
    one_after_the_other = own_origin.connections()["opened"]
    threads = [threading.Thread(target=asyncio.run, args=(work(),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # As many as were at work at a time: a pool for each loop and session would have opened five.
    assert one_after_the_other <= 1
    assert own_origin.connections()["opened"] <= 4
    assert own_origin.connections()["requests"] == 100


def test_a_stream_is_read_as_far_as_there_is_room(origin):
    origin.reset()

    async def work() -> None:
        async with session(True, read_bufsize=1024) as host, host.get(
            origin.http + "/endless/plain"
        ) as response:
            assert response.connection is not None
            assert response.connection.transport.get_extra_info("peername")[1]
            assert len(await response.content.readexactly(5000)) == 5000
            async with host.get(origin.http + "/ok") as other:
                assert await other.text() == "ok"
            # What the stream may hold, and a piece of the engine's.
            assert response.content.total_bytes < 5000 + 2048 + 2 * 256 * 1024
        assert response.closed and response.connection is None

    asyncio.run(work())


def test_server_sent_lines_come_as_they_are_sent(origin):
    async def work() -> None:
        async with session(True) as host, host.get(
            origin.http + "/gate-body/lines?n=10&sent=5"
        ) as response:
            assert await response.content.readany() == bytes(range(5))
            async with host.get(origin.http + "/_gate/lines/open") as opened:
                await opened.read()
            assert await response.content.read() == bytes(range(5, 10))
            assert response.connection is None

    asyncio.run(work())


def test_the_limits_of_the_connector_hold(origin):
    origin.reset()

    async def work() -> list[Any]:
        connector = aiohttp.TCPConnector(limit=2)
        async with session(True, connector=connector) as host:

            async def get() -> Any:
                return await outcome(host, "GET", origin.http + "/gate/limit")

            async def ask(path: str) -> Any:
                async with aiohttp.ClientSession() as plain, plain.get(origin.http + path) as answer:
                    return await answer.text()

            waiting = [asyncio.create_task(get()) for _ in range(5)]
            await ask("/_gate/limit/wait?n=2")
            timeout = aiohttp.ClientTimeout(connect=0.05)
            late = await outcome(host, "GET", origin.http + "/ok", timeout=timeout)
            assert late is aiohttp.ConnectionTimeoutError
            held = len(connector._acquired)
            await ask("/_gate/limit/open")
            assert [found[0][0] for found in await asyncio.gather(*waiting)] == [200] * 5
            assert not connector._acquired
            return [held]

    assert asyncio.run(work()) == [2]
    assert origin.connections()["opened"] <= 2


def test_closing_the_session_ends_what_is_under_way(origin):
    async def work() -> None:
        host = session(True)
        response = await host.get(origin.http + "/stall-body?n=10&sent=5")
        reading = asyncio.create_task(response.read())
        await asyncio.sleep(0)
        await host.close()
        with pytest.raises(aiohttp.ClientError):
            await reading
        with pytest.raises(RuntimeError, match="Session is closed"):
            await host.get(origin.http + "/ok")

    asyncio.run(work())


def test_tracing_gets_its_events(origin):
    async def work(with_us: bool) -> list[str]:
        events: list[str] = []
        config = aiohttp.TraceConfig()
        for name in dir(config):
            if name.startswith("on_"):

                async def note(_session: Any, _context: Any, _params: Any, name: str = name) -> None:
                    events.append(name)

                getattr(config, name).append(note)
        async with session(with_us, trace_configs=[config]) as host:
            for _ in range(2):
                async with host.post(origin.http + "/echo-body", data=pieces()) as response:
                    await response.read()
        return events

    _, ours = both(work)
    expected = {
        "on_request_start",
        "on_request_headers_sent",
        "on_request_chunk_sent",
        "on_response_chunk_received",
        "on_request_end",
    }
    assert expected <= set(ours)
    assert ours.count("on_request_chunk_sent") == 10
    assert ours.count("on_connection_reuseconn") + ours.count("on_connection_create_end") == 2


def test_cookies_are_the_sessions(origin):
    async def work(with_us: bool) -> list[str]:
        async with session(with_us, cookie_jar=aiohttp.CookieJar(unsafe=True)) as host:
            seen = []
            for path in ["/cookies?set=a=b", "/cookies"]:
                async with host.get(origin.http + path) as response:
                    seen.append(await response.text())
                    seen.append(str(response.cookies))
            return seen

    plain, ours = both(work)
    assert ours == plain
    assert libkeepalive.Client.shared().cookies is None or not len(ours[0].strip("-"))


def test_websockets_go_by_the_connector():
    async def work(with_us: bool) -> Any:
        async def echo(request: web.Request) -> web.WebSocketResponse:
            socket = web.WebSocketResponse()
            await socket.prepare(request)
            async for message in socket:
                await socket.send_str(message.data + "!")
            return socket

        app = web.Application()
        app.router.add_get("/", echo)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        try:
            async with session(with_us) as host, host.ws_connect(
                f"http://127.0.0.1:{port}/"
            ) as socket:
                await socket.send_str("hello")
                return (await socket.receive()).data
        finally:
            await runner.cleanup()

    assert both(work) == ("hello!", "hello!")


def test_without_aiohttp_the_extra_is_named(tmp_path):
    import subprocess
    import sys

    program = (
        "import sys; sys.modules['aiohttp'] = None\n"
        "try: import libkeepalive.aiohttp\n"
        "except ImportError as error: print(error)"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "pip install 'libkeepalive[aiohttp]'" in ran.stdout
