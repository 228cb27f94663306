"""Tunnels through scripted proxies: what CONNECT says, what is believed of its answer, and what
happens when the proxy breaks."""

from __future__ import annotations

import asyncio
import base64

import pytest
from callers import PYTHON, Caller, get, post
from conftest import Origin
from scripted import Peer, Script, Stage, echoes, says, silent, tunnels

FAILED = "KA_PROXY_FAILED"
BROKEN = {"KA_CONNECTION_CLOSED", "KA_CONNECTION_RESET"}
URL = "https://localhost/path?a=b"


def options(proxy: str, origin: Origin, **more: object) -> dict[str, object]:
    return {"proxy": proxy, "ca_file": origin.ca_file, **more}


def test_what_connect_says(every: Caller, stage: Stage, origin: Origin) -> None:
    proxy = stage.start(echoes)
    url = f"http://ann:secret@127.0.0.1:{proxy.port}"
    request = get(URL) | {"headers": [("X-Own", "1")]}
    results = every.run(options(url, origin, proxy_headers={"X-Proxy": "1"}), request, request)
    for result in results:
        result.succeeds()
    connect, inner, again = proxy.requests
    assert (connect.method, connect.target, connect.version) == (
        "CONNECT",
        "localhost:443",
        "HTTP/1.1",
    )
    assert connect.field("host") == "localhost:443" and connect.field("x-proxy") == "1"
    sent = (connect.field("proxy-authorization") or "").split(" ")
    assert (sent[0], base64.b64decode(sent[1])) == ("Basic", b"ann:secret")
    assert not connect.names & {"x-own", "proxy-connection", "transfer-encoding", "accept"}
    assert connect.field("content-length") is None
    for each in (inner, again):
        assert (each.connection, each.target, each.field("x-own")) == (1, "/path?a=b", "1")
        assert not {name for name in each.names if name.startswith(("proxy-", "x-proxy"))}


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://LOCALHOST:443/", "localhost:443"),
        ("https://[2001:db8::1]:8443/", "[2001:db8::1]:8443"),
        ("https://bücher.test/", "xn--bcher-kva.test:443"),
    ],
)
def test_targets(stage: Stage, url: str, target: str) -> None:
    proxy = stage.start(says(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", stays=True))
    PYTHON.one({"proxy": proxy.http}, get(url)).fails(FAILED, "503", proxy.place)
    assert proxy.requests[0].target == target == proxy.requests[0].field("host")


def test_a_tunnel_is_for_one_origin(caller: Caller, stage: Stage, origin: Origin) -> None:
    """Two names, one server, one proxy: two tunnels, each used again."""
    proxy = stage.start(tunnels(origin.https_place))
    urls = ["https://localhost/ok", "https://127.0.0.1/ok"] * 2
    for result in caller.run(options(proxy.http, origin), *map(get, urls)):
        result.succeeds(200, "ok")
    assert [each.target for each in proxy.requests] == ["localhost:443", "127.0.0.1:443"]


def test_tls_to_the_proxy_and_within(every: Caller, stage: Stage, origin: Origin) -> None:
    proxy = stage.start(tunnels(origin.https_place), tls=True)
    results = every.run(
        options(proxy.https, origin), get(URL.replace("path", "echo")), get(origin.https + "/ok")
    )
    assert results[0].json()["tls"]["server_name"] == "localhost"
    results[1].succeeds()
    assert [each.target for each in proxy.requests] == [
        "localhost:443",
        origin.https.removeprefix("https://"),
    ]


def answers(*pieces: bytes) -> Script:
    """What it says to CONNECT; then the tunnel."""

    async def script(peer: Peer) -> None:
        if await peer.request():
            await peer.say(*pieces)
            await peer.tls()
            await echoes(peer)

    return script


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.0 200 Connection established\r\n\r\n",
        b"HTTP/1.1 200\r\n\r\n",
        b"HTTP/1.1 299 Whatever\r\nX: y\r\n\r\n",
        # RFC 9110 9.3.6: ignored in a response to CONNECT that succeeds.
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
    ],
)
def test_a_tunnel_begins_with_any_2xx(
    caller: Caller, stage: Stage, origin: Origin, head: bytes
) -> None:
    whole, dripping = (
        stage.start(answers(head)),
        stage.start(answers(*(bytes([byte]) for byte in head))),
    )
    for proxy in (whole, dripping):
        for result in caller.run(options(proxy.http, origin), get(URL), get(URL)):
            result.succeeds()
        assert proxy.connections == 1


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        (b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 3\r\n\r\nbad", "502"),
        (b"HTTP/1.1 403 Forbidden\r\n\r\n", "403"),
        (
            b"HTTP/1.1 302 Found\r\nLocation: http://elsewhere.test/\r\nContent-Length: 0\r\n\r\n",
            "302",
        ),
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", "101"),
        (b"\x00\x01\x02garbage\r\n\r\n", ""),
        (b"HTTP/1.1 200 OK\r\nbroken field\r\n\r\n", ""),
        (b"220 mail.test ESMTP\r\n", ""),
        (b"HTTP/1.1 200 OK\r\n", "closed"),
        (b"", "closed"),
        (b"HTTP/1.1 200 OK\r\n" + b"X-Endless: 0123456789\r\n" * 10_000, ""),
        (b"HTTP/1.1 103 Hints\r\nX: 0123456789\r\n\r\n" * 10_000, ""),
    ],
    ids=[
        "502",
        "403",
        "302",
        "101",
        "garbage",
        "field",
        "smtp",
        "half",
        "nothing",
        "endless",
        "1xx",
    ],
)
def test_an_answer_that_is_no_tunnel(
    caller: Caller, stage: Stage, origin: Origin, answer: bytes, word: str
) -> None:
    """Says so with the proxy's name; the request is not sent."""

    async def script(peer: Peer) -> None:
        if await peer.request():
            await peer.say(answer)

    proxy = stage.start(script)
    result = caller.one(
        options(f"http://ann:secret@127.0.0.1:{proxy.port}", origin), post(URL, "secret")
    )
    result.fails(FAILED, proxy.place, word)
    assert "secret" not in result.message
    assert {each.method for each in proxy.requests} == {"CONNECT"}


def test_a_connection_on_which_connect_failed_is_used_again_or_closed(
    caller: Caller, stage: Stage, origin: Origin
) -> None:
    """Either way the second answer is not taken from what is left of the first."""

    async def script(peer: Peer) -> None:
        while await peer.request():
            await peer.answer("502 Bad Gateway", b"HTTP/1.1 200 OK\r\n\r\n")

    proxy = stage.start(script)
    for result in caller.run(options(proxy.http, origin), get(URL), get(URL)):
        result.fails(FAILED, "502")


def test_bytes_beyond_the_head_are_the_servers(
    caller: Caller, stage: Stage, origin: Origin
) -> None:
    """A body that a proxy sends with its 200 is no TLS: an error, and none of it is anybody's
    response."""
    for head in (b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n"):
        proxy = stage.start(
            says(head + b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", stays=True)
        )
        result = caller.one(options(proxy.http, origin), get(URL))
        assert result.error in (FAILED, "KA_TLS_HANDSHAKE_FAILED"), result


def test_a_proxy_that_never_answers_connect(every: Caller, stage: Stage, origin: Origin) -> None:
    for tls in (False, True):
        proxy = stage.start(silent, tls=tls)
        url = proxy.https if tls else proxy.http
        result = every.one(options(url, origin, connect_timeout=0.1), get(URL))
        result.fails("KA_CONNECT_TIMEOUT", f":{proxy.port}")


def test_a_head_that_drips_is_limited(caller: Caller, stage: Stage, origin: Origin) -> None:
    """Bytes that keep coming do not move the limit."""

    async def script(peer: Peer) -> None:
        if await peer.request():
            await peer.say(b"HTTP/1.1 200 OK\r\nX: ")
            while not peer.writer.is_closing():
                await peer.say(b"x")
                await asyncio.sleep(0.02)

    proxy = stage.start(script)
    result = caller.one(options(proxy.http, origin, connect_timeout=0.1), get(URL))
    result.fails("KA_CONNECT_TIMEOUT", proxy.place)


def test_a_proxy_that_closes_during_the_handshake(
    caller: Caller, stage: Stage, origin: Origin
) -> None:
    async def script(peer: Peer) -> None:
        if await peer.request():
            await peer.say(b"HTTP/1.1 200 OK\r\n\r\n")
            await peer.reader.read(10)

    proxy = stage.start(script)
    result = caller.one(options(proxy.http, origin), get(URL))
    assert result.error in {"KA_TLS_HANDSHAKE_FAILED", FAILED, *BROKEN}, result


def test_the_server_in_the_tunnel_is_verified(caller: Caller, stage: Stage, origin: Origin) -> None:
    proxy = stage.start(tunnels(origin.https_place))
    caller.one({"proxy": proxy.http}, get(URL)).fails("KA_CERTIFICATE_REJECTED", "localhost")
    other = get("https://other.test/")
    caller.one(options(proxy.http, origin), other).fails("KA_CERTIFICATE_REJECTED", "other.test")


def dying(origin: Origin, how: str) -> Script:
    """Its first tunnel ends when the second request comes; that is what the server has answered."""

    async def script(peer: Peer) -> None:
        count = 0
        if not await peer.request():
            return
        await peer.say(b"HTTP/1.1 200 OK\r\n\r\n")
        await peer.tls()
        while request := await peer.request():
            count += 1
            if peer.number == 1 and count == 2:
                return peer.reset() if how == "reset" else None
            await peer.echo(request)

    return script


@pytest.mark.parametrize("how", ["close", "reset"])
def test_a_get_is_replayed_when_the_tunnel_dies(
    every: Caller, stage: Stage, origin: Origin, how: str
) -> None:
    proxy = stage.start(dying(origin, how))
    for result in every.run(options(proxy.http, origin), get(URL), get(URL)):
        result.succeeds()
    assert [each.method for each in proxy.requests] == ["CONNECT", "GET", "GET", "CONNECT", "GET"]


@pytest.mark.parametrize("how", ["close", "reset"])
def test_a_post_is_not_doubled_when_the_tunnel_dies(
    every: Caller, stage: Stage, origin: Origin, how: str
) -> None:
    proxy = stage.start(dying(origin, how))
    kept, failed = every.run(options(proxy.http, origin), get(URL), post(URL, "once"))
    kept.succeeds()
    assert failed.error in BROKEN, failed
    assert [each.body for each in proxy.requests].count(b"once") == 1


def test_a_refused_tunnel_is_dialled_again_by_the_next_request(
    caller: Caller, stage: Stage, origin: Origin
) -> None:
    """A failure is not remembered as an answer."""

    async def script(peer: Peer) -> None:
        if await peer.request():
            if len(peer.server.requests) == 1:
                return await peer.answer("503 Busy")
            await peer.say(b"HTTP/1.1 200 OK\r\n\r\n")
            await peer.tls()
            await echoes(peer)

    proxy = stage.start(script)
    refused, well = caller.run(options(proxy.http, origin), get(URL), get(URL))
    refused.fails(FAILED, "503")
    well.succeeds()


def test_credentials_do_not_follow_a_redirect(caller: Caller, stage: Stage) -> None:
    """To where the road is direct."""
    server = stage.start(echoes, "server")

    async def redirects(peer: Peer) -> None:
        while await peer.request():
            await peer.answer("302 Found", b"", f"Location: {server.http}/there")

    proxy = stage.start(redirects)
    url = f"http://ann:secret@127.0.0.1:{proxy.port}"
    request = get("http://origin.test/") | {"follow": True}
    caller.one({"proxy": url, "no_proxy": "127.0.0.1"}, request).succeeds()
    assert "proxy-authorization" in proxy.requests[0].names
    assert "proxy-authorization" not in server.requests[0].names
