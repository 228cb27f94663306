"""Every language through squid, tinyproxy and haproxy: forwarded requests, tunnels, TLS to the
proxy, authentication; connections are counted at the proxy."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from callers import ALL, Caller, Result, get, post
from conftest import Origin
from daemons import LOGIN, USER, Daemon, Haproxy, haproxy, tinyproxy

AUTHENTICATION = "KA_PROXY_AUTHENTICATION_REQUIRED"
FAILED = "KA_PROXY_FAILED"
numbers = itertools.count(1)

#: What the log says of a test: method, status, user; and how many connections there were.
Log = tuple[list[tuple[str, ...]], int]
Logged = Callable[[Daemon, int], Log]


@pytest.fixture
def marked() -> tuple[dict[str, Any], Logged]:
    """An option that marks requests in squid's log, and what the log says of them."""
    mark = f"test-{next(numbers)}"

    def logged(squid: Daemon, count: int) -> Log:
        lines = squid.logged(rf"^{mark} (\d+) (\w+) (\d+) (\S+) ", count)
        return [each.group(2, 3, 4) for each in lines], len({each[1] for each in lines})

    return {"proxy_headers": {"X-Test": mark}}, logged


@pytest.fixture(scope="module")
def tiny() -> Iterator[Daemon]:
    with tinyproxy(login=False) as found:
        yield found


@pytest.fixture(scope="module")
def guarded_tiny() -> Iterator[Daemon]:
    with tinyproxy(login=True) as found:
        yield found


@pytest.fixture(scope="module")
def ha(origin: Origin) -> Iterator[Haproxy]:
    place = origin.http.removeprefix("http://")
    with haproxy(place, origin.cert_file, origin.key_file) as found:
        yield found


def both(origin: Origin) -> list[dict[str, Any]]:
    """Two requests to each, in turn."""
    return [get(origin.http + "/ok"), get(origin.https + "/ok")] * 2


def all_ok(results: list[Result]) -> None:
    for result in results:
        result.succeeds(200, "ok")


def test_squid_forwards_http_and_tunnels_https(
    every: Caller, origin: Origin, running_squid: Daemon, marked: Any
) -> None:
    mark, logged = marked
    options = {"proxy": running_squid.url(), "ca_file": origin.ca_file, **mark}
    results = every.run(options, *both(origin))
    all_ok(results)
    if every.way != "fetch":
        assert [each.reused for each in results] == [False, False, True, True]
    lines, connections = logged(running_squid, 3)
    assert sorted(lines) == [("CONNECT", "200", "-"), *[("GET", "200", "-")] * 2]
    assert connections == 2, "one for what is forwarded, one is the tunnel"


def test_squid_over_tls(caller: Caller, origin: Origin, running_squid: Daemon, marked: Any) -> None:
    mark, logged = marked
    options = {"proxy": running_squid.url("tls", "https"), "ca_file": origin.ca_file, **mark}
    all_ok(caller.run(options, *both(origin)))
    lines, connections = logged(running_squid, 3)
    assert sorted(lines) == [("CONNECT", "200", "-"), *[("GET", "200", "-")] * 2]
    assert connections == 2


def test_the_certificate_of_an_https_proxy_is_verified(
    caller: Caller, origin: Origin, running_squid: Daemon
) -> None:
    options = {"proxy": running_squid.url("tls", "https")}
    for url in (origin.http, origin.https):
        caller.one(options, get(url + "/ok")).fails("KA_CERTIFICATE_REJECTED", "localhost")


def test_basic_is_sent_at_once(
    every: Caller, origin: Origin, running_squid: Daemon, marked: Any
) -> None:
    mark, logged = marked
    options = {
        "proxy": running_squid.url("guarded", login=LOGIN),
        "ca_file": origin.ca_file,
        **mark,
    }
    all_ok(every.run(options, *both(origin)))
    lines, connections = logged(running_squid, 3)
    assert sorted(lines) == [("CONNECT", "200", USER), *[("GET", "200", USER)] * 2]
    assert connections == 2


def test_digest_is_answered(
    every: Caller, origin: Origin, running_digest_squid: Daemon, marked: Any
) -> None:
    mark, logged = marked
    url = running_digest_squid.url("guarded", login=LOGIN)
    options = {"proxy": url, "ca_file": origin.ca_file, **mark}
    all_ok(every.run(options, *both(origin)))
    # What the one road learnt, the other knows.
    lines, connections = logged(running_digest_squid, 4)
    assert sorted(lines) == [
        ("CONNECT", "200", USER),
        *[("GET", "200", USER)] * 2,
        ("GET", "407", "-"),
    ]
    assert connections == 2, "a 407 does not cost a connection"


def test_digest_with_a_nonce_that_goes_stale(
    caller: Caller, origin: Origin, running_digest_squid: Daemon, marked: Any
) -> None:
    """Squid forgets a nonce after three uses."""
    mark, logged = marked
    options = {"proxy": running_digest_squid.url("guarded", login=LOGIN), **mark}
    all_ok(caller.run(options, *[get(origin.http + "/ok")] * 8))
    squid = running_digest_squid
    statuses = [line.split()[3] for line in squid.lines() if line.startswith(logged_mark(mark))]
    assert statuses.count("200") == 8
    assert 2 <= statuses.count("407") <= 5, statuses


def logged_mark(mark: dict[str, Any]) -> str:
    return str(mark["proxy_headers"]["X-Test"]) + " "


@pytest.mark.parametrize("login", ["", "ann:wrong", "bob:", "ann:"])
@pytest.mark.parametrize("scheme", ["basic", "digest"])
def test_a_407_is_told_with_the_proxy_and_its_challenges(
    caller: Caller, origin: Origin, scheme: str, login: str, request: pytest.FixtureRequest
) -> None:
    squid: Daemon = request.getfixturevalue(
        "running_squid" if scheme == "basic" else "running_digest_squid"
    )
    options = {"proxy": squid.url("guarded", login=login), "ca_file": origin.ca_file}
    for result in caller.run(options, get(origin.http + "/ok"), get(origin.https + "/ok")):
        result.fails(AUTHENTICATION, squid.place("guarded"), scheme, 'realm="roads"')
        assert "wrong" not in result.message
        if caller.language == "python":
            assert result.kind == "ProxyError"


def test_a_proxy_that_refuses_a_tunnel_is_named(
    every: Caller, origin: Origin, running_squid: Daemon
) -> None:
    options = {"proxy": running_squid.url("closed"), "ca_file": origin.ca_file}
    refused, forwarded = every.run(options, get(origin.https + "/ok"), get(origin.http + "/ok"))
    refused.fails(FAILED, running_squid.place("closed"), "403")
    if every.language == "python":
        assert refused.kind == "ProxyError"
    # Whether the server or the proxy said that cannot be told.
    forwarded.succeeds(403)


@pytest.mark.parametrize("at_once", [each for each in ALL if each.way in ("asyncio", "request")])
def test_many_at_once(at_once: Caller, origin: Origin, running_squid: Daemon) -> None:
    """Forwarded and tunnelled ones do not get into each other's way."""
    options = {"proxy": running_squid.url("guarded", login=LOGIN), "ca_file": origin.ca_file}
    bases = [origin.http, origin.https] * 32
    requests = [get(f"{base}/echo?{number}") for number, base in enumerate(bases)]
    for number, result in enumerate(at_once.run(options, *requests, together=True)):
        assert result.json()["target"] == f"/echo?{number}"


@pytest.mark.parametrize("at_once", [each for each in ALL if each.way in ("asyncio", "request")])
def test_many_behind_one_another(at_once: Caller, origin: Origin, running_squid: Daemon) -> None:
    """Over two connections, which the proxy reads request by request."""
    requests = [get(f"{origin.http}/bytes/{size}") for size in range(60)]
    options = {"proxy": running_squid.url(), "max_per_host": 2, "pipelining": 8}
    for size, result in enumerate(at_once.run(options, *requests, together=True)):
        assert result.status == 200 and len(result.body) == size, (size, result)


def test_names_are_the_proxys_affair(caller: Caller, origin: Origin, running_squid: Daemon) -> None:
    """Only squid knows the name."""
    port = origin.http_place[1]
    caller.one({"proxy": running_squid.url()}, get(f"http://only-squid.test:{port}/ok")).succeeds()
    # It is not in the certificate: the tunnel stood.
    url = f"https://only-squid.test:{origin.https_place[1]}/ok"
    options = {"proxy": running_squid.url(), "ca_file": origin.ca_file}
    caller.one(options, get(url)).fails("KA_CERTIFICATE_REJECTED", "only-squid.test")


def test_what_a_tunnels_server_receives(
    caller: Caller, origin: Origin, running_squid: Daemon
) -> None:
    """Nothing that was for the proxy, and its target in origin-form."""
    options = {
        "proxy": running_squid.url("guarded", login=LOGIN),
        "proxy_headers": {"X-For-Proxy": "1"},
        "ca_file": origin.ca_file,
    }
    seen = caller.one(options, get(origin.https + "/echo?a=b")).json()
    names = {name.lower() for name, _ in seen["headers"]}
    assert seen["target"] == "/echo?a=b"
    assert not {name for name in names if name.startswith("proxy-")} and "x-for-proxy" not in names


def test_large_bodies_both_ways(caller: Caller, origin: Origin, running_squid: Daemon) -> None:
    options = {"proxy": running_squid.url(), "ca_file": origin.ca_file}
    body = "0123456789abcdef" * 5_000
    for base in (origin.http, origin.https):
        uploaded, downloaded = caller.run(
            options, post(base + "/upload-count", body), get(base + "/compressible")
        )
        uploaded.succeeds(200, str(len(body)))
        downloaded.succeeds()


def test_tinyproxy_closes_every_connection(every: Caller, origin: Origin, tiny: Daemon) -> None:
    """It answers as HTTP/1.0 and never keeps a connection, which costs a dial and nothing else."""
    options = {"proxy": tiny.url(), "ca_file": origin.ca_file}
    results = every.run(options, *both(origin))
    all_ok(results)
    if every.way != "fetch":
        assert [each.reused for each in results] == [False, False, False, True]


def test_tinyproxy_with_basic(caller: Caller, origin: Origin, guarded_tiny: Daemon) -> None:
    options = {"proxy": guarded_tiny.url(login="ann:secret"), "ca_file": origin.ca_file}
    all_ok(caller.run(options, *both(origin)))
    options["proxy"] = guarded_tiny.url()
    for result in caller.run(options, get(origin.http + "/ok"), get(origin.https + "/ok")):
        result.fails(AUTHENTICATION, guarded_tiny.place(), "Basic")
    # It says 401, as an origin would, to a wrong password: there is nothing to tell them apart by.
    options["proxy"] = guarded_tiny.url(login="ann:wrong")
    forwarded, refused = caller.run(options, get(origin.http + "/ok"), get(origin.https + "/ok"))
    forwarded.succeeds(401)
    refused.fails(FAILED, guarded_tiny.place(), "401")


def test_tinyproxy_and_a_server_that_is_not_there(caller: Caller, tiny: Daemon) -> None:
    """A tunnel to it is refused by the proxy, with a status; a forwarded request gets that
    status."""
    (result,) = caller.run({"proxy": tiny.url()}, get("https://127.0.0.1:2/"))
    result.fails(FAILED, tiny.place(), "50")
    assert (caller.one({"proxy": tiny.url()}, get("http://127.0.0.1:2/")).status or 0) >= 500


def test_haproxy_counts_one_connection(every: Caller, origin: Origin, ha: Haproxy) -> None:
    for port, scheme, login in (
        ("open", "http", ""), ("guarded", "http", "ann:secret"), ("tls", "https", ""),
    ):  # fmt: skip
        before = ha.counts(port)
        options = {"proxy": ha.url(port, scheme, login), "ca_file": origin.ca_file}
        all_ok(every.run(options, *[get(origin.http + "/ok")] * 5))
        connections, requests = ha.counts(port)
        assert (connections - before[0], requests - before[1]) == (1, 5), port


def test_haproxy_shares_connections_between_origins(caller: Caller, ha: Haproxy) -> None:
    """Whoever is asked: the connection is the proxy's."""
    before = ha.counts("open")
    names = ("one.test", "two.test", "three.test:8080", "[2001:db8::1]")
    all_ok(caller.run({"proxy": ha.url()}, *[get(f"http://{name}/ok") for name in names]))
    connections, requests = ha.counts("open")
    assert (connections - before[0], requests - before[1]) == (1, len(names))


def test_haproxy_asks_for_authentication(caller: Caller, origin: Origin, ha: Haproxy) -> None:
    result = caller.one({"proxy": ha.url("guarded")}, get(origin.http + "/ok"))
    result.fails(AUTHENTICATION, ha.place("guarded"), 'Basic realm="roads"')


def test_a_request_has_its_own_proxy(
    every: Caller, origin: Origin, running_squid: Daemon, tiny: Daemon, marked: Any
) -> None:
    """Connections of different roads are not shared."""
    mark, logged = marked
    url = origin.http + "/ok"
    through_tiny = get(url, proxy=tiny.url())
    results = every.run({"proxy": running_squid.url(), **mark}, get(url), through_tiny, get(url))
    all_ok(results)
    lines, connections = logged(running_squid, 2)
    assert lines == [("GET", "200", "-")] * 2 and connections == 1


def test_a_proxy_that_is_not_there_is_named(every: Caller, origin: Origin) -> None:
    for scheme in ("http", "https", "socks4", "socks4a", "socks5", "socks5h"):
        login = "ann" if scheme.startswith("socks4") else "ann:secret"
        options = {"proxy": f"{scheme}://{login}@127.0.0.1:9", "ca_file": origin.ca_file}
        for result in every.run(options, get(origin.http + "/ok"), get(origin.https + "/ok")):
            result.fails("KA_CONNECT_FAILED", "proxy", "127.0.0.1:9")
            assert "secret" not in result.message
    result = every.one({"proxy": "http://no.such.name.invalid:3128"}, get(origin.http + "/ok"))
    assert result.error in ("KA_RESOLVE_FAILED", "KA_CONNECT_FAILED"), result
    assert "no.such.name.invalid" in result.message
