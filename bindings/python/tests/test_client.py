"""The blocking client: arguments, responses, pool, states."""

from __future__ import annotations

import datetime
import pickle
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import libkeepalive
from conftest import Origin, Server


def test_a_second_request_reuses_the_connection(client, origin):
    first = client.get(origin.http + "/json")
    second = client.get(origin.http + "/json")
    assert (first.info.reused, second.info.reused) == (False, True)
    assert first.info.connection_id == second.info.connection_id
    stats = client.stats()
    assert (stats.opened, stats.reused, stats.idle, stats.active) == (1, 1, 1, 0)
    assert stats.as_dict()["opened"] == 1
    assert "opened=1" in repr(stats)


def test_a_response_has_httpx_s_attributes(client, origin):
    response = client.get(origin.http + "/json")
    assert response.status_code == 200
    assert response.reason_phrase == "OK"
    assert response.http_version == "HTTP/1.1"
    assert response.url == origin.http + "/json"
    assert response.headers["Content-Type"] == "application/json"
    assert response.json()["name"] == "keep-alive"
    assert response.text.startswith('{"id":12345')
    assert len(response.content) == 47
    assert response.is_success and not response.is_error and not response.is_redirect
    assert response.raise_for_status() is response
    assert response.encoding == "utf-8"
    assert isinstance(response.elapsed, datetime.timedelta)
    assert response.request == ("GET", origin.http + "/json")
    assert repr(response) == "<Response [200 OK]>"
    assert b"".join(response.iter_bytes(10)) == response.content
    assert response.read() == response.content
    timings = response.info.timings
    assert 0 < timings.total < 20 and timings.connect >= 0


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete", "options"])
def test_each_method_function_sends_its_method(client, origin, method):
    for where in (client, libkeepalive):
        assert getattr(where, method)(origin.http + "/echo").json()["method"] == method.upper()


def test_head_has_no_body(client, origin):
    response = client.head(origin.http + "/head-only")
    assert (response.content, response.headers["content-length"]) == (b"", "1000")
    assert libkeepalive.head(origin.http + "/ok").content == b""
    assert client.get(origin.http + "/ok").info.reused


def test_request_takes_any_method(client, origin):
    assert client.request("PURGE", origin.http + "/echo").json()["method"] == "PURGE"
    assert client.request("get", origin.http + "/echo").json()["method"] == "GET"
    assert libkeepalive.request("GET", origin.http + "/ok").text == "ok"


def headers_of(response: libkeepalive.Response) -> list[tuple[str, str]]:
    return [(name.lower(), value) for name, value in response.json()["headers"]]


def test_params_are_appended_to_the_query(client, origin):
    echo = client.get(origin.http + "/echo?x=1#f", params={"a": [1, 2], "b": None, "c": True})
    assert echo.json()["target"] == "/echo?x=1&a=1&a=2&b=&c=true"
    echo = client.get(origin.http + "/echo", params=[("q", "a b&ü")])
    assert echo.json()["target"] == "/echo?q=a+b%26%C3%BC"
    assert client.get(origin.http + "/echo", params="raw=1").json()["target"] == "/echo?raw=1"


@pytest.mark.parametrize(
    "headers",
    [{"X-One": "1", "X-Two": "ü"}, [("X-One", "1"), (b"X-Two", b"\xfc")],
     libkeepalive.Headers({"X-One": "1", "X-Two": "ü"})],
)  # fmt: skip
def test_headers_are_a_mapping_or_pairs(client, origin, headers):
    sent = headers_of(client.get(origin.http + "/echo", headers=headers))
    assert sent[1:3] == [("x-one", "1"), ("x-two", "ü")]


def test_default_headers_are_sent_unless_given(client, origin):
    sent = dict(headers_of(client.get(origin.http + "/echo")))
    assert sent["accept"] == "*/*"
    assert sent["accept-encoding"] == "br, zstd, gzip, deflate"
    assert sent["user-agent"].startswith("libkeepalive/")
    own = {"Accept": "text/html", "Accept-Encoding": "identity", "User-Agent": "me"}
    sent = dict(headers_of(client.get(origin.http + "/echo", headers=own)))
    assert (sent["accept"], sent["accept-encoding"], sent["user-agent"]) == tuple(own.values())


def test_a_client_s_defaults_apply_to_its_requests(origin):
    with libkeepalive.Client(
        base_url=origin.http + "/", headers={"X-Default": "1"}, auth=("user", "pass")
    ) as client:
        sent = dict(headers_of(client.get("/echo", headers={"x-default": "2"})))
        assert sent["x-default"] == "2"
        assert sent["authorization"] == "Basic dXNlcjpwYXNz"
        assert dict(headers_of(client.get("echo")))["x-default"] == "1"
        assert client.get(origin.http + "/ok").text == "ok"


def test_auth_is_basic(client, origin):
    assert client.get(origin.http + "/auth").status_code == 401
    assert client.get(origin.http + "/auth", auth=("u", "p")).text == "Basic dTpw"
    url = origin.http.replace("//", "//u:p@") + "/auth"
    assert client.get(url).text == "Basic dTpw"


def test_redirects_are_followed_when_asked(client, origin):
    url = origin.http + "/redirect/302?n=2"
    response = client.get(url)
    assert response.status_code == 302 and response.is_redirect
    response = client.get(url, follow_redirects=True)
    assert (response.text, response.info.redirects) == ("ok", 3)
    assert response.url == origin.http + "/ok"
    with libkeepalive.Client(follow_redirects=True, max_redirects=1) as follower:
        with pytest.raises(libkeepalive.TooManyRedirects):
            follower.get(url)
        assert follower.get(url, follow_redirects=False).status_code == 302


@pytest.mark.parametrize("path", ["/gzip", "/deflate", "/deflate-raw", "/br", "/zstd"])
def test_bodies_are_decoded(client, origin, path):
    assert client.get(origin.http + path).json() == client.get(origin.http + "/compressible").json()
    with client.stream("GET", origin.http + path) as response:
        assert response.read() == client.get(origin.http + "/compressible").content
    with pytest.raises(libkeepalive.HTTPError):
        client.get(origin.http + path + "?cut=1")


def test_text_is_decoded_by_charset(client, origin):
    def echo(body: bytes, media: str) -> libkeepalive.Response:
        return client.post(
            origin.http + "/echo-body", content=body, headers={"Content-Type": media}
        )

    assert echo("ü".encode("latin-1"), "text/plain; charset=latin-1").text == "ü"
    assert echo("ü".encode(), "text/plain").text == "ü"
    assert echo(b"\xff", "text/plain").text == "\N{REPLACEMENT CHARACTER}"
    assert echo("ü".encode(), 'text/plain; charset="nonsense"').text == "ü"
    response = echo("ü".encode("utf-16"), "text/plain")
    response.encoding = "utf-16"
    assert response.text == "ü"
    assert list(echo("a\r\nb\nc".encode(), "text/plain").iter_lines()) == ["a", "b", "c"]
    assert echo(b'{"x":1.5}', "application/json").json(parse_float=str) == {"x": "1.5"}


def test_raise_for_status_carries_the_response(client, origin):
    with pytest.raises(libkeepalive.HTTPStatusError, match="Client error 404") as raised:
        client.get(origin.http + "/status/404").raise_for_status()
    assert raised.value.response.status_code == 404
    assert raised.value.request == ("GET", origin.http + "/status/404")
    with pytest.raises(libkeepalive.HTTPStatusError, match="Redirect response 302"):
        client.get(origin.http + "/redirect/302").raise_for_status()


def test_headers_read_like_a_mapping():
    from collections.abc import Mapping

    headers = libkeepalive.Headers([("Set-Cookie", "a=1"), ("set-cookie", "b=2"), ("X", "y, z")])
    assert headers["SET-COOKIE"] == "a=1, b=2"
    assert headers.get("missing") is None and headers.get("missing", 1) == 1
    assert headers.get_list("Set-Cookie") == ["a=1", "b=2"]
    assert headers.get_list("x", split_commas=True) == ["y", "z"]
    assert dict(headers) == {"set-cookie": "a=1, b=2", "x": "y, z"}
    assert headers.multi_items() == [("set-cookie", "a=1"), ("set-cookie", "b=2"), ("x", "y, z")]
    assert headers.raw[0] == (b"Set-Cookie", b"a=1")
    assert "x" in headers and "q" not in headers and 1 not in headers and len(headers) == 2
    assert headers.values() == ["a=1, b=2", "y, z"] and list(headers) == headers.keys()
    assert isinstance(headers, Mapping)
    assert pickle.loads(pickle.dumps(headers)) == headers != {"x": "y"}
    with pytest.raises(KeyError):
        headers["q"]


def test_trailers_come_after_the_body(client, origin):
    response = client.get(origin.http + "/trailers")
    assert response.trailers["x-checksum"] == "abc"
    assert len(client.get(origin.http + "/ok").trailers) == 0


def test_a_response_can_be_pickled(client, origin):
    response = client.get(origin.http + "/json")
    copy = pickle.loads(pickle.dumps(response))
    assert copy.json() == response.json() and copy.headers == response.headers
    assert (copy.url, copy.status_code, copy.elapsed) == (response.url, 200, response.elapsed)
    assert copy.reason_phrase == "OK" and copy.info.reused == response.info.reused


def test_tls_is_verified(client, origin):
    assert client.get(origin.https + "/ok").text == "ok"
    with pytest.raises(libkeepalive.ConnectError) as raised:
        libkeepalive.get(origin.https + "/ok")
    assert raised.value.kind == "CertificateRejected" and "localhost" in str(raised.value)
    with pytest.raises(libkeepalive.ConnectError):
        client.get(origin.endpoints["wrong_host"] + "/ok")
    with libkeepalive.Client(verify=origin.ca_file) as trusting:
        assert trusting.get(origin.https + "/ok").text == "ok"
    with open(origin.ca_file, "rb") as file, libkeepalive.Client(ca_pem=file.read()) as trusting:
        assert trusting.get(origin.https + "/ok").text == "ok"
    files = (origin.endpoints["client_cert_file"], origin.endpoints["client_key_file"])
    with libkeepalive.Client(ca_file=origin.ca_file, cert=files) as known:
        echo = known.get(origin.endpoints["mtls"] + "/echo").json()
        assert echo["tls"]["client_certificate"] is True


def test_threads_share_one_pool(origin):
    with libkeepalive.Client(max_per_host=4) as client:
        with ThreadPoolExecutor(16) as threads:
            results = threads.map(
                lambda _: client.get(origin.http + "/json").status_code, range(200)
            )
            assert set(results) == {200}
        assert client.stats().opened <= 4


def test_the_shared_client_is_one(origin):
    shared = libkeepalive.Client.shared()
    libkeepalive.get(origin.http + "/ok")
    before = shared.stats().reused
    results: list[bool] = []
    thread = threading.Thread(
        target=lambda: results.append(
            libkeepalive.Client.shared().get(origin.http + "/ok").info.reused
        )
    )
    thread.start()
    thread.join()
    assert results == [True] and shared.stats().reused == before + 1
    shared.close()
    assert shared.stats().idle == 0
    assert libkeepalive.get(origin.http + "/ok").text == "ok"


def test_a_closed_client_says_so(origin):
    client = libkeepalive.Client()
    with client as same:
        assert same is client
        client.get(origin.http + "/ok")
        assert not client.is_closed and "1 idle" in repr(client)
    assert client.is_closed and "closed" in repr(client)
    with pytest.raises(libkeepalive.InvalidState, match="client is closed") as raised:
        client.get(origin.http + "/ok")
    assert raised.value.kind == "InvalidState"
    client.close()


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"max_per_hots": 1}, TypeError, "unknown option max_per_hots"),
        ({"max_per_host": "1"}, TypeError, "max_per_host: expected a whole number, got str"),
        ({"max_per_host": -1}, ValueError, "max_per_host"),
        ({"max_per_host": 0}, libkeepalive.InvalidArgument, "max_per_host"),
        ({"idle_timeout": "30"}, TypeError, "idle_timeout: expected seconds"),
        ({"idle_timeout": -1}, libkeepalive.InvalidArgument, "idle_timeout"),
        ({"idle_timeout": float("nan")}, libkeepalive.InvalidArgument, "idle_timeout"),
        ({"ca_file": "/no/such/file"}, libkeepalive.InvalidArgument, "ca_file"),
        ({"ca_file": 1}, TypeError, "ca_file: expected str, got int"),
        ({"ca_pem": 1}, TypeError, "ca_pem: expected PEM"),
        ({"timeout": "x"}, TypeError, "timeout: expected seconds"),
        ({"headers": 1}, TypeError, "headers: expected a mapping"),
        ({"follow_redirects": 1}, TypeError, "follow_redirects: expected True or False"),
    ],
)
def test_a_wrong_option_is_named(options: dict[str, Any], error: type, text: str):
    for make in (libkeepalive.Client, libkeepalive.AsyncClient):
        with pytest.raises(error, match=text):
            make(**options)


def test_every_option_of_the_engine_is_accepted(origin):
    with open(origin.ca_file, "rb") as file:
        origin_ca = file.read()
    values = {
        "int": 100,
        "float | None": None,
        "str | None": None,
        "bytes | None": None,
        "bool": True,
    }
    for name, kind, default, meaning in libkeepalive.OPTIONS:
        beside = {"ca_pem": origin_ca} if name == "ca_only" else {}
        libkeepalive.Client(**{name: values[kind]}, **beside)
        assert default and meaning
    libkeepalive.Client(idle_timeout=1, connect_timeout=0.5)


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"crumbs": {}}, TypeError, "unknown argument crumbs"),
        ({"headers": {"a": 1}}, TypeError, 'header "a": expected str or bytes, got int'),
        ({"headers": [1]}, TypeError, "headers: expected"),
        ({"headers": {"a@b": "1"}}, libkeepalive.LocalProtocolError, 'name "a@'),
        ({"headers": {"a": "1\r\nb: 2"}}, libkeepalive.LocalProtocolError, "header .*a.*control"),
        ({"headers": {"a": "\N{SNOWMAN}"}}, libkeepalive.LocalProtocolError, "latin-1"),
        (
            {"headers": {"Content-Length": "9"}, "content": b"1"},
            libkeepalive.LocalProtocolError,
            "9 bytes|Content-Length",
        ),
        ({"content": 1}, TypeError, "content: expected"),
        ({"content": b"", "json": {}}, TypeError, "content and json"),
        ({"json": float("nan")}, ValueError, "JSON"),
        ({"json": object()}, TypeError, "JSON"),
        ({"params": 1}, TypeError, "params: expected"),
        ({"params": {"a": object()}}, TypeError, "params\\['a'\\]"),
        ({"data": {"a": object()}}, TypeError, "data\\['a'\\]"),
        ({"files": 1}, TypeError, "files: expected"),
        ({"files": {"a": 1}}, TypeError, "files\\['a'\\]"),
        ({"auth": "x"}, TypeError, "auth: expected a tuple"),
        ({"auth": ("x", 1)}, TypeError, "auth: expected str"),
        ({"timeout": True}, TypeError, "timeout: expected seconds"),
        ({"timeout": -1}, libkeepalive.InvalidArgument, "timeout"),
        ({"follow_redirects": "x"}, TypeError, "follow_redirects"),
    ],
)
def test_a_wrong_argument_is_named(
    client, origin, arguments: dict[str, Any], error: type, text: str
):
    with pytest.raises(error, match=text):
        client.request("POST", origin.http + "/ok", **arguments)


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("ftp://host/", libkeepalive.UnsupportedProtocol),
        ("/relative", libkeepalive.InvalidURL),
        ("http://", libkeepalive.InvalidURL),
        ("http://host:99999/", libkeepalive.InvalidURL),
        ("http://host/a\tb", libkeepalive.InvalidURL),
        ("http://host/\r\nX: y", libkeepalive.InvalidURL),
        (b"http://h\xe4/", ValueError),
        (None, TypeError),
    ],
)
def test_a_wrong_url_is_refused(client, url, error):
    with pytest.raises(error, match="url"):
        client.get(url)


@pytest.mark.parametrize("method", ["", "A B", "GET\r\n"])
def test_a_wrong_method_is_refused(client, origin, method):
    with pytest.raises(libkeepalive.LocalProtocolError, match="method"):
        client.request(method, origin.http + "/ok")


def test_timeouts_name_their_phase(client, origin):
    with pytest.raises(libkeepalive.ReadTimeout) as raised:
        client.get(origin.http + "/stall", timeout=0.05)
    assert raised.value.phase == "head" and isinstance(raised.value, TimeoutError)
    with pytest.raises(libkeepalive.TotalTimeout):
        client.get(origin.http + "/stall", timeout=libkeepalive.Timeout(total=0.05))
    with pytest.raises(libkeepalive.ReadTimeout) as raised:
        client.get(origin.http + "/stall-body?n=10&sent=3", timeout=libkeepalive.Timeout(read=0.1))
    assert raised.value.phase == "body" and len(raised.value.partial_body) == 3
    with libkeepalive.Client(timeout=0.05) as hasty:
        with pytest.raises(libkeepalive.ReadTimeout):
            hasty.get(origin.http + "/stall")
        assert hasty.get(origin.http + "/slow-head?ms=100", timeout=None).text == "ok"


def test_timeout_reads_as_httpx_s():
    timeout = libkeepalive.Timeout(5.0, read=None, total=9)
    assert (timeout.connect, timeout.read, timeout.write, timeout.pool) == (5.0, None, 5.0, 5.0)
    assert timeout.total == 9.0
    assert repr(timeout) == "Timeout(connect=5.0, read=None, write=5.0, pool=5.0, total=9.0)"
    assert pickle.loads(pickle.dumps(timeout)) == timeout != libkeepalive.Timeout(5.0)
    assert libkeepalive.Timeout(read=1).connect is ...
    with pytest.raises(TypeError, match="read"):
        libkeepalive.Timeout(read="1")


def test_the_pool_s_limit_holds(origin):
    with libkeepalive.Client(max_per_host=1) as client:
        with client.stream("GET", origin.http + "/bytes/3000000"):
            with pytest.raises(libkeepalive.PoolTimeout) as raised:
                client.get(origin.http + "/ok", timeout=libkeepalive.Timeout(pool=0.05))
            assert raised.value.retry_safe
        assert client.get(origin.http + "/ok").text == "ok"


def test_nginx_serves_plain_and_tls(nginx: Server):
    with libkeepalive.Client(ca_file=nginx.ca_file) as client:
        for base in (nginx.http, nginx.https):
            assert client.get(f"{base}/text").text == "hello from nginx\n"
            big = client.get(f"{base}/files/big.txt")
            assert len(big.content) == 320_000 and big.headers["content-encoding"] == "gzip"
            assert client.get(f"{base}/gone").status_code == 404
            assert client.post(f"{base}/text", content=[b"a", b"b"]).status_code == 200
        assert client.stats().opened == 2


def test_an_asyncio_server_is_served_from(asyncio_server: Server):
    with libkeepalive.Client() as client:
        assert client.get(asyncio_server.http + "/a").text == "/a"
        assert (
            client.post(asyncio_server.http, content=iter([b"x" * 70_000])).content == b"x" * 70_000
        )
        assert client.put(asyncio_server.http, content=zlib.compress(b"1")).info.reused
        assert client.stats().opened == 1


def test_profiles_set_defaults(origin):
    with libkeepalive.Client(profile="service", total_timeout=0.05) as client:
        with pytest.raises(libkeepalive.TotalTimeout):
            client.get(origin.http + "/stall")
    with pytest.raises(libkeepalive.InvalidArgument, match="profile"):
        libkeepalive.Client(profile="fast")
    with pytest.raises(TypeError, match="profile: expected str"):
        libkeepalive.Client(profile=1)


def test_connections_can_be_opened_ahead(client, origin):
    assert client.warm(origin.https, 3) == 3
    assert client.stats().idle == 3
    assert client.warm(origin.https, 3) == 0
    response = client.get(origin.https + "/ok")
    assert client.stats().opened == 3 and response.text == "ok"
    client.network_changed()
    assert client.stats().idle == 0
    client.reset_breaker(origin.https)
    with pytest.raises(libkeepalive.InvalidURL):
        client.reset_breaker("nonsense")


def test_nothing_is_left_behind(origin: Origin):
    """Each client may hold descriptors while it lives; ten of them in turn hold no more than one."""
    import os

    def use() -> int:
        with libkeepalive.Client() as client:
            for path in ["/ok", "/chunked/10", "/status/500"]:
                client.get(origin.http + path)
            for path in ["/reset", "/close"]:
                with pytest.raises(libkeepalive.TransportError):
                    client.post(origin.http + path)
            with client.stream("GET", origin.http + "/bytes/5000000"):
                pass
        return len(os.listdir("/proc/self/fd"))

    before = use()
    threads = threading.active_count()
    assert max(use() for _ in range(10)) <= before + 1
    assert threading.active_count() == threads
    assert origin.ask("/_connections/wait?open=64")


def test_stats_show_each_origin_with_its_limit_and_breaker(origin):
    with libkeepalive.Client(circuit_breaker=True, retries=1) as client:
        client.get(f"{origin.http}/keepalive?timeout=9")
        (only,) = client.stats().origins
        assert only.origin == origin.http
        assert (only.idle_limit, only.idle_limit_source) == (8.0, "hint")
        assert (only.idle, only.breaker) == (1, "closed")
        response = client.get(f"{origin.http}/flaky?key=stats&times=1&how=fin")
        assert (response.info.replays, response.info.replay_reason) == (1, "ConnectionClosed")
