"""``Response``, ``Headers``, ``Cookies``, ``QueryParams``, ``Request``."""

from __future__ import annotations

from datetime import timedelta
from collections.abc import Iterator
from http.cookiejar import CookieJar
from typing import Any, Literal, assert_type

from libkeepalive import (
    Certificate,
    Client,
    Cookies,
    EventSource,
    Headers,
    Info,
    QueryParams,
    Request,
    Response,
    ServerSentEvent,
    Timings,
    TlsInfo,
    UpgradedStream,
)

client = Client()


def right_what_a_response_has() -> None:
    response = client.get("/")
    assert_type(response.status_code, int)
    assert_type(response.reason_phrase, str)
    assert_type(response.http_version, Literal["HTTP/1.0", "HTTP/1.1"])
    assert_type(response.headers, Headers)
    assert_type(response.trailers, Headers)
    assert_type(response.cookies, Cookies)
    assert_type(response.url, str)
    assert_type(response.content, bytes)
    assert_type(response.text, str)
    assert_type(response.encoding, str)
    assert_type(response.elapsed, timedelta)
    assert_type(response.history, list[Response])
    assert_type(response.request, Request)
    assert_type(response.next_request, Request | None)
    assert_type(response.links, dict[str, dict[str, str]])
    assert_type(response.ok, bool)
    assert_type(response.is_success, bool)
    assert_type(response.raise_for_status(), Response)
    assert_type(response.num_bytes_downloaded, int)


def right_what_is_known_of_an_exchange() -> None:
    info = client.get("/").info
    assert_type(info, Info)
    assert_type(info.reused, bool)
    assert_type(info.peer_address, str | None)
    assert_type(info.timings, Timings)
    assert_type(info.timings.total, float)
    assert_type(info.informational, tuple[tuple[int, Headers], ...])
    tls = info.tls
    assert_type(tls, TlsInfo | None)
    if tls is not None:
        assert_type(tls.certificate, Certificate | None)


def right_pieces_of_a_body() -> None:
    with client.stream("GET", "/") as response:
        for piece in response.iter_bytes(1024):
            assert_type(piece, bytes)
        for raw in response.iter_raw():
            assert_type(raw, bytes)
        for text in response.iter_text():
            assert_type(text, str)
        for line in response.iter_lines():
            assert_type(line, str)
        assert_type(response.iter_content(10), Iterator[bytes])
        assert_type(response.read(), bytes)


def right_events() -> None:
    with client.sse("/", last_event_id="7", max_event_size=None, params={"a": 1}) as events:
        assert_type(events, EventSource)
        for event in events:
            assert_type(event, ServerSentEvent)
            assert_type(event.data, str)
            assert_type(event.retry, int | None)
        assert_type(events.response, Response)
        assert_type(events.last_event_id, str)


def right_an_upgraded_stream() -> None:
    with client.get("/", headers={"Upgrade": "x"}).take_stream() as stream:
        assert_type(stream, UpgradedStream)
        assert_type(stream.recv(1024), bytes)
        assert_type(stream.send(b"a"), int)
        stream.sendall(bytearray(b"a"))
        stream.settimeout(None)


def right_a_response_made_by_hand() -> None:
    Response(200, {"a": "b"}, b"content")
    Response(404, text="text")
    Response(200, html="<p>", request=Request("GET", "http://h/"))
    Response(200, json={"a": [1, 2]}, extensions={"a": object()})
    Response(200, stream=iter([b"a"]), default_encoding=lambda body: "utf-8" if body else None)


def right_headers() -> None:
    headers = Headers([("a", "b"), ("a", "c")])
    assert_type(headers["a"], str)
    assert_type(headers.get("a"), str | None)
    assert_type(headers.get("a", "b"), str)
    assert_type(headers.get("a", 7), str | int)
    assert_type(headers.get_list("a", split_commas=True), list[str])
    assert_type(headers.pop("a"), str)
    assert_type(headers.pop("a", None), str | None)
    assert_type(headers.setdefault("a", "b"), str)
    assert_type(headers.multi_items(), list[tuple[str, str]])
    assert_type(headers.raw, list[tuple[bytes, bytes]])
    assert_type(headers | {"a": "b"}, Headers)
    assert_type(headers.copy(), Headers)
    headers.update({"a": "b"})
    headers.add(b"a", b"b")
    del headers["a"]
    for name in headers:
        assert_type(name, str)


def right_cookies() -> None:
    cookies = Cookies({"a": "b"})
    cookies.set("a", "b", domain="h", path="/a")
    assert_type(cookies.get("a"), str | None)
    assert_type(cookies["a"], str)
    assert_type(cookies.jar, CookieJar)
    assert_type(cookies.load("cookies.txt"), int)
    cookies.save("cookies.json", format="json")
    cookies.delete("a", domain="h")


def right_params() -> None:
    params = QueryParams("a=1&b=2")
    assert_type(params.merge({"a": 2}), QueryParams)
    assert_type(str(params), str)
    params["a"] = [1, 2]


def right_a_request() -> None:
    request = Request("POST", "http://h/", {"a": "b"}, b"body", params={"a": 1})
    assert_type(request.method, str)
    assert_type(request.url, str)
    assert_type(request.headers, Headers)
    assert_type(request.content, bytes | None)
    assert_type(request.read(), bytes)
    assert_type(request.extensions, dict[str, Any])
    Request("POST", "http://h/", json={"a": 1}, extensions={"timeout": {"read": 3}})
    Request("POST", "http://h/", files={"f": b"content"})


def wrong_attribute_of_a_response(response: Response) -> None:
    print(response.status)  # error: attr-defined / reportAttributeAccessIssue
    print(response.text())  # error: operator / reportCallIssue
    response.status_code = 200  # error: misc / reportAttributeAccessIssue
    number: str = response.status_code  # error: assignment / reportAssignmentType
    print(number)


def wrong_response_made_by_hand() -> None:
    Response("200")  # error: arg-type / reportArgumentType
    Response()  # error: call-arg / reportCallIssue
    Response(200, content=7)  # error: arg-type / reportArgumentType
    Response(200, body=b"")  # error: call-arg / reportCallIssue


def wrong_headers() -> None:
    headers = Headers()
    headers["a"] = None  # error: assignment / reportArgumentType
    headers.get_list(7)  # error: arg-type / reportArgumentType
    length: int = headers.get("content-length")  # error: assignment / reportAssignmentType
    Headers({"a": 1})  # error: arg-type / reportArgumentType
    print(length)


def wrong_cookies() -> None:
    cookies = Cookies()
    cookies.set("a", 1)  # error: arg-type / reportArgumentType
    cookies["a"] = None  # error: assignment / reportArgumentType
    Cookies("a=b")  # error: arg-type / reportArgumentType


def wrong_request() -> None:
    Request("GET")  # error: call-arg / reportCallIssue
    Request("GET", "http://h/", headers=7)  # error: arg-type / reportArgumentType
    Request("GET", "http://h/", timeout=3)  # error: call-arg / reportCallIssue
    Request("GET", 7)  # error: arg-type / reportArgumentType


def wrong_params() -> None:
    QueryParams(7)  # error: arg-type / reportArgumentType
    QueryParams({"a": object()})  # error: dict-item / reportArgumentType


def wrong_events() -> None:
    client.sse("/", last_event_id=7)  # error: arg-type / reportArgumentType
    for event in client.sse("/"):  # error: attr-defined / reportGeneralTypeIssues
        print(event)
    with client.sse("/") as events:
        for event in events:
            print(event.name)  # error: attr-defined / reportAttributeAccessIssue


def wrong_stream(stream: UpgradedStream) -> None:
    stream.send("text")  # error: arg-type / reportArgumentType
    stream.recv()  # error: call-arg / reportCallIssue
