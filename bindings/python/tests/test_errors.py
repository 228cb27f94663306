"""The exceptions: the engine's table, httpx's tree, facts, pickling."""

from __future__ import annotations

import asyncio
import pickle
import socket
import threading

import pytest

import libkeepalive
from libkeepalive import _native

CLASSES = [
    value
    for name in libkeepalive.__all__
    if isinstance(value := getattr(libkeepalive, name), type) and issubclass(value, Exception)
]


def test_every_kind_of_the_engine_has_a_class():
    table = _native.error_table()
    assert len(table) > 30
    for kind, code, name, summary in table:
        assert code.startswith("KA_") and summary and kind
        assert getattr(libkeepalive, name) in CLASSES, kind


def test_misuse_is_no_failure_of_a_request(client, origin):
    """As in httpx: whoever catches HTTPError to try again must not try this again."""
    for name in ("InvalidURL", "InvalidArgument", "InvalidState", "StreamConsumed", "StreamClosed"):
        assert not issubclass(getattr(libkeepalive, name), libkeepalive.HTTPError), name
    closed = libkeepalive.Client()
    closed.close()
    for call in (
        lambda: client.get("http://"),
        lambda: client.get(origin.http, timeout=-1),
        lambda: libkeepalive.Client(max_per_host=0),
        lambda: closed.get(origin.http + "/ok"),
        lambda: asyncio.run(closed.aio.get(origin.http + "/ok")),
        lambda: client.aio.get(origin.http).send(None),
    ):
        with pytest.raises((ValueError, RuntimeError)) as raised:
            call()
        assert not isinstance(raised.value, libkeepalive.HTTPError), raised.value
        assert raised.value.kind or raised.type is libkeepalive.InvalidState


def test_an_end_of_the_connection_is_a_connection_error(client, origin):
    ends = {"ConnectionClosed", "HeadTruncated", "BodyTruncated", "ConnectionReset"}
    seen = set()
    for case in origin.ask("/_cases"):
        kinds = case["expect"]["errors"] or []
        kind = kinds[0] if len(kinds) == 1 else None
        if kind in ends and kind not in seen and case["tls"] != "only":
            seen.add(kind)
            for call in (
                lambda url=f"{origin.http}/wire/{case['name']}": client.get(url),
                lambda url=f"{origin.http}/wire/{case['name']}": asyncio.run(client.aio.get(url)),
            ):
                with pytest.raises(ConnectionError) as raised:
                    call()
                assert raised.value.kind in ends
                assert isinstance(raised.value, libkeepalive.TransportError)
    assert {"ConnectionClosed", "HeadTruncated", "BodyTruncated"} <= seen


def test_a_broken_head_is_none(client, origin):
    assert not issubclass(libkeepalive.RemoteProtocolError, ConnectionError)
    assert issubclass(libkeepalive.RemoteDisconnected, libkeepalive.RemoteProtocolError)


def test_classes_are_those_of_the_package():
    for name in libkeepalive.__all__:
        value = getattr(libkeepalive, name)
        if hasattr(value, "__module__"):
            assert value.__module__ == "libkeepalive", name
        if isinstance(value, type):
            assert repr(value) in (f"<class 'libkeepalive.{name}'>", f"<enum '{name}'>")
            assert pickle.loads(pickle.dumps(value)) is value


@pytest.mark.parametrize("cls", CLASSES)
def test_every_exception_is_documented_and_pickles(cls):
    assert cls.__doc__
    error = cls("it failed")
    error.__dict__.update(kind="X", phase="body", reused=True, retry_safe=True, sent="part",
                          errno=104, partial_body=b"ab", code="KA_X", tries=3,
                          request=libkeepalive.RequestInfo("GET", "http://h/"))  # fmt: skip
    error.note = "mine"
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is cls and str(copy) == "it failed" == copy.args[0]
    assert copy.__dict__ == error.__dict__
    assert copy.request.method == "GET" and copy.errno == 104


@pytest.mark.parametrize(
    ("cls", "bases"),
    [
        ("ConnectTimeout", ["TimeoutException", "TransportError", "RequestError", TimeoutError]),
        ("ReadTimeout", ["TimeoutException"]),
        ("WriteTimeout", ["TimeoutException"]),
        ("PoolTimeout", ["TimeoutException"]),
        ("TotalTimeout", ["TimeoutException"]),
        ("ConnectError", ["NetworkError", "TransportError", ConnectionError]),
        ("ReadError", ["NetworkError"]),
        ("RemoteProtocolError", ["ProtocolError", "TransportError"]),
        ("LocalProtocolError", ["ProtocolError"]),
        ("ProxyError", ["TransportError"]),
        ("UnsupportedProtocol", ["TransportError"]),
        ("DecodingError", ["RequestError"]),
        ("BodyTooLarge", ["RequestError"]),
        ("TooManyRedirects", ["RequestError"]),
        ("InvalidURL", [ValueError]),
        ("StreamConsumed", ["StreamError", RuntimeError]),
        ("StreamClosed", ["StreamError"]),
        ("ResponseNotRead", ["StreamError"]),
        ("InvalidState", [RuntimeError]),
        ("InvalidArgument", [ValueError]),
        ("RemoteDisconnected", ["RemoteProtocolError", ConnectionError]),
        ("HTTPStatusError", ["HTTPError"]),
    ],
)
def test_the_tree_is_httpx_s(cls, bases):
    for base in bases:
        base = getattr(libkeepalive, base) if isinstance(base, str) else base
        assert issubclass(getattr(libkeepalive, cls), base)


def test_a_refused_connection_has_its_facts(client):
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    with pytest.raises(libkeepalive.ConnectError, match=f"127.0.0.1:{port}") as raised:
        client.get(f"http://127.0.0.1:{port}/x?y")
    error = raised.value
    assert (error.kind, error.code) == ("ConnectFailed", "KA_CONNECT_FAILED")
    assert (error.phase, error.sent, error.reused) == ("connect", "nothing", False)
    assert error.retry_safe is True
    assert error.request == ("GET", f"http://127.0.0.1:{port}/x?y")
    copy = pickle.loads(pickle.dumps(error))
    assert copy.errno == error.errno == 111 and copy.request == error.request


def test_the_number_of_tries_is_told(origin):
    with socket.create_server(("127.0.0.1", 0)) as unused:
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/"
    with libkeepalive.Client(retries=2) as client:
        for call in (lambda: client.get(url), lambda: asyncio.run(client.aio.get(url))):
            with pytest.raises(libkeepalive.ConnectError, match="3 tries") as raised:
                call()
            assert raised.value.tries == 3 == pickle.loads(pickle.dumps(raised.value)).tries
    with libkeepalive.Client() as client, pytest.raises(libkeepalive.ConnectError) as raised:
        client.get(url)
    assert raised.value.tries == 1


def test_three_retries_are_four_tries(origin):
    for key, get in (
        ("blocking", lambda client, url: client.get(url)),
        ("asyncio", lambda client, url: asyncio.run(client.aio.get(url))),
    ):
        with libkeepalive.Client(retries=3) as client:
            url = f"{origin.http}/status/503?key=tries-{key}"
            response = get(client, url)
            assert (response.status_code, response.info.retries) == (503, 3)
        assert len(origin.ask(f"/_journal?key=tries-{key}")) == 4


def test_a_name_that_does_not_exist(client):
    with pytest.raises(libkeepalive.ConnectError, match="does-not-exist.invalid") as raised:
        client.get("http://does-not-exist.invalid/")
    assert (raised.value.kind, raised.value.phase) == ("ResolveFailed", "resolve")


def test_a_dead_reuse_is_told(client, origin):
    client.get(origin.http + "/ok")
    with pytest.raises(libkeepalive.RemoteProtocolError) as raised:
        client.post(origin.http + "/close")
    assert raised.value.reused and raised.value.sent == "all" and not raised.value.retry_safe


def test_partial_bodies_can_be_read_from_the_error(client, origin):
    with pytest.raises(libkeepalive.ReadTimeout) as raised:
        client.get(origin.http + "/stall-body?n=10&sent=4", timeout=0.1)
    assert len(raised.value.partial_body) == 4


def test_a_status_error_pickles_with_its_response(client, origin):
    with pytest.raises(libkeepalive.HTTPStatusError) as raised:
        client.get(origin.http + "/status/500").raise_for_status()
    copy = pickle.loads(pickle.dumps(raised.value))
    assert (copy.response.status_code, copy.request.method) == (500, "GET")


def test_garbage_names_the_rule():
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            peer, _ = server.accept()
            with peer:
                peer.recv(65536)
                peer.sendall(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")

        thread = threading.Thread(target=serve)
        thread.start()
        with libkeepalive.Client() as client:
            with pytest.raises(libkeepalive.RemoteProtocolError, match="invalid response head"):
                client.get(f"http://127.0.0.1:{server.getsockname()[1]}/")
        thread.join()
