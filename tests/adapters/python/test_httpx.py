"""The transports for httpx and httpx2: what is sent, what comes back, and which pool it goes by."""

from __future__ import annotations

import asyncio
import base64
import subprocess
import sys
import threading
from contextlib import aclosing
from itertools import count
from pathlib import Path
from typing import Any

import anyio
import pytest
from httpx_hosts import HOSTS, both_hosts, both_loops, run


own_pools = count(1000)


def own_pool(host: Any) -> dict[str, Any]:
    """Arguments that no other transport has, so that its pool is empty."""
    return {"limits": host.module.Limits(max_connections=next(own_pools))}


def sent(response: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in response.json()["headers"]}


def body_of(response: Any) -> bytes:
    return base64.b64decode(response.json()["body_b64"])


@both_hosts
def test_the_host_decides_what_is_sent(host, origin) -> None:
    with host.client() as ours, host.module.Client(trust_env=False) as theirs:
        for method, arguments in [
            ("GET", {}),
            ("GET", {"headers": {"X-A": "1", "x-a": "2", "Connection": "close"}}),
            ("HEAD", {}),
            ("POST", {}),
            ("POST", {"content": b"abc"}),
            ("POST", {"json": {"a": [1, "é"]}}),
            ("PUT", {"data": {"a": "1", "b": ["2", "3"]}}),
            ("PATCH", {"content": "text"}),
            ("QUERY", {"content": b"select"}),
            ("OPTIONS", {}),
        ]:
            mine = ours.request(method, origin.http + "/echo?q='a/../b'&%2f", **arguments)
            other = theirs.request(method, origin.http + "/echo?q='a/../b'&%2f", **arguments)
            assert mine.status_code == other.status_code == 200
            assert mine.http_version == "HTTP/1.1"
            assert mine.reason_phrase == other.reason_phrase
            if method != "HEAD":
                for key in ("method", "target", "version", "body_b64"):
                    assert mine.json()[key] == other.json()[key], (method, key)
                assert sorted(mine.json()["headers"]) == sorted(other.json()["headers"])


@both_hosts
def test_fields_that_the_caller_removed_are_not_sent(host, origin) -> None:
    with host.client() as client:
        request = client.build_request("GET", origin.http + "/echo")
        for name in ("accept", "accept-encoding", "user-agent", "connection"):
            del request.headers[name]
        assert [name for name, _ in client.send(request).json()["headers"]] == ["Host"]


@both_hosts
def test_targets_are_sent_byte_for_byte(host, origin) -> None:
    with host.client() as client:
        for target in ("/echo?a=%2f%2F", "/echo?X='a/../b'", "/echo?%7E~"):
            assert client.get(origin.http + target).json()["target"] == target
        url = host.module.URL(origin.http).copy_with(raw_path=b"/echo?../x")
        assert client.get(url).json()["target"] == "/echo?../x"
        own = client.get(origin.http + "/x", extensions={"target": b"/echo?own"})
        assert own.json()["target"] == "/echo?own"
        named = origin.http.replace("//", "//user:secret@")
        assert sent(client.get(named + "/echo"))["authorization"].startswith("Basic ")
        # Who asks is the host's to say, whatever the URL has.
        assert "authorization" not in sent(client.get(named + "/echo", auth=host.module.Auth()))


@both_hosts
def test_bodies_stay_as_they_come(host, origin) -> None:
    with host.client() as client:
        with client.stream("GET", origin.http + "/gzip") as response:
            raw = b"".join(response.iter_raw())
            assert len(raw) == int(response.headers["content-length"]) == response.num_bytes_downloaded
        response = client.get(origin.http + "/gzip")
        assert response.content == client.get(origin.http + "/compressible").content
        assert response.num_bytes_downloaded == len(raw)
        assert client.get(origin.http + "/trailers").status_code == 200
        assert client.get(origin.http + "/close-delimited/1000").num_bytes_downloaded == 1000
        assert client.head(origin.http + "/head-only").headers["content-length"] == "1000"


@both_hosts
def test_redirects_cookies_and_auth_are_the_hosts(host, origin) -> None:
    with host.client() as client:
        response = client.get(origin.http + "/redirect/302?n=2")
        assert response.status_code == 302 and response.next_request is not None
        followed = client.get(origin.http + "/redirect/302?n=2", follow_redirects=True)
        assert followed.text == "ok" and len(followed.history) == 3
        client.get(origin.http + "/cookies", params={"set": "a=1; Path=/"})
        assert client.cookies["a"] == "1"
        assert sent(client.get(origin.http + "/echo"))["cookie"] == "a=1"
    with host.client() as other:
        assert "cookie" not in sent(other.get(origin.http + "/echo"))


@both_hosts
def test_request_bodies_of_every_kind(host, origin, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"x" * 300_000)
    with host.client() as client:
        url = origin.http + "/echo"
        pieces = client.post(url, content=iter([b"a", b"", b"bc"]))
        assert body_of(pieces) == b"abc" and sent(pieces)["transfer-encoding"] == "chunked"
        known = client.post(url, content=iter([b"ab", b"c"]), headers={"Content-Length": "3"})
        assert body_of(known) == b"abc" and "transfer-encoding" not in sent(known)
        with file.open("rb") as opened:
            assert client.post(origin.http + "/upload-count", content=opened).text == "300000"
        with file.open("rb") as opened:
            form = client.post(url, files={"f": opened}, data={"a": "1"})
        assert body_of(form).count(b"x" * 300_000) == 1
        assert int(sent(form)["content-length"]) == len(body_of(form))

        def failing() -> Any:
            yield b"a"
            raise KeyError("the source's own")

        with pytest.raises(KeyError, match="the source's own"):
            client.post(url, content=failing())
        assert client.get(url).status_code == 200


@both_hosts
@both_loops
def test_asynchronous_bodies(host, loop, origin) -> None:
    async def work() -> None:
        async with host.aclient() as client:
            url = origin.http + "/echo"

            async def pieces() -> Any:
                for piece in (b"a", b"", b"bc"):
                    await anyio.sleep(0)
                    yield piece

            response = await client.post(url, content=pieces())
            assert body_of(response) == b"abc"
            assert sent(response)["transfer-encoding"] == "chunked"
            form = await client.post(url, files={"f": b"abc"}, data={"a": "1"})
            assert b"abc" in body_of(form) and "content-length" in sent(form)

            async def failing() -> Any:
                yield b"a"
                raise KeyError("the source's own")

            with pytest.raises(KeyError, match="the source's own"):
                await client.post(url, content=failing())
            async with client.stream("GET", origin.http + "/chunked/100000") as streamed:
                assert len(b"".join([piece async for piece in streamed.aiter_raw()])) == 100_000
            assert (await client.get(origin.http + "/gzip")).json()

    run(loop, work)


# Of the hosts' own generators.
@pytest.mark.filterwarnings("ignore:Async generator:ResourceWarning")
@both_hosts
@both_loops
def test_a_stream_that_is_left_early_and_a_task_that_is_cancelled(host, loop, origin) -> None:
    # What is left gives the one connection back.
    one = {"limits": host.module.Limits(max_connections=1)}

    async def work() -> None:
        async with host.aclient(transport=one) as client:
            async with client.stream("GET", origin.http + "/endless/chunked") as response:
                async with aclosing(response.aiter_raw()) as pieces:
                    await anext(pieces)
            assert response.is_closed
            with anyio.move_on_after(0.05) as scope:
                await client.get(origin.http + "/stall", timeout=None)
            assert scope.cancelled_caught
            with anyio.move_on_after(0.05) as scope:
                async with client.stream("GET", origin.http + "/stall-body?n=9&sent=3") as response:
                    await response.aread()
            assert scope.cancelled_caught
            assert (await client.get(origin.http + "/ok")).text == "ok"

    run(loop, work)
    with host.client(transport=one) as client:
        with client.stream("GET", origin.http + "/endless/plain") as response:
            next(response.iter_raw())
        assert response.is_closed
        assert client.get(origin.http + "/ok").text == "ok"


@both_hosts
def test_one_pool_for_threads_and_loops(host, own_origin) -> None:
    url = own_origin.http + "/ok"
    with host.client() as first:
        first.get(url)
        own_origin.reset()
        turns = threading.Lock()

        def thread() -> None:
            with host.client() as client, turns:
                for _ in range(5):
                    assert client.get(url).text == "ok"

        async def loop_main() -> None:
            async with host.aclient() as client:
                for _ in range(5):
                    assert (await client.get(url)).text == "ok"

        def loop_thread() -> None:
            with turns:
                asyncio.run(loop_main())

        threads = [threading.Thread(target=thread) for _ in range(8)]
        threads += [threading.Thread(target=loop_thread) for _ in range(2)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        counted = own_origin.connections()
        assert counted["requests"] == 50
        # One at a time, they need one connection, the first client's; a form of waiting may want its own.
        assert counted["opened"] <= 1


def test_both_generations_share_it_too() -> None:
    old, new = (host.adapter.Transport() for host in HOSTS)
    assert old._pool is new._pool
    assert old._pool is HOSTS[0].adapter.AsyncTransport()._pool
    limits = HOSTS[0].module.Limits(max_connections=3)
    assert HOSTS[0].adapter.Transport(limits=limits)._pool is not old._pool


@both_hosts
def test_what_the_network_stream_tells(host, origin) -> None:
    with host.client(transport={"verify": origin.ca_file}) as client:
        response = client.get(origin.https + "/ok")
        stream = response.extensions["network_stream"]
        port = response.url.port
        assert stream.get_extra_info("server_addr")[1] == port
        assert stream.get_extra_info("client_addr")[0] in ("127.0.0.1", "::1")
        tls = stream.get_extra_info("ssl_object")
        assert tls.version() == "TLSv1.3" and tls.cipher()[0].startswith("TLS_")
        assert ("DNS", "localhost") in tls.getpeercert()["subjectAltName"]
        assert tls.getpeercert(binary_form=True)[:1] == b"\x30"
        assert tls.selected_alpn_protocol() in ("http/1.1", None)
        assert stream.get_extra_info("unheard of") is None
        with pytest.raises(RuntimeError, match="belongs to the pool"):
            stream.read(1)


@both_hosts
def test_an_upgraded_connection(host, origin) -> None:
    fields = {"Connection": "Upgrade", "Upgrade": "echo"}
    with host.client() as client:
        with client.stream("GET", origin.http + "/upgrade", headers=fields) as response:
            assert response.status_code == 101
            stream = response.extensions["network_stream"]
            stream.write(b" world", timeout=5)
            got = b""
            while len(got) < 11:
                got += stream.read(64, timeout=5)
            assert got == b"hello world"
            with pytest.raises(host.below.ReadTimeout):
                stream.read(64, timeout=0.05)
            stream.close()
        assert client.get(origin.http + "/upgrade").status_code == 426


@both_hosts
@both_loops
def test_an_upgraded_connection_on_a_loop(host, loop, origin) -> None:
    fields = {"Connection": "Upgrade", "Upgrade": "echo"}

    async def work() -> None:
        async with host.aclient() as client:
            async with client.stream("GET", origin.http + "/upgrade", headers=fields) as response:
                stream = response.extensions["network_stream"]
                await stream.write(b" world", timeout=5)
                got = b""
                while len(got) < 11:
                    got += await stream.read(64, timeout=5)
                assert got == b"hello world"
                with pytest.raises(host.below.ReadTimeout):
                    await stream.read(64, timeout=0.05)
                await stream.aclose()

    run(loop, work)


def events(name: str) -> list[str]:
    return [f"http11.{name}.started", f"http11.{name}.complete"]


EXCHANGE = [
    *events("send_request_headers"),
    *events("send_request_body"),
    *events("receive_response_headers"),
    *events("receive_response_body"),
    *events("response_closed"),
]


@both_hosts
@both_loops
def test_trace(host, loop, origin) -> None:
    told: list[tuple[str, Any]] = []

    def trace(name: str, info: Any) -> None:
        told.append((name, info))

    async def atrace(name: str, info: Any) -> None:
        told.append((name, info))

    own = own_pool(host)
    with host.client(transport=own) as client:
        client.get(origin.http + "/ok", extensions={"trace": trace})
        connecting = ["connection.connect_tcp.started", "connection.connect_tcp.complete"]
        assert [name for name, _ in told] == connecting + EXCHANGE
        facts = dict(told)
        assert facts["connection.connect_tcp.started"]["host"] == "127.0.0.1"
        version, status, reason, fields = facts["http11.receive_response_headers.complete"][
            "return_value"
        ]
        assert (version, status, reason) == (b"HTTP/1.1", 200, b"OK")
        assert (b"Content-Length", b"2") in fields
        request = facts["http11.send_request_headers.started"]["request"]
        assert (request.method, request.url.target) == (b"GET", b"/ok")
        told.clear()
        client.get(origin.http + "/ok", extensions={"trace": trace})
        assert [name for name, _ in told] == EXCHANGE
        told.clear()
        with pytest.raises(host.module.ConnectError):
            client.get("http://127.0.0.1:1/", extensions={"trace": trace})
        assert [name for name, _ in told] == [connecting[0], "connection.connect_tcp.failed"]
        with pytest.raises(TypeError, match="should be a normal function"):
            client.get(origin.http + "/ok", extensions={"trace": atrace})

    async def work() -> None:
        async with host.aclient(transport=own) as client:
            told.clear()
            await client.get(origin.http + "/ok", extensions={"trace": atrace})
            assert [name for name, _ in told][-10:] == EXCHANGE
            with pytest.raises(TypeError, match="asynchronous function"):
                await client.get(origin.http + "/ok", extensions={"trace": trace})

    run(loop, work)


@both_hosts
def test_proxies_of_the_environment_are_used(host, origin, proxy, monkeypatch) -> None:
    monkeypatch.setenv("http_proxy", proxy)
    with host.client() as client:
        proxied = client.get("http://elsewhere.invalid/echo?../x")
        assert proxied.json()["target"] == "http://elsewhere.invalid/echo?../x"
    monkeypatch.setenv("no_proxy", "127.0.0.1, elsewhere.invalid")
    with host.client() as client:
        assert client.get(origin.http + "/echo").json()["target"] == "/echo"
        with pytest.raises(host.module.ConnectError):
            client.get("http://elsewhere.invalid/echo")
    monkeypatch.delenv("no_proxy")
    with host.client(transport={"trust_env": False}) as client:
        assert client.get(origin.http + "/echo").json()["target"] == "/echo"


@both_hosts
def test_a_proxy_of_its_own(host, proxy) -> None:
    own = host.module.Proxy(proxy, auth=("user", "p@ss"), headers={"X-Proxy": "yes"})
    for given in (own, proxy, host.module.URL(proxy)):
        with host.client(transport={"proxy": given}) as client:
            answer = client.get("http://elsewhere.invalid/echo")
            assert answer.json()["target"] == "http://elsewhere.invalid/echo"
            if given is own:
                fields = sent(answer)
                assert fields["x-proxy"] == "yes"
                token = base64.b64encode(b"user:p@ss").decode()
                assert fields["proxy-authorization"] == f"Basic {token}"
    with pytest.raises(ValueError, match="Unknown scheme for proxy URL"):
        host.adapter.Transport(proxy="ftp://a")
    with pytest.raises(ValueError, match="ssl_context"):
        import ssl

        tls = ssl.create_default_context()
        host.adapter.Transport(proxy=host.module.Proxy(proxy, ssl_context=tls))


@both_hosts
def test_arguments_of_the_transport(host, origin) -> None:
    import socket

    with host.client(transport={"verify": False}) as client:
        assert client.get(origin.https + "/ok").text == "ok"
    with host.client() as client, pytest.raises(host.module.ConnectError):
        client.get(origin.https + "/ok")
    with host.client(transport={"local_address": "127.0.0.9"}) as client:
        stream = client.get(origin.http + "/ok").extensions["network_stream"]
        assert stream.get_extra_info("client_addr")[0] == "127.0.0.9"
    keepalive = [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]
    host.adapter.Transport(socket_options=keepalive)
    with pytest.raises(ValueError, match="socket_options"):
        host.adapter.Transport(socket_options=[(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)])
    with pytest.raises(ValueError, match="http1"):
        host.adapter.Transport(http1=False, http2=True)
    with pytest.raises(TypeError):
        host.adapter.Transport(verfiy=False)


@both_hosts
def test_a_limit_of_connections_and_of_what_is_kept(host, origin) -> None:
    module = host.module
    limits = module.Limits(max_connections=1)
    with host.client(transport={"limits": limits}, timeout=None) as client:
        with client.stream("GET", origin.http + "/stall-body?n=9&sent=3"):
            with pytest.raises(module.PoolTimeout) as caught:
                client.get(origin.http + "/ok", timeout=module.Timeout(None, pool=0.05))
            assert caught.value.request.url.path == "/ok"
        assert client.get(origin.http + "/ok").text == "ok"
    for none in ({"max_keepalive_connections": 0}, {"keepalive_expiry": 0}):
        with host.client(transport={"limits": module.Limits(**none)}) as client:
            origin.reset()
            for _ in range(3):
                assert client.get(origin.http + "/ok").text == "ok"
            assert origin.connections()["opened"] == 3


@both_hosts
def test_inject_gives_it_to_new_clients_and_extract_takes_it_back(host, origin) -> None:
    plain = host.module.HTTPTransport
    host.adapter.inject()
    try:
        with host.module.Client() as client:
            assert isinstance(client._transport, host.adapter.Transport)
        assert host.module.get(origin.http + "/ok").text == "ok"
        assert host.module.HTTPTransport is host.adapter.Transport
        host.adapter.inject()
    finally:
        host.adapter.extract()
    assert host.module.HTTPTransport is plain
    with host.module.Client() as client:
        assert type(client._transport) is plain


@pytest.mark.parametrize("name", ["httpx", "httpx2"])
def test_without_the_host_it_says_what_to_install(name: str) -> None:
    program = (
        f"import sys; sys.modules[{name!r}] = None\n"
        f"try: import libkeepalive.{name}\n"
        "except ImportError as error: print(error)"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert f"pip install 'libkeepalive[{name}]'" in ran.stdout
