"""Arguments and options: values of every kind, names that are not known, defaults that are switched
off; nothing wrong is sent, and every refusal says what is accepted."""

from __future__ import annotations

import asyncio
import base64
import datetime
import decimal
import enum
import io
import ipaddress
import json
import math
import uuid
from typing import Any

import numpy
import pytest

import libkeepalive


class Colour(enum.Enum):
    RED = "r"
    NUMBER = 7


class Text(str, enum.Enum):
    RED = "red"


class Whole(enum.IntEnum):
    ONE = 1


ZONE = datetime.timezone(datetime.timedelta(hours=2))
IDENTIFIER = uuid.UUID("12345678123456781234567812345678")


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        (None, ""),
        (True, "true"),
        (False, "false"),
        (1, "1"),
        (1.5, "1.5"),
        ("ü &", "%C3%BC+%26"),
        (b"\xff&", "%FF%26"),
        (bytearray(b"ab"), "ab"),
        (memoryview(b"ab"), "ab"),
        (datetime.date(2026, 1, 2), "2026-01-02"),
        (datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=ZONE), "2026-01-02T03%3A04%3A05%2B02%3A00"),
        (datetime.time(3, 4), "03%3A04%3A00"),
        (decimal.Decimal("1.10"), "1.10"),
        (IDENTIFIER, str(IDENTIFIER)),
        (Colour.RED, "r"),
        (Colour.NUMBER, "7"),
        (Text.RED, "red"),
        (Whole.ONE, "1"),
        (ipaddress.ip_address("::1"), "%3A%3A1"),
        (numpy.int64(-3), "-3"),
        (numpy.float64(0.5), "0.5"),
        (numpy.float32(0.5), "0.5"),
        (numpy.longdouble("0.5"), "0.5"),
        (numpy.bool_(True), "true"),
        (numpy.str_("s"), "s"),
        (numpy.bytes_(b"s"), "s"),
        (numpy.datetime64("2026-01-02"), "2026-01-02"),
        (numpy.datetime64("2026-01-02T03:04:05.000000001"), "2026-01-02T03%3A04%3A05.000000001"),
        (numpy.array(5), "5"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_values_of_every_kind(client, origin, value: Any, sent: str):
    echo = client.post(origin.http + "/echo", params={"a": value}, data={"b": value}).json()
    assert echo["target"] == f"/echo?a={sent}"
    assert base64.b64decode(echo["body_b64"]) == f"b={sent}".encode()


def test_lists_and_keys(client, origin):
    def target(params: Any) -> str:
        return client.get(origin.http + "/echo", params=params).json()["target"]

    assert target({"a": [1, None, Colour.RED], "b": ()}) == "/echo?a=1&a=&a=r"
    assert target({"a": numpy.array([1, 2])}) == "/echo?a=1&a=2"
    assert target([(b"k", 1), (Colour.RED, 2), (3, 3)]) == "/echo?k=1&r=2&3=3"
    assert target((pair for pair in [("a", 1)])) == "/echo?a=1"
    assert target(libkeepalive.Headers([("a", "1"), ("a", "2")])) == "/echo?a=1&a=2"
    assert target("a=1&b") == "/echo?a=1&b" and target(b"a") == "/echo?a"
    assert target({}) == "/echo" == target(None) == target("")


@pytest.mark.parametrize(
    "value", [object(), {"x": 1}, [[1]], {1}, datetime.timedelta(1), numpy.timedelta64(1, "s")],
    ids=lambda value: type(value).__name__,
)
def test_other_values_are_refused_by_name(client, origin, value: Any):
    for name in ("params", "data"):
        with pytest.raises(TypeError, match=rf"^{name}\['a'\]: expected str, .*Decimal.*; got "):
            client.post(origin.http + "/echo", **{name: {"a": value}})
    with pytest.raises(TypeError, match="a key of params: expected str"):
        client.get(origin.http + "/echo", params={(1, 2): "x"})


@pytest.mark.parametrize("pairs", ["ab", [1], ["ab"], [("a", 1, 2)], 5, [b"ab"]])
def test_what_is_no_pairs_is_refused(client, origin, pairs: Any):
    names = ["params", "data"] if not isinstance(pairs, str) else []
    for name in names:
        with pytest.raises(TypeError, match=f"^{name}: expected a mapping or pairs"):
            client.post(origin.http + "/echo", **{name: pairs})
    with pytest.raises(TypeError, match="^data: expected a mapping or pairs"):
        client.post(origin.http + "/echo", data=pairs, files={"f": b""})


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("parms", "did you mean params?"),
        ("Headers", "did you mean headers?"),
        ("follow-redirects", "did you mean follow_redirects?"),
        ("timeouts", "did you mean timeout?"),
        ("preload_content", "client.stream(method, url)"),
        ("transport", "an option of the client: Client(transport=...)"),
        ("hooks", "give event_hooks="),
        ("proxies", "proxy=, a URL or patterns"),
        ("proxy_auth", 'proxy="http://user:password@host"'),
        ("trust_env", "an option of the client: Client(trust_env=...)"),
        ("uds", "unix_socket="),
        ("verify_ssl", "give verify= to Client"),
        ("ssl", "give verify= to Client"),
        ("body", "content="),
        ("fields", "params="),
        ("retries", "give retries= to Client"),
        ("connect_timeout", "libkeepalive.Timeout(connect=...)"),
        ("idle_timeout", "an option of the client: Client(idle_timeout=...)"),
        ("idle_timout", "Client(idle_timeout=...)"),
        ("zzz", "accepted are allow_redirects, auth, ca_dir, ca_file, ca_only, cert"),
    ],
)
def test_an_unknown_argument_gets_a_hint(client, origin, name: str, hint: str):
    for call in (
        lambda: client.get(origin.http, **{name: 1}),
        lambda: libkeepalive.get(origin.http, **{name: 1}),
        lambda: client.stream("GET", origin.http, **{name: 1}),
        lambda: client.aio.stream("GET", origin.http, **{name: 1}),
        lambda: asyncio.run(client.aio.get(origin.http, **{name: 1})),
        lambda: asyncio.run(client.aio.request("GET", origin.http, **{name: None})),
    ):
        with pytest.raises(TypeError) as raised:
            call()
        assert str(raised.value).startswith(f"unknown argument {name}") and hint in str(raised.value)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("max_per_hots", "did you mean max_per_host?"),
        ("baseurl", "did you mean base_url?"),
        ("maxsize", "max_per_host="),
        ("limits", "max_per_host=, max_total="),
        ("max_connections", "max_total="),
        ("proxies", "proxy=, a URL or patterns"),
        ("mounts", "proxy=, a URL or patterns"),
        ("http2", "only HTTP/1.1"),
        ("zzz", "accepted are allow_redirects, auth, base_url"),
    ],
)
def test_an_unknown_option_gets_a_hint(name: str, hint: str):
    for make in (libkeepalive.Client, libkeepalive.AsyncClient):
        for value in (1, None):
            with pytest.raises(TypeError) as raised:
                make(**{name: value})
            assert str(raised.value).startswith(f"unknown option {name}")
            assert hint in str(raised.value)


def test_none_is_the_default_of_every_option(origin):
    names = [name for name, *_ in libkeepalive.OPTIONS]
    own = ["profile", "headers", "auth", "base_url", "follow_redirects", "verify", "cert"]
    everything = dict.fromkeys([*names, *own])
    for make in (libkeepalive.Client, libkeepalive.AsyncClient):
        make(**everything)
    with libkeepalive.Client(**everything) as client:
        echo = client.get(origin.http + "/echo").json()
        agent = dict(echo["headers"])["user-agent" if "user-agent" in echo else "User-Agent"]
        assert agent.startswith("libkeepalive/")
    # The defaults of a profile are its own.
    with libkeepalive.Client(profile="service", retries=None) as client:
        response = client.get(origin.http + "/flaky?key=py-none&times=1&how=fin")
        assert response.info.retries == 1


def test_infinity_is_no_limit_and_no_agent_is_none(origin):
    times = [name for name, kind, *_ in libkeepalive.OPTIONS if kind == "float | None"]
    with libkeepalive.Client(**dict.fromkeys(times, math.inf), user_agent="") as client:
        names = [name.lower() for name, _ in client.get(origin.http + "/echo").json()["headers"]]
    assert "user-agent" not in names


def test_auth_none_switches_the_client_s_off(origin):
    def auth(client: libkeepalive.Client, **arguments: Any) -> tuple[int, str]:
        response = client.get(origin.http + "/auth", **arguments)
        asynchronous = asyncio.run(client.aio.get(origin.http + "/auth", **arguments))
        assert response.text == asynchronous.text
        return response.status_code, response.text

    mine = (200, "Basic " + base64.b64encode(b"u:p").decode())
    other = (200, "Basic " + base64.b64encode(b"v:q").decode())
    with libkeepalive.Client(auth=("u", "p")) as client:
        assert auth(client) == mine
        assert auth(client, auth=None)[0] == 401
        assert auth(client, auth=("v", "q")) == other
        assert auth(client, headers={"Authorization": "Bearer x"}) == (200, "Bearer x")
        header = {"Authorization": "Bearer x"}
        assert auth(client, auth=None, headers=header) == (200, "Bearer x")
        # As in httpx and requests, `auth` is the one that counts.
        assert auth(client, auth=("v", "q"), headers=header) == other


def test_statistics_are_json(client, origin):
    client.get(origin.http + "/ok")
    stats = json.loads(json.dumps(client.stats().as_dict()))
    assert stats["opened"] == 1 and stats["origins"][0]["origin"] == origin.http
    assert stats["origins"][0] == client.stats().origins[0].as_dict()
    public = {name for name in dir(client.stats().origins[0]) if not name.startswith("_")}
    assert set(stats["origins"][0]) == public - {"as_dict"}
    assert "origin" in repr(client.stats())


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda c, u: c.get(None), TypeError, "url: expected str, or a URL of httpx or yarl, got NoneType"),
        (lambda c, u: c.request(None, u), TypeError, "method: expected str, got NoneType"),
        (lambda c, u: c.get(u, timeout=(3, 27, 1)), ValueError, "timeout: expected .connect, read."),
        (lambda c, u: c.get(u, headers={"a": 7}), TypeError, '"a": expected str or bytes'),
        (lambda c, u: c.post(u, content={"a": 1}), TypeError, "content: expected str.*json="),
        (lambda c, u: c.post(u, content="\ud800"), ValueError, "content: a lone surrogate"),
        (lambda c, u: c.post(u, json="\ud800"), ValueError, "json: a lone surrogate"),
        (lambda c, u: c.post(u, data={"a": "\ud800"}), ValueError, "data: a lone surrogate"),
        (lambda c, u: c.get(u, params={"a": "\ud800"}), ValueError, "params: a lone surrogate"),
        (lambda c, u: c.get(u, params=b"\xff"), ValueError, "params: .*ASCII"),
        (lambda c, u: c.get(u + "\ud800"), ValueError, "url: a lone surrogate"),
        (lambda c, u: c.get(u, headers={"a": "\ud800"}), ValueError, "a lone surrogate"),
        (lambda c, u: c.post(u, json={1, 2}), TypeError, "json: "),
        (lambda c, u: c.warm(u, -1), ValueError, "count: -1 is not a count"),
        (lambda c, u: c.warm(u, "1"), TypeError, "count: expected a whole number"),
        (lambda c, u: c.get(u).iter_bytes(0), ValueError, "chunk_size: 0"),
        (lambda c, u: c.get(u).iter_bytes(-1), ValueError, "chunk_size: -1"),
        (lambda c, u: c.get(u).iter_bytes("1"), TypeError, "chunk_size: expected a whole number"),
        (lambda c, u: c.get(u).iter_text(True), TypeError, "chunk_size: expected a whole number"),
        (lambda c, u: libkeepalive.Client(profile="fast"), ValueError, "profile"),
        (lambda c, u: libkeepalive.Client(base_url=1), TypeError, "base_url: expected str"),
        (lambda c, u: libkeepalive.Client(auth=["u", "p"]), TypeError, "auth: expected a tuple"),
    ],
)
def test_whatever_is_wrong_is_named(client, origin, call, error: type, text: str):
    with pytest.raises(error, match=text):
        call(client, origin.http + "/ok")
    assert client.stats().waiting == client.stats().active == 0


def test_a_file_as_data_is_the_body(client, origin):
    echo = client.post(origin.http + "/echo", data=io.BytesIO(b"raw")).json()
    assert base64.b64decode(echo["body_b64"]) == b"raw"
    assert "content-type" not in {name.lower() for name, _ in echo["headers"]}


@pytest.mark.parametrize(
    ("base", "reference", "path"),
    [
        ("", "/login?next=https://x/", "/login?next=https://x/"),
        ("", "login?next=https://x/y", "/login?next=https://x/y"),
        ("/", "/a", "/a"),
        ("/v1", "/a", "/v1/a"),
        ("/v1/", "a/b?c=d", "/v1/a/b?c=d"),
        ("/v1", "a:b/http://c", "/v1/a:b/http://c"),
        ("/v1", "?q=http://x", "/v1/?q=http://x"),
    ],
)
def test_a_base_url_is_joined_by_scheme(origin, base: str, reference: str, path: str):
    base_url = origin.http + "/echo"
    with libkeepalive.Client(base_url=origin.http + base) as client:
        response = client.get(reference)
        assert response.url == origin.http + path
        assert asyncio.run(client.aio.get(reference)).url == response.url
        assert client.get(base_url).json()["target"] == "/echo"
        upper = base_url.replace("http://", "HTTP://")
        assert client.get(upper).json()["target"] == "/echo"


def test_a_host_without_a_scheme_is_no_path():
    with libkeepalive.Client(base_url="http://127.0.0.1:1/v1") as client:
        with pytest.raises(libkeepalive.InvalidURL, match="host without a scheme"):
            client.get("//other.example/")
