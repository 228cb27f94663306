"""Where connections go and come from: `connect_to`, `local_address`, `interface`."""

from __future__ import annotations

import pytest
from callers import PYTHON, Caller, get
from conftest import Origin
from scripted import Peer, Stage, echoes, tunnels


async def tells_who(peer: Peer) -> None:
    while await peer.request():
        await peer.answer("200 OK", str(peer.writer.get_extra_info("peername")[0]).encode())


def test_connect_to(every: Caller, stage: Stage, origin: Origin) -> None:
    server = stage.start(echoes)
    place = f"127.0.0.1:{server.port}"
    for entry, url in (
        (f"origin.test:80:{place}", "http://origin.test/a"),
        (f"other.test:1:127.0.0.1:9 origin.test:81:{place}", "http://origin.test:81/a"),
        (f"[2001:db8::1]:80:{place}", "http://[2001:db8::1]/a"),
        (f"::{place}", "http://any.test:99/a"),
        (f"origin.test::{place}", "http://origin.test:99/a"),
        (f":82:{place}", "http://any.test:82/a"),
    ):
        seen = every.one({"connect_to": entry}, get(url)).json()
        fields = {name.lower(): value for name, value in seen["fields"]}
        # Only the way is another: the request says whom it asks.
        assert seen["target"] == "/a" and f"http://{fields['host']}/a" == url, entry


def test_connect_to_and_tls(caller: Caller, origin: Origin) -> None:
    """The certificate is that of who was asked."""
    host, port = origin.https_place
    options = {
        "ca_file": origin.ca_file,
        "connect_to": f"localhost:443:{host}:{port} other.test:443:{host}:{port}",
    }
    good, other = caller.run(options, get("https://localhost/echo"), get("https://other.test/ok"))
    assert good.json()["tls"]["server_name"] == "localhost"
    other.fails("KA_CERTIFICATE_REJECTED", "other.test")


def test_connect_to_by_request_is_another_road(caller: Caller, stage: Stage) -> None:
    one, two = (stage.start(echoes, name) for name in ("one", "two"))
    url = "http://origin.test/"
    requests = [
        get(url, connect_to=f"origin.test:80:127.0.0.1:{each.port}") for each in (one, two, one)
    ]
    assert [each.json()["by"] for each in caller.run({}, *requests)] == ["one", "two", "one"]
    assert (one.connections, two.connections) == (1, 1)


def test_connect_to_within_a_tunnel(caller: Caller, stage: Stage, origin: Origin) -> None:
    """What is asked of the proxy is where to connect to."""
    proxy = stage.start(tunnels(origin.https_place))
    options = {
        "proxy": proxy.http,
        "ca_file": origin.ca_file,
        "connect_to": "localhost:443:inner.test:8443",
    }
    caller.one(options, get("https://localhost/ok")).succeeds(200, "ok")
    assert proxy.requests[0].target == "inner.test:8443"


@pytest.mark.parametrize("entry", ["nonsense", "a:b:c:d", "a:80:b", "a:80:b:99999", "a:80:b:80 x"])
def test_an_unusable_entry(caller: Caller, entry: str) -> None:
    caller.one({"connect_to": entry}, get("http://a/")).fails("KA_INVALID_ARGUMENT", "connect")


def test_local_address(every: Caller, stage: Stage) -> None:
    server = stage.start(tells_who)
    for address in ("127.0.0.7", "127.0.0.8"):
        every.one({"local_address": address}, get(server.http)).succeeds(200, address)
    own = every.run(
        {}, *[get(server.http, local_address=each) for each in ("127.0.0.7", "127.0.0.8")]
    )
    assert [each.body for each in own] == ["127.0.0.7", "127.0.0.8"], "not shared"


def test_an_address_that_is_not_ours(caller: Caller, stage: Stage) -> None:
    server = stage.start(tells_who)
    caller.one({"local_address": "192.0.2.1"}, get(server.http)).fails(
        "KA_CONNECT_FAILED", "192.0.2.1"
    )
    for bad in ("nonsense", "127.0.0.1:80"):
        result = caller.one({"local_address": bad}, get(server.http))
        result.fails("KA_INVALID_ARGUMENT", "local")
    assert not server.requests


def test_a_family_that_does_not_fit(stage: Stage) -> None:
    server = stage.start(tells_who)
    result = PYTHON.one({"local_address": "::1"}, get(server.http))
    result.fails("KA_CONNECT_FAILED", "::1")


def test_interface(every: Caller, stage: Stage) -> None:
    server = stage.start(tells_who)
    every.one({"interface": "lo"}, get(server.http)).succeeds(200, "127.0.0.1")


def test_an_interface_that_is_not_there(caller: Caller, stage: Stage) -> None:
    server = stage.start(tells_who)
    result = caller.one({"interface": "nosuch0"}, get(server.http))
    assert result.error in ("KA_CONNECT_FAILED", "KA_INVALID_ARGUMENT"), result
    assert "nosuch0" in result.message
    caller.one({"interface": "x" * 16}, get(server.http)).fails("KA_INVALID_ARGUMENT", "interface")
    assert not server.requests
