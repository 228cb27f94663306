"""SOCKS 4, 4a, 5 and 5h: through dante and a scripted server, with users, each refusal by its name,
and who looks names up."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from callers import PYTHON, Caller, get, post
from conftest import Origin
from daemons import Daemon, dante
from scripted import Peer, Scripted, Stage, echoes
from socks import REPLIES, REPLIES_4, Asked, socks

AUTHENTICATION = "KA_PROXY_AUTHENTICATION_REQUIRED"
FAILED = "KA_PROXY_FAILED"
NAMED = ("socks4a", "socks5h")
ALL = ("socks4", "socks4a", "socks5", "socks5h")


@pytest.fixture(scope="module")
def running_dante() -> Iterator[Daemon]:
    with dante() as found:
        yield found


def url(server: Scripted, scheme: str, login: str = "") -> str:
    return f"{scheme}://{login and login + '@'}127.0.0.1:{server.port}"


@pytest.mark.parametrize("scheme", ["socks4", "socks5", "socks5h"])
def test_dante(every: Caller, origin: Origin, running_dante: Daemon, scheme: str) -> None:
    options = {"proxy": running_dante.url(scheme=scheme), "ca_file": origin.ca_file}
    requests = [get(origin.http + "/ok"), get(origin.https + "/ok")] * 2
    results = every.run(options, *requests)
    for result in results:
        result.succeeds(200, "ok")
    if every.way != "fetch":
        assert [each.reused for each in results] == [False, False, True, True]
    refused = every.one(options, get("http://127.0.0.1:2/"))
    word = "rules" if scheme != "socks4" else "fail"
    refused.fails(FAILED, running_dante.place(), word)


@pytest.mark.parametrize("scheme", ALL)
def test_who_looks_a_name_up(caller: Caller, stage: Stage, origin: Origin, scheme: str) -> None:
    """The client with socks4 and socks5, the server with socks4a and socks5h. Only the server knows
    `server-only.test`, and only the client's option `client-only.test`."""
    place = origin.http_place
    server = stage.start(socks({"server-only.test": place}))
    options = {"proxy": url(server, scheme), "resolve": f"client-only.test:{place[1]}:127.0.0.1"}
    results = caller.run(
        options,
        *[get(f"http://{name}:{place[1]}/ok") for name in ("server-only.test", "client-only.test")],
    )
    if scheme in NAMED:
        results[0].succeeds()
        # It is named to the server, which does not know it.
        results[1].fails(FAILED, "unreachable" if scheme == "socks5h" else "fail")
        assert {each.host for each in server.notes} == {"server-only.test", "client-only.test"}
        assert all(each.named for each in server.notes)
    else:
        results[0].fails("KA_RESOLVE_FAILED", "server-only.test")
        results[1].succeeds()
        version = int(scheme[5])
        assert server.notes == [Asked(version, "127.0.0.1", place[1], named=False)]


@pytest.mark.parametrize("scheme", ALL)
def test_tls_within(caller: Caller, stage: Stage, origin: Origin, scheme: str) -> None:
    server = stage.start(socks({"localhost": origin.https_place}))
    options = {"proxy": url(server, scheme), "ca_file": origin.ca_file}
    seen = caller.one(options, get(origin.https + "/echo")).json()
    assert seen["target"] == "/echo" and seen["tls"]["server_name"] == "localhost"


@pytest.mark.parametrize("drip", [False, True])
def test_user_and_password(every: Caller, stage: Stage, origin: Origin, drip: bool) -> None:
    server = stage.start(socks(login=("änn", "p:w"), drip=drip))
    options = {"proxy": url(server, "socks5", "%C3%A4nn:p%3Aw")}
    for result in every.run(options, get(origin.http + "/ok"), get(origin.http + "/ok")):
        result.succeeds(200, "ok")
    place = origin.http_place
    assert server.notes == [Asked(5, *place, named=False, user="änn", password="p:w")]


def test_a_wrong_password(caller: Caller, stage: Stage, origin: Origin) -> None:
    server = stage.start(socks(login=("ann", "right")))
    result = caller.one({"proxy": url(server, "socks5h", "ann:hidden")}, get(origin.http + "/ok"))
    result.fails(AUTHENTICATION, server.place)
    assert "hidden" not in result.message
    assert server.notes == [("login", "ann")]


def test_a_server_that_wants_a_login(caller: Caller, stage: Stage, origin: Origin) -> None:
    server = stage.start(socks(login=("ann", "right")))
    caller.one({"proxy": url(server, "socks5")}, get(origin.http + "/ok")).fails(
        AUTHENTICATION, server.place
    )
    assert server.notes == [("methods", [0])]


def test_a_server_that_chooses_a_login_unasked(
    caller: Caller, stage: Stage, origin: Origin
) -> None:
    async def script(peer: Peer) -> None:
        await peer.reader.read(1000)
        await peer.say(b"\x05\x02")
        await peer.gone()

    server = stage.start(script)
    result = caller.one({"proxy": url(server, "socks5")}, get(origin.http + "/ok"))
    result.fails(AUTHENTICATION, server.place)


def test_a_server_that_wants_no_login_gets_none(
    caller: Caller, stage: Stage, origin: Origin
) -> None:
    server = stage.start(socks())
    caller.one({"proxy": url(server, "socks5", "ann:secret")}, get(origin.http + "/ok")).succeeds()
    assert server.notes[0].password is None


def test_the_user_of_socks4(caller: Caller, stage: Stage, origin: Origin) -> None:
    server = stage.start(socks())
    caller.one({"proxy": url(server, "socks4", "ann")}, get(origin.http + "/ok")).succeeds()
    assert server.notes[0].user == "ann"


@pytest.mark.parametrize(
    "code", REPLIES
)
def test_each_refusal_of_version_5(caller: Caller, stage: Stage, origin: Origin, code: int) -> None:
    server = stage.start(socks(reply=code))
    for scheme, target in (("socks5", origin.http), ("socks5h", origin.https)):
        result = caller.one({"proxy": url(server, scheme)}, get(target + "/ok"))
        result.fails(FAILED, server.place, REPLIES[code])
        if caller.language == "python":
            assert result.kind == "ProxyError"


@pytest.mark.parametrize("code", REPLIES_4)
def test_each_refusal_of_version_4(caller: Caller, stage: Stage, origin: Origin, code: int) -> None:
    server = stage.start(socks(reply=code))
    for scheme in ("socks4", "socks4a"):
        result = caller.one({"proxy": url(server, scheme)}, get(origin.http + "/ok"))
        result.fails(REPLIES_4[code], server.place)


def test_a_refusal_of_version_4_in_its_words(caller: Caller, stage: Stage, origin: Origin) -> None:
    server = stage.start(socks(reply=91))
    result = caller.one({"proxy": url(server, "socks4")}, get(origin.http + "/ok"))
    result.fails(FAILED, "rejected or failed", "91")


@pytest.mark.parametrize(
    ("pieces", "words"),
    [
        ([], "broke off"),
        ([b"\x05"], "broke off"),
        ([b"HTTP/1.1 400 Bad Request\r\n\r\n"], ""),
        ([b"\x04\x00"], ""),
        ([b"\x05\x01"], ""),
        ([b"\x05\x00", b"\x04\x00\x00\x01\x00\x00\x00\x00\x00\x00"], ""),
        ([b"\x05\x00", b"\x05\x00\x00\x09\x00\x00\x00\x00\x00\x00"], ""),
        ([b"\x05\x00", b"\x05\x00\x00\x01"], "broke off"),
        ([b"\x05\x00", b"\x05\x00\x00\x03\xff" + b"x" * 20], "broke off"),
    ],
)
def test_a_server_that_breaks_the_protocol(
    caller: Caller, stage: Stage, origin: Origin, pieces: list[bytes], words: str
) -> None:
    async def script(peer: Peer) -> None:
        for piece in pieces:
            await peer.reader.read(1000)
            await peer.say(piece)
        if not pieces:
            await peer.reader.read(1000)

    server = stage.start(script)
    caller.one({"proxy": url(server, "socks5h")}, get(origin.http + "/ok")).fails(
        FAILED, server.place, words
    )


@pytest.mark.parametrize("scheme", ALL)
def test_a_server_that_never_answers(
    caller: Caller, stage: Stage, origin: Origin, scheme: str
) -> None:
    async def script(peer: Peer) -> None:
        await peer.gone()

    server = stage.start(script)
    options = {"proxy": url(server, scheme), "connect_timeout": 0.1}
    caller.one(options, get(origin.http + "/ok")).fails("KA_CONNECT_TIMEOUT", server.place)


def test_what_cannot_be_said_is_refused_before_a_byte(stage: Stage) -> None:
    server = stage.start(socks())
    long = "x" * 256
    for scheme, login in (("socks5", f"{long}:y"), ("socks5", f"ann:{long}"), ("socks4", "a%00b")):
        result = PYTHON.one({"proxy": url(server, scheme, login)}, get("http://origin.test/"))
        result.fails("KA_INVALID_ARGUMENT", "proxy")
    # SOCKS 4 has no IPv6 addresses.
    for scheme in ("socks4", "socks4a"):
        result = PYTHON.one({"proxy": url(server, scheme)}, get("http://[2001:db8::1]/"))
        assert result.error in (FAILED, "KA_CONNECT_FAILED", "KA_INVALID_ARGUMENT"), result
    assert not server.notes


@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
def test_ipv6_addresses(stage: Stage, scheme: str) -> None:
    origin = stage.start(echoes, "origin")
    server = stage.start(socks({"2001:db8::1": ("127.0.0.1", origin.port)}))
    result = PYTHON.one({"proxy": url(server, scheme)}, get("http://[2001:db8::1]:81/a"))
    assert result.json()["target"] == "/a"
    assert server.notes == [Asked(5, "2001:db8::1", 81, named=False)]


def test_the_replay_rule_holds(caller: Caller, stage: Stage) -> None:
    """A connection through SOCKS dies like a direct one."""

    async def dies(peer: Peer) -> None:
        while request := await peer.request():
            if peer.number == 1 and len(peer.server.requests) > 1:
                return
            await peer.echo(request)

    for second, codes in (
        (get, (None,)),
        (lambda at: post(at, "once"), ("KA_CONNECTION_CLOSED", "KA_CONNECTION_RESET")),
    ):
        origin = stage.start(dies, "origin")
        server = stage.start(socks())
        first, again = caller.run(
            {"proxy": url(server, "socks5")}, get(origin.http), second(origin.http)
        )
        first.succeeds()
        assert again.error in codes, again
        assert [each.body for each in origin.requests].count(b"once") == (
            0 if again.error is None else 1
        )
