"""Hooks, transports and what there is for users' own tests."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest
import trio

import libkeepalive
from libkeepalive import AsyncClient, Client, Request, Response
from libkeepalive.testing import Answer, ASGITransport, MockTransport, WSGITransport


def test_hooks_see_every_hop(origin):
    seen: list[str] = []

    def asked(request: Request) -> None:
        seen.append(f"> {request.method} {request.url.removeprefix(origin.http)}")
        request.headers["X-Hook"] = "yes"

    def answered(response: Response) -> None:
        seen.append(f"< {response.status_code} {response.request.method}")

    hooks = {"request": [asked], "response": [answered]}
    with Client(event_hooks=hooks, follow_redirects=True) as client:
        response = client.get(origin.http + "/redirect/302?to=/echo")
        assert seen == ["> GET /redirect/302?to=/echo", "< 302 GET", "> GET /echo", "< 200 GET"]
        fields = {name.lower(): value for name, value in response.json()["headers"]}
        assert fields["x-hook"] == "yes"
        assert [hop.status_code for hop in response.history] == [302]
        client.event_hooks = {"response": [lambda response: response.raise_for_status()]}
        with pytest.raises(libkeepalive.HTTPStatusError):
            client.get(origin.http + "/status/404")
        client.event_hooks["response"].clear()
        assert client.get(origin.http + "/status/404").status_code == 404
        client.event_hooks["request"].append(lambda request: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            client.post(origin.http + "/echo", content=b"x")
        for wrong in ({"requests": []}, {"request": [3]}, {"request": print}, 3):
            with pytest.raises((TypeError, ValueError), match="event_hooks"):
                client.event_hooks = wrong
        client.event_hooks["request"].clear()
        client.event_hooks["response"].append(answered)
        with client.stream("GET", origin.http + "/json") as streamed:
            assert not streamed.is_closed and streamed.read()


def hooks_of_tasks(origin: Any) -> Any:
    async def main() -> None:
        seen: list[str] = []

        async def asked(request: Request) -> None:
            seen.append(request.method)

        def answered(response: Response) -> None:
            seen.append(str(response.status_code))

        client = AsyncClient(event_hooks={"request": [asked], "response": [answered]})
        async with client:
            response = await client.get(origin.http + "/redirect/302?to=/json", follow_redirects=True)
            assert response.json() and seen == ["GET", "302", "GET", "200"]
            async with client.stream("GET", origin.http + "/json") as streamed:
                assert await streamed.aread()
        with pytest.raises(TypeError, match="AsyncClient"):
            Client(event_hooks={"request": [asked]}).get(origin.http + "/json")

    return main


def test_hooks_of_tasks(origin):
    asyncio.run(hooks_of_tasks(origin)())
    trio.run(hooks_of_tasks(origin))


def test_a_transport_answers_with_all_that_the_client_does():
    asked: list[Request] = []

    def answer(request: Request) -> Response:
        asked.append(request)
        path = request.url.removeprefix("https://api")
        if path == "/start":
            return Response(303, headers=[("Location", "/next"), ("Set-Cookie", "a=b; Path=/")])
        if path == "/away":
            return Response(307, headers={"Location": "https://other/x"})
        if path == "/loop":
            return Response(302, headers={"Location": "/loop"})
        if path == "/401" and "authorization" not in request.headers:
            return Response(401)
        return Response(200, json={"url": request.url, "body": request.read().decode()})

    options: dict[str, Any] = {"base_url": "https://api", "headers": {"X": "y"}, "follow_redirects": True}
    with Client(transport=answer, **options) as client:
        response = client.post("/start", content=b"body")
        assert response.json() == {"url": "https://api/next", "body": ""}
        first, second = asked
        assert (first.method, second.method) == ("POST", "GET") and first.content == b"body"
        assert second.headers["cookie"] == "a=b" and second.headers["x"] == "y"
        assert client.cookies["a"] == "b" and response.url == "https://api/next"
        asked.clear()
        client.post("/away", content=b"body", auth=("u", "p"))
        assert "authorization" in asked[0].headers and "authorization" not in asked[1].headers
        assert asked[1].content == b"body" and "cookie" not in asked[1].headers
        with pytest.raises(libkeepalive.TooManyRedirects):
            client.get("/loop")
        with pytest.raises(libkeepalive.RedirectRefused):
            client.get("/start", on_redirect=lambda response, url: False)

        class Later(libkeepalive.Auth):
            def auth_flow(self, request):
                response = yield request
                if response.status_code == 401:
                    request.headers["Authorization"] = "now"
                    yield request

        assert client.get("/401", auth=Later()).status_code == 200
        assert client.get("/401").status_code == 401
        with client.stream("POST", "/x", content=iter([b"a", b"b"])) as streamed:
            assert b"ab" in streamed.read()
        assert client.stats().opened == 0
    for wrong in (3, Response, "app"):
        with pytest.raises(TypeError, match="transport: expected"):
            Client(transport=wrong)
    with pytest.raises(TypeError, match="expected a libkeepalive.Response of it, got NoneType"):
        Client(transport=lambda request: None).get("http://h/")


def transports_of_tasks() -> None:
    async def answer(request: Request) -> Response:
        return Response(200, text=request.headers["x"])

    async def main() -> None:
        async with AsyncClient(transport=answer, headers={"X": "y"}) as client:
            assert (await client.get("http://h/")).text == "y"
            async with client.stream("GET", "http://h/") as response:
                assert await response.aread() == b"y"
            request = client.build_request("GET", "http://h/")
            assert (await client.send(request)).text == "y"
        async with AsyncClient(transport=lambda request: Response(204)) as client:
            assert (await client.delete("http://h/")).status_code == 204

    return main


def test_transports_of_tasks():
    asyncio.run(transports_of_tasks()())
    trio.run(transports_of_tasks())
    with pytest.raises(TypeError, match="AsyncClient"):
        async def answer(request: Request) -> Response:
            return Response(200)

        Client(transport=answer).get("http://h/")


def wsgi(environ, start_response):
    if environ["PATH_INFO"] == "/raises":
        raise ZeroDivisionError
    body = environ["wsgi.input"].read()
    start_response("201 Made", [("X-Path", environ["PATH_INFO"]), ("X-Query", environ["QUERY_STRING"])])
    return [b"", environ["REQUEST_METHOD"].encode(), b" ", body, environ["HTTP_X"].encode()]


async def asgi(scope, receive, send):
    assert scope["type"] == "http"
    if scope["path"] == "/raises":
        raise ZeroDivisionError
    message = await receive()
    fields = dict(scope["headers"])
    await send({"type": "http.response.start", "status": 201, "headers": [(b"x-path", scope["raw_path"])]})
    body = scope["method"].encode() + b" " + message["body"] + fields[b"x"]
    await send({"type": "http.response.body", "body": body, "more_body": True})
    await send({"type": "http.response.body"})


def test_applications_in_this_process():
    with Client(transport=wsgi, headers={"X": "y"}) as client:
        response = client.post("http://h/a%20b?c=d", content=b"body")
        assert response.status_code == 201 and response.text == "POST bodyy"
        assert response.headers["x-path"] == "/a b" and response.headers["x-query"] == "c=d"
        with pytest.raises(ZeroDivisionError):
            client.get("http://h/raises")
    calm = WSGITransport(wsgi, raise_app_exceptions=False)
    with Client(transport=calm, headers={"X": "y"}) as client:
        assert client.get("http://h/raises").status_code == 500
    with pytest.raises(TypeError, match="AsyncClient"):
        Client(transport=asgi).get("http://h/")

    async def main() -> None:
        for app in (wsgi, asgi):
            async with AsyncClient(transport=app, headers={"X": "y"}) as client:
                response = await client.post("http://h/a", content=b"body")
                assert (response.status_code, response.text) == (201, "POST bodyy")
                with pytest.raises(ZeroDivisionError):
                    await client.get("http://h/raises")
        calm = ASGITransport(asgi, raise_app_exceptions=False)
        async with AsyncClient(transport=calm, headers={"X": "y"}) as client:
            assert (await client.get("http://h/raises")).status_code == 500

    asyncio.run(main())
    trio.run(main)


def test_a_mock_has_routes_calls_and_an_assertion():
    mock = MockTransport()
    users = mock.get("https://api/users/*").respond(json={"name": "A"})
    login = mock.post("/login").respond(401).respond(200)
    fails = mock.get(re.compile("/fails$")).reply(libkeepalive.ReadTimeout("slow"))
    mock.route(url="/echo", headers={"X": "y"}).reply(lambda request: Response(200, content=request.read()))
    unused = mock.delete("/never")
    with Client(transport=mock) as client:
        assert client.get("https://api/users/1?x=y").json() == {"name": "A"}
        statuses = [client.post("https://h/login").status_code for _ in range(3)]
        assert statuses == [401, 200, 200]
        with pytest.raises(libkeepalive.ReadTimeout):
            client.get("https://h/fails")
        assert client.put("https://h/echo", data={"a": "b"}, headers={"X": "y"}).text == "a=b"
        with pytest.raises(libkeepalive.ConnectError, match="no route .* POST https://h/users"):
            client.post("https://h/users/1")
    assert users.called and login.call_count == 3 and fails.calls[0].response is None
    assert [call.request.method for call in mock.calls][:2] == ["GET", "POST"]
    with pytest.raises(AssertionError, match="DELETE /never"):
        mock.assert_all_called()
    assert not unused.called
    with pytest.raises(AssertionError), mock:
        pass
    mock.reset()
    assert not mock.calls and not users.called

    async def main() -> None:
        async def later(request: Request) -> Response:
            return Response(200, text="later")

        async with AsyncClient(transport=MockTransport(later)) as client:
            assert (await client.get("http://h/")).text == "later"

    asyncio.run(main())


def test_the_fixtures(keepalive_mock, keepalive_origin):
    keepalive_mock.get("/x").respond(204)
    assert Client(transport=keepalive_mock).get("http://h/x").status_code == 204
    keepalive_origin.script(Answer(200, "hello"))
    assert libkeepalive.get(keepalive_origin.url).text == "hello"
