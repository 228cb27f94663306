"""Requests forwarded by scripted proxies: what they receive, how long they are kept, what happens
when they break."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re

import pytest
from callers import PYTHON, Caller, get, post
from conftest import Origin
from scripted import Peer, Scripted, Stage, echoes, says, silent

AUTHENTICATION = "KA_PROXY_AUTHENTICATION_REQUIRED"
BROKEN = {"KA_CONNECTION_CLOSED", "KA_CONNECTION_RESET"}
URL = "http://origin.test:8080/path?a=b%20c"


def test_a_forwarded_request_is_in_absolute_form(every: Caller, stage: Stage) -> None:
    proxy = stage.start(echoes)
    request = get(URL + "#fragment") | {"headers": [("X-Own", "1")]}
    seen = every.one({"proxy": proxy.http}, request).json()
    fields = {name.lower(): value for name, value in seen["fields"]}
    assert seen["target"] == URL
    assert (fields["host"], fields["x-own"]) == ("origin.test:8080", "1")
    assert not {name for name in fields if name.startswith("proxy-")}
    assert fields.get("connection", "").lower() in ("", "keep-alive")


@pytest.mark.parametrize(
    ("url", "target", "host"),
    [
        ("http://origin.test", "http://origin.test/", "origin.test"),
        ("http://ORIGIN.test:80/a", "http://origin.test/a", "origin.test"),
        ("http://[2001:db8::1]:81/", "http://[2001:db8::1]:81/", "[2001:db8::1]:81"),
        ("http://b%C3%BCcher.test/", None, None),
        ("http://bücher.test/", "http://xn--bcher-kva.test/", "xn--bcher-kva.test"),
        ("http://origin.test?q", "http://origin.test/?q", "origin.test"),
    ],
)
def test_targets(stage: Stage, url: str, target: str | None, host: str | None) -> None:
    proxy = stage.start(echoes)
    result = PYTHON.one({"proxy": proxy.http}, get(url))
    if target is None:
        result.fails("KA_INVALID_URL")
        assert not proxy.requests
    else:
        assert result.status == 200, result
        assert (proxy.requests[0].target, proxy.requests[0].field("host")) == (target, host)


def test_where_a_proxy_is(caller: Caller, stage: Stage) -> None:
    """An IPv6 address, a name that is looked up as `resolve` says, no scheme."""
    six = stage.start(echoes, host="::1")
    caller.one({"proxy": f"http://[::1]:{six.port}"}, get(URL)).succeeds()
    four = stage.start(echoes)
    named = {
        "proxy": f"http://proxy.test:{four.port}",
        "resolve": f"proxy.test:{four.port}:127.0.0.1",
    }
    caller.one(named, get(URL)).succeeds()
    # Without a scheme it is an http proxy.
    caller.one({"proxy": four.place}, get(URL)).succeeds()


def test_proxy_headers_go_to_the_proxy(every: Caller, stage: Stage) -> None:
    proxy = stage.start(echoes)
    options = {"proxy": proxy.http, "proxy_headers": {"X-One": "1", "X-Two": "two, too"}}
    own = get(URL, proxy_headers={"X-Three": "3"})
    results = every.run(options, get(URL), own)
    fields = [{name.lower(): value for name, value in each.json()["fields"]} for each in results]
    assert (fields[0]["x-one"], fields[0]["x-two"]) == ("1", "two, too")
    assert fields[1]["x-three"] == "3" and "x-one" not in fields[1]


def test_proxy_headers_stay_away_from_a_direct_server(caller: Caller, stage: Stage) -> None:
    server = stage.start(echoes, "server")
    options = {
        "proxy": "http://127.0.0.1:9",
        "proxy_headers": {"X-One": "1"},
        "no_proxy": "127.0.0.1",
    }
    caller.one(options, get(server.http)).succeeds()
    assert "x-one" not in server.requests[0].names


@pytest.mark.parametrize(
    ("userinfo", "credentials"),
    [
        ("ann:secret", "ann:secret"),
        ("ann", "ann:"),
        (":secret", ":secret"),
        ("a%3An%40n:p%2Fw%25", "a:n@n:p/w%"),
        ("%C3%A4nn:p%C3%B6", "änn:pö"),
    ],
)
def test_basic_is_sent_at_once(
    caller: Caller, stage: Stage, userinfo: str, credentials: str
) -> None:
    proxy = stage.start(echoes)
    url = f"http://{userinfo}@127.0.0.1:{proxy.port}"
    if credentials.count(":") > 1:
        # Basic cannot tell where such a user ends (RFC 7617 2).
        caller.one({"proxy": url}, get(URL)).fails("KA_INVALID_ARGUMENT", "proxy")
        assert not proxy.requests
        return
    caller.one({"proxy": url}, get(URL)).succeeds()
    sent = (proxy.requests[0].field("proxy-authorization") or "").split(" ")
    assert sent[0] == "Basic" and base64.b64decode(sent[1]).decode() == credentials
    assert "authorization" not in proxy.requests[0].names


def test_http_origins_share_the_connections_of_their_proxy(caller: Caller, stage: Stage) -> None:
    proxy = stage.start(echoes)
    urls = ["http://one.test/", "http://two.test/", "http://three.test:81/", "http://one.test/"]
    results = caller.run({"proxy": proxy.http}, *map(get, urls))
    assert [each.status for each in results] == [200] * 4
    assert proxy.connections == 1
    assert [each.target for each in proxy.requests] == urls


def test_other_credentials_are_another_road(caller: Caller, stage: Stage) -> None:
    proxy = stage.start(echoes)
    urls = [f"http://{user}:x@127.0.0.1:{proxy.port}" for user in ("ann", "bob")]
    results = caller.run({}, *[get(URL, proxy=url) for url in urls * 2])
    assert [each.status for each in results] == [200] * 4
    users: dict[int, set[str | None]] = {}
    for request in proxy.requests:
        users.setdefault(request.connection, set()).add(request.field("proxy-authorization"))
    assert [len(each) for each in users.values()] == [1, 1]


@pytest.mark.parametrize(
    ("head", "connections"),
    [
        ("HTTP/1.0 200 OK|Content-Length: 2", 2),
        ("HTTP/1.0 200 OK|Content-Length: 2|Connection: keep-alive", 1),
        ("HTTP/1.0 200 OK|Content-Length: 2|Proxy-Connection: keep-alive", 2),
        ("HTTP/1.0 200 OK|Content-Length: 2|Connection: keep-alive|Proxy-Connection: close", 2),
        ("HTTP/1.0 200 OK|Connection: keep-alive", 2),
        ("HTTP/1.1 200 OK|Content-Length: 2", 1),
        ("HTTP/1.1 200 OK|Content-Length: 2|Connection: close", 2),
        ("HTTP/1.1 200 OK|Content-Length: 2|Proxy-Connection: close", 2),
        ("HTTP/1.1 200 OK|Content-Length: 2|Proxy-Connection: keep-alive", 1),
        ("HTTP/1.1 200 OK|Content-Length: 2|Connection: close|Proxy-Connection: keep-alive", 2),
    ],
)
def test_when_a_proxys_connection_is_kept(
    caller: Caller, stage: Stage, head: str, connections: int
) -> None:
    async def script(peer: Peer) -> None:
        while await peer.request():
            await peer.say((head.replace("|", "\r\n") + "\r\n\r\nok").encode())
            if "Content-Length" not in head:
                return

    proxy = stage.start(script)
    for result in caller.run({"proxy": proxy.http}, get(URL), get(URL)):
        result.succeeds(200, "ok")
    assert proxy.connections == connections


def dies(how: str, answered: int = 1) -> object:
    """Answers so many requests on its first connection and dies at the next; the others are
    well."""

    async def script(peer: Peer) -> None:
        count = 0
        while request := await peer.request():
            count += 1
            if peer.number == 1 and count > answered:
                if how == "reset":
                    peer.reset()
                if how == "half":
                    await peer.say(b"HTTP/1.1 200 OK\r\nContent-")
                return
            await peer.echo(request)

    return script


@pytest.mark.parametrize("how", ["close", "reset"])
def test_a_get_is_replayed_when_the_proxy_dies_between_requests(
    every: Caller, stage: Stage, how: str
) -> None:
    proxy = stage.start(dies(how))  # type: ignore[arg-type]
    for result in every.run({"proxy": proxy.http}, get(URL), get(URL)):
        result.succeeds()
    assert [each.connection for each in proxy.requests] == [1, 1, 2]


@pytest.mark.parametrize("how", ["close", "reset"])
def test_a_post_is_not_doubled_when_the_proxy_dies_between_requests(
    every: Caller, stage: Stage, how: str
) -> None:
    proxy = stage.start(dies(how))  # type: ignore[arg-type]
    kept, failed, after = every.run({"proxy": proxy.http}, get(URL), post(URL, "once"), get(URL))
    kept.succeeds()
    assert failed.error in BROKEN, failed
    after.succeeds()
    assert [each.body for each in proxy.requests].count(b"once") == 1


def test_nothing_is_replayed_after_a_byte_of_the_answer(caller: Caller, stage: Stage) -> None:
    proxy = stage.start(dies("half"))  # type: ignore[arg-type]
    _, failed = caller.run({"proxy": proxy.http}, get(URL), get(URL))
    failed.fails("KA_HEAD_TRUNCATED")
    assert len(proxy.requests) == 2


def test_garbage_is_no_response(caller: Caller, stage: Stage) -> None:
    proxy = stage.start(says(b"\x00\x01garbage\r\n\r\n" * 20))
    result = caller.one({"proxy": proxy.http}, get(URL))
    assert result.error in ("KA_INVALID_RESPONSE_HEAD", "KA_PROXY_FAILED"), result


CHALLENGE = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 4\r\n%s\r\n\r\nbody"


@pytest.mark.parametrize("target", ["http://origin.test/", "https://localhost/"])
def test_a_407_without_end_ends(caller: Caller, stage: Stage, target: str) -> None:
    """Whatever the proxy says of stale nonces."""

    async def basic(peer: Peer) -> None:
        while await peer.request():
            await peer.say(CHALLENGE % b'Proxy-Authenticate: Basic realm="loop"')

    async def digest(peer: Peer) -> None:
        while await peer.request():
            nonce = len(peer.server.requests)
            await peer.say(CHALLENGE % b'Proxy-Authenticate: Digest realm="loop", qop="auth", '
                           b'nonce="%d", stale=true' % nonce)  # fmt: skip

    for script, most in ((basic, 2), (digest, 4)):
        proxy = stage.start(script)
        url = f"http://ann:secret@127.0.0.1:{proxy.port}"
        caller.one({"proxy": url}, get(target)).fails(AUTHENTICATION, proxy.place, 'realm="loop"')
        assert 1 <= len(proxy.requests) <= most


def test_several_challenges_are_told(caller: Caller, stage: Stage) -> None:
    fields = b'Proxy-Authenticate: Negotiate\r\nProxy-Authenticate: Basic realm="a, b", NTLM'
    proxy = stage.start(says(CHALLENGE % fields, stays=True))
    for target in ("http://origin.test/", "https://localhost/"):
        result = caller.one({"proxy": proxy.http}, get(target))
        result.fails(AUTHENTICATION, proxy.place, "Negotiate", 'Basic realm="a, b"', "NTLM")


def test_a_407_without_a_challenge(caller: Caller, stage: Stage) -> None:
    proxy = stage.start(says(CHALLENGE % b"X: y", stays=True))
    for target in ("http://origin.test/", "https://localhost/"):
        caller.one({"proxy": proxy.http}, get(target)).fails(AUTHENTICATION, proxy.place)


def quoted(field: str) -> dict[str, str]:
    found = re.findall(r'(\w+)=(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))', field)
    return {name: quoted or plain for name, quoted, plain in found}


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256", "MD5-sess", "SHA-256-sess", "", "no qop"])
@pytest.mark.parametrize("target", ["http://origin.test/a?b", "https://localhost/a"])
def test_digest_as_it_is_computed(
    stage: Stage, origin: Origin, algorithm: str, target: str
) -> None:
    """RFC 7616 3.4, over a body too: it is sent again."""

    async def script(peer: Peer) -> None:
        tunnel = False
        while request := await peer.request():
            if tunnel:
                await peer.echo(request)
                continue
            sent = request.field("proxy-authorization")
            if sent is None or not sent.startswith("Digest "):
                fields = 'Digest realm="a \\"b\\"", nonce="n1", opaque="o"'
                fields += ', qop="auth-int,auth"' if algorithm != "no qop" else ""
                fields += f", algorithm={algorithm}" if algorithm not in ("", "no qop") else ""
                await peer.say(CHALLENGE % f"Proxy-Authenticate: {fields}".encode())
                continue
            peer.server.note((request, quoted(sent)))
            if request.method == "CONNECT":
                await peer.say(b"HTTP/1.1 200 OK\r\n\r\n")
                await peer.tls()
                tunnel = True
            else:
                await peer.echo(request)

    proxy = stage.start(script)
    url = f"http://ann:s%20e@127.0.0.1:{proxy.port}"
    options = {"proxy": url, "ca_file": origin.ca_file}
    results = PYTHON.run(options, post(target, "body"), post(target, "body"))
    # A refused CONNECT may cost its connection.
    assert proxy.connections <= (1 if target.startswith("http:") else 2)
    for result in results:
        assert result.json()["body"] == "body"
    for request, sent in proxy.notes:
        digest = hashlib.sha256 if algorithm.startswith("SHA-256") else hashlib.md5

        def h(text: str) -> str:
            return digest(text.encode()).hexdigest()  # noqa: B023

        assert (sent["username"], sent["realm"], sent["nonce"], sent["opaque"]) == (
            "ann", 'a \\"b\\"', "n1", "o",
        )  # fmt: skip
        assert sent["uri"] == request.target
        one = h('ann:a "b":s e')
        if algorithm.endswith("-sess"):
            one = h(f"{one}:n1:{sent['cnonce']}")
        two = h(f"{request.method}:{request.target}")
        if algorithm == "no qop":
            expected = h(f"{one}:n1:{two}")
        else:
            assert sent["qop"] == "auth"
            expected = h(f"{one}:n1:{sent['nc']}:{sent['cnonce']}:auth:{two}")
        assert sent["response"] == expected
    counts = [sent.get("nc") for _, sent in proxy.notes]
    if algorithm != "no qop" and target.startswith("http:"):
        assert counts == ["00000001", "00000002"], "the second is answered before it is asked"


def test_a_silent_proxy_is_limited_by_header_timeout(caller: Caller, stage: Stage) -> None:
    proxy = stage.start(silent)
    options = {"proxy": proxy.http, "header_timeout": 0.2}
    caller.one(options, get(URL)).fails("KA_READ_TIMEOUT")


def test_the_callers_own_proxy_fields(caller: Caller, stage: Stage) -> None:
    """What a program writes itself for its proxy never reaches a server beyond a tunnel or without
    one."""
    server: Scripted = stage.start(echoes, "server")
    request = get(server.http) | {
        "headers": [("Proxy-Authorization", "Basic eA=="), ("X-Own", "1")]
    }
    result = caller.one({}, request)
    if result.error:
        result.fails("KA_INVALID_HEADER", "Proxy-Authorization")
    else:
        assert {"x-own"} == {"x-own", "proxy-authorization"} & server.requests[0].names


async def drip(peer: Peer) -> None:
    while await peer.request():
        for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok":
            await peer.say(bytes([byte]))
            await asyncio.sleep(0)


def test_a_head_byte_by_byte(caller: Caller, stage: Stage) -> None:
    proxy = stage.start(drip)
    for result in caller.run({"proxy": proxy.http}, get(URL), get(URL)):
        result.succeeds(200, "ok")
    assert proxy.connections == 1
