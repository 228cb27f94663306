"""Redirects: policies, what led to a response, and the function that decides."""

from __future__ import annotations

import asyncio
import contextvars
import pickle
from typing import Any

import pytest
import trio

import libkeepalive
from conftest import Origin


def way(origin: Origin, steps: int = 1, to: str = "/ok") -> str:
    return f"{origin.http}/redirect/302?n={steps - 1}&to={to}"


def in_each_way(url: str, **arguments: Any) -> list[Any]:
    """What comes of it in blocking calls, asyncio and trio: a response or what was raised."""

    async def main() -> libkeepalive.Response:
        async with libkeepalive.AsyncClient() as client:
            return await client.get(url, **arguments)

    def blocking() -> libkeepalive.Response:
        with libkeepalive.Client() as client:
            return client.get(url, **arguments)

    results: list[Any] = []
    for run in (blocking, lambda: asyncio.run(main()), lambda: trio.run(main)):
        try:
            results.append(run())
        except BaseException as error:
            results.append(error)
    return results


def test_history_has_each_hop(origin: Origin):
    for response in in_each_way(way(origin, 3, "/json"), follow_redirects=True):
        assert response.status_code == 200 and response.info.redirects == 3
        assert [hop.status_code for hop in response.history] == [302, 302, 302]
        first, second, third = response.history
        assert first.url == way(origin, 3, "/json")
        assert third.headers["location"] == "/json" and third.content == b""
        assert first.next_request == ("GET", second.url)
        assert second.info.redirects == 1 and second.elapsed <= response.elapsed
        assert second.info.timings.total > 0 and second.request.method == "GET"
        assert first.history == [] and response.history is response.history
        assert pickle.loads(pickle.dumps(response)).history == []
        with pytest.raises(libkeepalive.HTTPStatusError):
            first.raise_for_status()


def test_a_redirect_that_is_not_followed_tells_where_it_leads(origin: Origin):
    with libkeepalive.Client() as client:
        response = client.post(f"{origin.http}/redirect/303?to=/echo%3Fa", content=b"x")
        assert response.is_redirect and response.has_redirect_location
        assert response.next_request == ("GET", f"{origin.http}/echo?a")
        assert response.history == []
        plain = client.get(origin.http + "/ok")
        assert plain.next_request is None and not plain.has_redirect_location
        followed = client.post(
            f"{origin.http}/redirect/303?to=/echo", content=b"x", follow_redirects=True
        )
        assert followed.request.method == followed.json()["method"] == "GET"
        assert followed.history[0].request.method == "POST"
        with client.stream("GET", way(origin), follow_redirects=True) as streamed:
            assert len(streamed.history) == 1 and streamed.read() == b"ok"


def test_policies_of_clients_and_requests(origin: Origin):
    url = way(origin)
    with libkeepalive.Client(redirect="follow") as client:
        assert client.get(url).status_code == 200
        assert client.get(url, follow_redirects=False).status_code == 302
        assert client.get(url, redirect="manual").status_code == 302
        with pytest.raises(libkeepalive.RemoteProtocolError, match="redirect refused: 302"):
            client.get(url, redirect="error")
    with libkeepalive.Client(follow_redirects=True) as client:
        assert client.get(url).status_code == 200
        assert client.get(url, redirect="manual").status_code == 302
    with pytest.raises(libkeepalive.InvalidArgument, match='option redirect: "maybe"'):
        libkeepalive.Client(redirect="maybe")
    # A loop ends.
    with libkeepalive.Client(follow_redirects=True, max_redirects=5) as client:
        with pytest.raises(libkeepalive.TooManyRedirects):
            client.get(way(origin, 6))


def test_https_leads_to_http_only_with_leave(origin: Origin):
    url = f"{origin.https}/redirect/302?to={origin.http}/ok"
    with libkeepalive.Client(ca_file=origin.ca_file, follow_redirects=True) as client:
        with pytest.raises(libkeepalive.RedirectRefused, match="https to http") as raised:
            client.get(url)
        assert raised.value.code == "KA_REDIRECT_REFUSED" and not raised.value.retry_safe
        assert client.get(url, redirect_downgrade=True).text == "ok"


def test_sensitive_headers_stay_within_the_origin(origin: Origin):
    url = f"{origin.https}/redirect/302?to={origin.http}/echo"
    options = {"ca_file": origin.ca_file, "follow_redirects": True, "redirect_downgrade": True}
    with libkeepalive.Client(sensitive_headers=["X-Api-Key"], **options) as client:
        headers = {"X-Api-Key": "a", "X-Token": "b", "X-Plain": "c", "Cookie": "d"}
        sent = client.get(url, headers=headers, sensitive_headers="x-token").json()["headers"]
        names = {name.lower() for name, _ in sent}
        assert "x-plain" in names and not names & {"x-api-key", "x-token", "cookie"}


VARIABLE = contextvars.ContextVar("variable", default="unset")


def test_a_function_decides(origin: Origin):
    asked: list[tuple[int, str, str]] = []

    def decide(response: libkeepalive.Response, url: str) -> bool | None:
        assert response.content == b"" and response.headers["location"]
        asked.append((response.status_code, url, VARIABLE.get()))
        return None if url.endswith("/ok") or len(asked) < 2 else False

    VARIABLE.set("set")
    for response in in_each_way(way(origin), follow_redirects=True, on_redirect=decide):
        assert response.text == "ok"
    assert asked == [(302, origin.http + "/ok", "set")] * 3
    for error in in_each_way(way(origin, 1, "/json"), follow_redirects=True, on_redirect=decide):
        assert isinstance(error, libkeepalive.RedirectRefused), error
        assert "on_redirect refused it" in str(error)
    # Of a client, unless the request has its own.
    with libkeepalive.Client(follow_redirects=True, on_redirect=lambda *_: False) as client:
        with pytest.raises(libkeepalive.RedirectRefused):
            client.get(way(origin))
        assert client.get(way(origin), on_redirect=lambda *_: True).text == "ok"
        with pytest.raises(libkeepalive.RedirectRefused), client.stream("GET", way(origin)):
            pass
        assert client.get(origin.http + "/ok").text == "ok"


def test_what_the_function_raises_is_the_call_s_error(origin: Origin):
    def fails(response: libkeepalive.Response, url: str) -> bool:
        raise KeyError("mine")

    for error in in_each_way(way(origin), follow_redirects=True, on_redirect=fails):
        assert isinstance(error, KeyError) and error.args == ("mine",)

    async def late(response: libkeepalive.Response, url: str) -> bool:
        return False

    for word in (late, lambda *_: 1, lambda *_: "yes"):
        for error in in_each_way(way(origin), follow_redirects=True, on_redirect=word):
            assert isinstance(error, TypeError) and "on_redirect: expected True" in str(error)
    with libkeepalive.Client() as client:
        with pytest.raises(TypeError, match="on_redirect: expected a function"):
            client.get(origin.http, on_redirect="x")
    with pytest.raises(TypeError, match="on_redirect: expected a function"):
        libkeepalive.Client(on_redirect=5)


def test_the_function_may_use_the_client(origin: Origin):
    with libkeepalive.Client(follow_redirects=True) as client:

        def look(response: libkeepalive.Response, url: str) -> bool:
            return client.head(url, on_redirect=lambda *_: None).status_code == 200

        assert client.get(way(origin), on_redirect=look).text == "ok"
        client.close()
