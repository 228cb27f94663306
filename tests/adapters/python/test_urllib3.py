"""urllib3 on the shared pool: what it does is what urllib3 does."""

from __future__ import annotations

import io
import threading
from typing import Any

import pytest
import urllib3
from hosts_urllib3 import MANAGERS, sending, serving
from urllib3.util import SKIP_HEADER, Retry, Timeout

import libkeepalive.urllib3
from libkeepalive._adapters import clients


@pytest.fixture(params=["plain", "ours"])
def make(request: pytest.FixtureRequest) -> Any:
    return MANAGERS[request.param]


def fields(answer: dict[str, Any]) -> list[tuple[str, str]]:
    """The fields of an echoed request, without order."""
    return sorted((name, value) for name, value in answer["headers"])


def test_the_same_fields_are_sent(origin) -> None:
    plain, ours = (MANAGERS[kind]() for kind in ("plain", "ours"))
    url = origin.http + "/echo"
    for method, options in [
        ("GET", {}),
        ("GET", {"headers": {"User-Agent": "x", "X-Case": "Kept", "Accept-Encoding": "gzip"}}),
        ("GET", {"headers": {"User-Agent": SKIP_HEADER, "Accept-Encoding": SKIP_HEADER}}),
        ("GET", {"headers": {"Host": "other.example"}}),
        ("GET", {"headers": {"Connection": "close"}}),
        ("HEAD", {}),
        ("POST", {}),
        ("POST", {"body": b"abc"}),
        ("POST", {"body": "text"}),
        ("POST", {"json": {"a": 1}}),
        ("POST", {"fields": {"a": "b"}, "encode_multipart": False}),
        ("POST", {"body": iter([b"ab", "c", b""])}),
        ("POST", {"body": io.BytesIO(b"file")}),
        ("POST", {"body": b"abc", "chunked": True}),
        ("PUT", {"body": iter([b"abc"]), "headers": {"Content-Length": "3"}}),
        ("DELETE", {}),
        ("PROPFIND", {"body": b"x"}),
    ]:
        if isinstance(options.get("body"), (io.BytesIO, type(iter([])))):
            body = options["body"]
            pieces = [body.getvalue()] if isinstance(body, io.BytesIO) else list(body)
            make_body = (
                (lambda pieces=pieces: io.BytesIO(pieces[0]))
                if isinstance(body, io.BytesIO)
                else (lambda pieces=pieces: iter(pieces))
            )
            answers = [pool.request(method, url, **{**options, "body": make_body()}) for pool in (plain, ours)]
        else:
            answers = [pool.request(method, url, **options) for pool in (plain, ours)]
        if method == "HEAD":
            assert [answer.data for answer in answers] == [b"", b""]
            continue
        echoed = [answer.json() for answer in answers]
        assert fields(echoed[0]) == fields(echoed[1]), (method, options)
        for name in ("method", "target", "version", "body_b64"):
            assert echoed[0][name] == echoed[1][name], (method, options, name)


def test_targets_are_sent_as_urllib3_writes_them(origin) -> None:
    for target in ("/echo?a=b%2Fc&d='", "/echo?x=\u00e9", "/echo?a b", "/./echo?q=a/../b"):
        sent = [MANAGERS[kind]().request("GET", origin.http + target).json()["target"] for kind in MANAGERS]
        assert sent[0] == sent[1]
    pool = libkeepalive.urllib3.HTTPConnectionPool("127.0.0.1", int(origin.http.rpartition(":")[2]))
    assert pool.urlopen("GET", "/echo?key=a/../b'c").json()["target"] == "/echo?key=a/../b'c"


def test_responses_have_the_same_parts(origin) -> None:
    for path in ("/json", "/gzip", "/chunked/5000?chunk=100", "/status/204", "/close-delimited/50", "/trailers"):
        seen = []
        for kind in MANAGERS:
            answer = MANAGERS[kind]().request("GET", origin.http + path)
            names = [name for name in answer.headers if name.lower() != "date"]
            seen.append(
                (answer.status, answer.reason, answer.version, answer.data, names, answer.tell())
                + (answer.length_remaining, answer.closed, answer.isclosed(), answer.read(), answer.geturl())
            )
        assert seen[0] == seen[1], path


def test_fields_that_come_twice(make: Any) -> None:
    head = b"HTTP/1.1 200 OK\r\nX-A: 1\r\nx-a: 2\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\nContent-Length: 0\r\n\r\n"
    with serving(sending(head)) as url:
        headers = make().request("GET", url).headers
    assert headers["x-A"] == "1, 2" and headers.getlist("Set-Cookie") == ["a=b", "c=d"]
    assert list(headers) == ["X-A", "Set-Cookie", "Content-Length"]
    same = urllib3.HTTPHeaderDict([("X-A", "1"), ("x-a", "2")])
    assert dict(list(headers.items())[:2]) == dict(same.items())


@pytest.mark.parametrize("decode", [True, False])
def test_reading_in_pieces(origin, make: Any, decode: bool) -> None:
    pool = make()
    plain = urllib3.PoolManager().request("GET", origin.http + "/gzip", decode_content=decode).data
    for size in (1, 7, 1000, 100_000):
        answer = pool.request("GET", origin.http + "/gzip", preload_content=False, decode_content=decode)
        assert not answer.closed
        parts = []
        while part := answer.read(size):
            parts.append(part)
        assert b"".join(parts) == plain
        assert answer.closed and answer.connection is None
    answer = pool.request("GET", origin.http + "/gzip", preload_content=False)
    assert b"".join(answer.stream(100, decode_content=decode)) == plain
    answer = pool.request("GET", origin.http + "/gzip?chunked=1", preload_content=False)
    assert b"".join(answer.stream(100, decode_content=decode)) == plain
    answer = pool.request("GET", origin.http + "/gzip", preload_content=False, decode_content=decode)
    assert answer.read1(5) + answer.read() == plain


def test_pieces_of_a_stream_have_the_size_that_was_asked_for(make: Any) -> None:
    def answer(connection: Any, _head: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 25\r\n\r\n")
        for _ in range(5):
            connection.sendall(b"12345")

    with serving(answer) as url:
        streamed = make().request("GET", url, preload_content=False).stream(10)
        assert [len(piece) for piece in streamed] == [10, 10, 5]


def test_as_a_file(origin, make: Any) -> None:
    answer = make().request("GET", origin.http + "/bytes/1000", preload_content=False)
    room = bytearray(10)
    assert answer.readinto(room) == 10
    answer.auto_close = False
    assert len(io.BufferedReader(answer).read()) == 990  # type: ignore[type-var]
    assert answer.length_remaining == 0


def test_a_chunk_is_handed_out_when_it_comes(origin) -> None:
    answer = libkeepalive.urllib3.PoolManager().request(
        "GET", origin.http + "/gate-body/urllib3-live?n=10&sent=4", preload_content=False
    )
    assert answer.read1() == bytes(range(4))
    origin.ask("/_gate/urllib3-live/open")
    assert answer.read() == bytes(range(4, 10))


def test_what_http_client_users_reach_for(origin) -> None:
    answer = libkeepalive.urllib3.PoolManager().request(
        "GET", origin.http + "/cookies?set=a%3Db%0Ac%3Dd", preload_content=False
    )
    original = answer._original_response
    assert original.msg.get_all("Set-Cookie") == ["a=b", "c=d"]
    assert original.getheader("set-cookie") == "a=b, c=d"
    assert (original.status, original.reason, original.version) == (200, "OK", 11)
    assert not original.isclosed()
    assert answer.connection.sock.getpeername()[0] == "127.0.0.1"
    original.close()
    assert original.isclosed() and answer.closed


def test_redirects_and_retries_are_urllib3s(origin, make: Any) -> None:
    pool = make()
    answer = pool.request("GET", origin.http + "/redirect/302?n=3", retries=5)
    assert answer.data == b"ok" and len(answer.retries.history) == 4
    assert answer.geturl() == "/ok"
    kept = pool.request("GET", origin.http + "/redirect/307", redirect=False)
    assert kept.status == 307 and kept.get_redirect_location()
    with pytest.raises(urllib3.exceptions.MaxRetryError):
        pool.request("GET", origin.http + "/redirect/302?n=9", retries=Retry(redirect=2))
    retried = pool.request(
        "GET", origin.http + "/status/503", retries=Retry(2, status_forcelist=[503], raise_on_status=False)
    )
    assert retried.status == 503 and len(retried.retries.history) == 2


def test_tls(origin, make: Any) -> None:
    trusting = make(ca_certs=origin.ca_file)
    assert trusting.request("GET", origin.https + "/ok").data == b"ok"
    with open(origin.ca_file) as file:
        assert make(ca_cert_data=file.read()).request("GET", origin.https + "/ok").data == b"ok"
    context = urllib3.util.create_urllib3_context()
    context.load_verify_locations(origin.ca_file)
    assert make(ssl_context=context).request("GET", origin.https + "/ok").data == b"ok"
    with pytest.warns(urllib3.exceptions.InsecureRequestWarning):
        assert make(cert_reqs="CERT_NONE").request("GET", origin.https + "/ok").data == b"ok"
    with pytest.raises(urllib3.exceptions.MaxRetryError) as caught:
        make().request("GET", origin.https + "/ok", retries=0)
    assert isinstance(caught.value.reason, urllib3.exceptions.SSLError)
    with pytest.raises(urllib3.exceptions.MaxRetryError) as caught:
        make(ca_certs=origin.ca_file, assert_hostname="other.example").request(
            "GET", origin.https + "/ok", retries=0
        )
    assert isinstance(caught.value.reason, urllib3.exceptions.SSLError)
    loose = make(ca_certs=origin.ca_file, assert_hostname=False)
    assert loose.request("GET", origin.https.replace("localhost", "127.0.0.1") + "/ok").data == b"ok"


def test_a_fingerprint_is_what_is_trusted(origin, make: Any) -> None:
    import hashlib
    import ssl

    place = origin.https.removeprefix("https://").split(":")
    certificate = ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate((place[0], int(place[1]))))
    right = hashlib.sha256(certificate).hexdigest()
    pool = make(assert_fingerprint=right, cert_reqs="CERT_NONE")
    assert pool.request("GET", origin.https + "/ok").data == b"ok"
    with pytest.raises(urllib3.exceptions.MaxRetryError) as caught:
        make(assert_fingerprint="00" * 32, cert_reqs="CERT_NONE").request(
            "GET", origin.https + "/ok", retries=0
        )
    assert isinstance(caught.value.reason, urllib3.exceptions.SSLError)


def test_client_certificates(origin, make: Any) -> None:
    with pytest.raises(urllib3.exceptions.HTTPError):
        make(ca_certs=origin.ca_file).request("GET", origin.mtls + "/ok", retries=False)
    pool = make(ca_certs=origin.ca_file, cert_file=origin.client_cert, key_file=origin.client_key)
    assert pool.request("GET", origin.mtls + "/echo").json()["tls"]["client_certificate"] is True


def test_what_cannot_be_carried_over_is_named(origin) -> None:
    context = urllib3.util.create_urllib3_context(ciphers="ECDHE+AESGCM")
    for name, options in {
        "ssl_context": {"ssl_context": context},
        "ssl_maximum_version": {"ssl_maximum_version": 0x0302},
        "server_hostname": {"server_hostname": "a.example", "assert_hostname": "b.example"},
        "source_address": {"source_address": ("127.0.0.1", 4711)},
        "socket_options": {"socket_options": [(1, 8, 65536)]},
    }.items():
        with pytest.raises(libkeepalive.InvalidArgument, match=name):
            libkeepalive.urllib3.PoolManager(**options).request("GET", origin.https + "/ok")


def test_all_threads_and_managers_share_one_pool(origin) -> None:
    def work() -> None:
        for _ in range(10):
            libkeepalive.urllib3.PoolManager().request("GET", origin.http + "/ok")

    before = clients.usual().stats().opened
    libkeepalive.urllib3.PoolManager().request("GET", origin.http + "/ok")
    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert clients.usual().stats().opened - before <= 4


def test_blocking_pools_keep_their_limit(origin) -> None:
    pool = libkeepalive.urllib3.HTTPConnectionPool(
        "127.0.0.1", int(origin.http.rpartition(":")[2]), maxsize=1, block=True
    )
    held = pool.request("GET", "/gate-body/urllib3-held?n=10&sent=1", preload_content=False)
    with pytest.raises(urllib3.exceptions.EmptyPoolError):
        pool.request("GET", "/ok", pool_timeout=0.01)
    origin.ask("/_gate/urllib3-held/open")
    assert len(held.read()) == 10
    assert pool.request("GET", "/ok", pool_timeout=0.01).data == b"ok"


def test_limits_of_time(origin, make: Any) -> None:
    pool = make(retries=False)
    with pytest.raises(urllib3.exceptions.ReadTimeoutError):
        pool.request("GET", origin.http + "/stall", timeout=0.1)
    with pytest.raises(urllib3.exceptions.ReadTimeoutError):
        pool.request("GET", origin.http + "/stall-body?n=10&sent=4", timeout=Timeout(5, read=0.1))
    streamed = pool.request("GET", origin.http + "/stall-body?n=10&sent=4", timeout=0.2, preload_content=False)
    assert streamed.read1() == bytes(range(4))
    with pytest.raises(urllib3.exceptions.ReadTimeoutError):
        streamed.read()


def test_bodies_that_break_off(make: Any) -> None:
    head = b"HTTP/1.1 200 OK\r\n"
    short = head + b"Content-Length: 10\r\n\r\nabc"
    with serving(sending(short)) as url:
        with pytest.raises(urllib3.exceptions.ProtocolError):
            make(retries=False).request("GET", url)
        answer = make().request("GET", url, preload_content=False)
        assert answer.read(3) == b"abc"
        with pytest.raises(urllib3.exceptions.ProtocolError):
            answer.read(1)
        lenient = make().request("GET", url, preload_content=False, enforce_content_length=False)
        assert b"".join(lenient.stream(10)) == b"abc"
    with serving(sending(head + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")) as url:
        answer = make().request("GET", url, preload_content=False)
        with pytest.raises(urllib3.exceptions.ProtocolError):
            list(answer.stream())
    with serving(sending(head + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n")) as url:
        answer = make().request("GET", url, preload_content=False)
        with pytest.raises(urllib3.exceptions.ProtocolError, match="InvalidChunkLength"):
            list(answer.stream())


def test_a_program_may_write_its_request_by_itself(origin) -> None:
    connection = libkeepalive.urllib3.HTTPConnection("127.0.0.1", int(origin.http.rpartition(":")[2]))
    connection.putrequest("GET", "/ok")
    connection.endheaders()
    connection._response_options = urllib3.connection._ResponseOptions("GET", "/ok", True, True, True)
    assert connection.getresponse().data == b"ok"
    connection.close()


def test_injection_is_undone() -> None:
    from urllib3.contrib import socks

    assert not libkeepalive.urllib3.is_injected()
    changed = libkeepalive.urllib3.inject()
    try:
        assert "urllib3.connectionpool.HTTPSConnectionPool" in changed
        assert urllib3.HTTPConnectionPool.ConnectionCls is libkeepalive.urllib3.HTTPConnection
        assert socks.SOCKSHTTPConnectionPool.ConnectionCls is libkeepalive.urllib3.HTTPConnection
        assert libkeepalive.urllib3.inject() == []
        assert libkeepalive.urllib3.is_injected()

        class Later(urllib3.HTTPConnectionPool):
            ConnectionCls = urllib3.connection.HTTPConnection

        assert Later.ConnectionCls is libkeepalive.urllib3.HTTPConnection
    finally:
        undone = libkeepalive.urllib3.extract()
    assert set(changed) <= set(undone)
    assert urllib3.HTTPConnectionPool.ConnectionCls is urllib3.connection.HTTPConnection
    assert Later.ConnectionCls is urllib3.connection.HTTPConnection
    assert "__init_subclass__" not in urllib3.HTTPConnectionPool.__dict__
