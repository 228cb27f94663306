"""What users of httpx and requests reach for: a client's defaults, requests and responses by hand, arguments by
their place, URLs and time limits of others, pickles, subclasses."""

from __future__ import annotations

import asyncio
import copy
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import trio

import libkeepalive
from libkeepalive import Client, Headers, QueryParams, Request, Response
from libkeepalive.testing import Answer, MockTransport, Origin

from helpers import echoed


def seen(client: Any, url: str = "/echo", **arguments: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in client.get(url, **arguments).json()["headers"]}


def test_a_client_s_defaults_are_read_and_changed(origin):
    with Client(base_url=origin.http, headers={"X-A": "1", "Accept": None}, timeout=7) as client:
        assert client.headers == {"x-a": "1"} and client.base_url == origin.http
        assert client.timeout == libkeepalive.Timeout(7) and client.auth is None
        fields = seen(client)
        assert fields["x-a"] == "1" and "accept" not in fields
        client.headers["X-A"] = "2"
        client.headers.update({"X-B": "3"})
        assert seen(client)["x-a"] == "2" and seen(client)["x-b"] == "3"
        assert seen(client, headers={"x-b": None}).get("x-b") is None
        client.headers = [("X-C", "4"), ("X-C", "5")]
        assert "x-a" not in seen(client) and client.headers.get_list("x-c") == ["4", "5"]
        client.auth = ("user", "password")
        assert client.auth == ("user", "password")
        assert seen(client)["authorization"].startswith("Basic ")
        assert "authorization" not in seen(client, auth=None)
        client.auth = None
        assert "authorization" not in seen(client)
        client.timeout = (1, 2)
        assert client.timeout.connect == 1 and client.timeout.read == 2
        client.base_url = origin.http + "/status"
        assert client.get("/204").status_code == 204
        client.follow_redirects = True
        assert client.follow_redirects is True
        for name, wrong in [("auth", 3), ("timeout", "x"), ("base_url", 3), ("headers", 3)]:
            with pytest.raises(TypeError, match=name):
                setattr(client, name, wrong)


def test_params_of_the_client_and_of_a_request():
    mock = MockTransport(lambda request: Response(200, text=request.url))
    with Client(transport=mock, params={"key": "k y", "page": 1}) as client:
        assert client.get("https://h/").text == "https://h/?key=k+y&page=1"
        assert client.get("https://h/?a=b", {"page": 2}).text == "https://h/?a=b&key=k+y&page=2"
        assert client.get("https://h/", params="z=1").text == "https://h/?key=k+y&page=1&z=1"
        client.params["page"] = [3, 4]
        assert client.get("https://h/").text == "https://h/?key=k+y&page=3&page=4"
        del client.params["page"]
        client.params = {"only": "this"}
        assert client.get("https://h/").text == "https://h/?only=this"
        assert "this" not in repr(client.params)
    params = QueryParams("a=1&b=2&a=3")
    assert params["a"] == "1" and params.get_list("a") == ["1", "3"] and len(params) == 2
    assert str(params) == "a=1&b=2&a=3"
    params["a"] = "x"
    assert params.multi_items() == [("a", "x"), ("b", "2")]


def test_headers_are_a_mutable_mapping_that_keeps_secrets():
    headers = Headers([("A", "1"), ("b", "2"), ("a", "3")])
    headers["A"] = "4"
    assert headers.raw == [(b"A", b"4"), (b"b", b"2")]
    headers.add("B", "5")
    assert headers["b"] == "2, 5" and headers.get_list("B") == ["2", "5"]
    assert headers.pop("a") == "4" and headers.pop("a", None) is None
    assert headers.setdefault("c", "6") == "6"
    both = headers | {"b": "7"}
    assert both["b"] == "7" and headers["b"] == "2, 5"
    assert ({"b": "0", "z": "1"} | headers)["b"] == "2, 5"
    one = copy.copy(headers)
    headers.clear()
    assert not headers and one["c"] == "6"
    with pytest.raises(KeyError):
        del headers["nothing"]
    secret = Headers({"Authorization": "hunter2", "Cookie": "hunter2", "X": "y"})
    assert "hunter2" not in repr(secret) and "y" in repr(secret)
    assert pickle.loads(pickle.dumps(secret)) == secret
    with pytest.raises(libkeepalive.LocalProtocolError):
        secret["x"] = "\u20ac"


def test_a_request_is_built_changed_and_sent(origin):
    with Client(base_url=origin.http, headers={"X-A": "1"}, params={"p": "q"}) as client:
        request = client.build_request("POST", "/echo", json={"a": 1}, timeout=9)
        assert isinstance(request, Request) and request.url == origin.http + "/echo?p=q"
        assert request.method == "POST" and request.content == b'{"a":1}'
        assert request.headers["content-type"] == "application/json"
        request.headers["X-B"] = "2"
        del request.headers["X-A"]
        response = client.send(request)
        fields = {name.lower(): value for name, value in response.json()["headers"]}
        assert fields["x-b"] == "2" and "x-a" not in fields
        assert response.json()["target"] == "/echo?p=q"
        assert response.request.headers["x-b"] == "2" and response.request.content == b'{"a":1}'
        again = client.send(request, auth=("u", "p"), stream=True)
        assert again.read() and not again.is_error
        by_hand = Request("PUT", origin.http + "/echo", data={"a": "b"})
        assert by_hand.content == b"a=b"
        assert client.send(by_hand).json()["method"] == "PUT"
        with pytest.raises(TypeError, match="request: expected"):
            client.send("GET")


def test_forms_and_files_of_built_requests(origin, tmp_path):
    path = tmp_path / "name.txt"
    path.write_bytes(b"content of a file")
    with Client() as client:
        for content in (path, path.read_bytes(), ["content of ", b"a file"][1:]):
            request = client.build_request("POST", origin.http + "/echo", files={"f": path})
            body = client.send(request).json()["body_b64"]
            assert body
            assert echoed(client, origin, content=content)[0].endswith(b"a file")
        body, fields = echoed(client, origin, files={"f": path, "g": b"x"}, data={"k": "v"})
        assert b'filename="name.txt"' in body and b"content of a file" in body
        assert int(fields["content-length"]) == len(body)
        with path.open("rb") as file:
            mixed, _ = echoed(client, origin, files={"f": path, "h": file})
        assert mixed.count(b"content of a file") == 2
        with pytest.raises((libkeepalive.InvalidArgument, OSError)):
            client.post(origin.http + "/echo", files={"f": tmp_path / "none"})


def test_trailers_follow_the_body():
    import hashlib

    digest = hashlib.sha256()

    def pieces():
        for piece in (b"abc", b"def"):
            digest.update(piece)
            yield piece

    async def main(url: str, client: Client) -> None:
        await client.aio.post(url, content=b"body", trailers={"X-Async": "yes"})

    with Origin() as server, Client() as client:
        sent = []
        server.script(lambda received: sent.append(received) or Answer(200))
        told = {"X-Sum": digest.hexdigest, "X-Plain": "1"}
        client.post(server.url, content=pieces(), trailers=told)
        asyncio.run(main(server.url, client))
        first, second = sent
        assert first.body == b"abcdef" and first.header("Trailer") == "X-Sum, X-Plain"
        assert first.trailers == [("X-Sum", digest.hexdigest()), ("X-Plain", "1")]
        assert second.trailers == [("X-Async", "yes")]

        def fails() -> str:
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            client.post(server.url, content=b"x", trailers={"X": fails})
        with pytest.raises(libkeepalive.LocalProtocolError, match="trailer"):
            client.get(server.url, trailers={"X": "1"})


def test_responses_are_made_by_hand():
    response = Response(404, json={"a": 1}, headers={"X": "y"}, request=Request("GET", "http://h/"))
    assert response.json() == {"a": 1} and response.headers["content-type"] == "application/json"
    assert response.reason == response.reason_phrase == "Not Found" and not response.ok
    assert response.is_client_error and response.is_error and not response.is_server_error
    assert response.url == "http://h/" and response.request.method == "GET"
    with pytest.raises(libkeepalive.HTTPStatusError, match="404 Not Found for GET"):
        response.raise_for_status()
    assert Response(200, text="\u00e4").text == "\u00e4"
    assert Response(200, html="<p>").headers["content-type"].startswith("text/html")
    assert Response(200, content=b"abc").num_bytes_downloaded == 3
    assert Response(200).content == b"" and Response(102).is_informational
    assert Response(599).is_server_error and Response(299, content="x").is_success
    streamed = Response(200, content=iter([b"a", b"b"]))
    assert list(streamed.iter_bytes()) == [b"a", b"b"] and streamed.is_closed
    assert Response(200, content=iter([b"a", b"b"])).read() == b"ab"
    assert Response(200, content=b"\xe4", default_encoding="latin-1").text == "\u00e4"
    moved = Response(302, headers={"Location": "/b"}, request=Request("POST", "http://h/a"))
    assert moved.next_request is not None and moved.next_request.url == "http://h/b"
    assert moved.next_request.method == "GET"
    linked = Response(200, headers={"Link": '<http://h/?p=2>; rel="next", <x>; rel=last; title="a, b"'})
    assert linked.links["next"]["url"] == "http://h/?p=2"
    assert linked.links["last"] == {"url": "x", "rel": "last", "title": "a, b"}
    assert linked.extensions["http_version"] == b"HTTP/1.1"
    with pytest.raises(libkeepalive.InvalidState, match="no request"):
        _ = linked.request
    for wrong in ({"status_code": 99}, {"content": b"", "text": ""}, {"content": 3}, {"text": b""}):
        with pytest.raises((TypeError, ValueError)):
            Response(**{"status_code": 200, **wrong})

    async def main() -> None:
        async def pieces():
            yield b"a"
            yield b"b"

        assert await Response(200, content=pieces()).aread() == b"ab"
        assert [piece async for piece in Response(200, content=pieces()).aiter_bytes(2)] == [b"ab"]

    asyncio.run(main())


def test_facts_of_a_response(origin, client):
    response = client.get(origin.http + "/json")
    assert response.ok and response.num_bytes_downloaded == len(response.content)
    assert response.request.headers["accept"] == "*/*" and response.request.content is None
    assert response.extensions["reason_phrase"] == b"OK"
    with client.stream("GET", origin.http + "/bytes/300000") as streamed:
        assert streamed.num_bytes_downloaded == 0
        sizes = sum(map(len, streamed.iter_raw()))
        assert streamed.num_bytes_downloaded == sizes
    with client.get(origin.http + "/json", stream=True) as lazy:
        assert not lazy.is_closed and lazy.read()
    assert libkeepalive.codes.NOT_FOUND == libkeepalive.codes.not_found == 404
    assert libkeepalive.codes(404).phrase == "Not Found"


def test_arguments_by_their_place(origin, client):
    url = origin.http + "/echo"
    assert client.get(url, {"a": "b"}).json()["target"] == "/echo?a=b"
    assert echoed(client, origin)[0] == b""
    assert client.post(url, {"a": "b"}).json()["body_b64"] == "YT1i"
    assert client.post(url, None, {"a": 1}).json()["headers"]
    assert client.put(url, b"x").json()["body_b64"] == client.patch(url, b"x").json()["body_b64"]
    assert client.get(url, allow_redirects=True).ok

    async def main() -> None:
        aio = client.aio
        assert (await aio.get(url, {"a": "b"})).json()["target"] == "/echo?a=b"
        assert (await aio.post(url, {"a": "b"})).json()["body_b64"] == "YT1i"
        with pytest.raises(TypeError, match="multiple values"):
            await aio.get(url, {}, params={})
        with pytest.raises(TypeError, match="positional"):
            await aio.put(url, b"", b"")

    asyncio.run(main())


class Url:
    """As httpx's and yarl's are."""

    def __init__(self, text: str) -> None:
        self.scheme, self.host, self._text = "http", "h", text

    def __str__(self) -> str:
        return self._text


def test_urls_and_limits_of_others(origin, client):
    assert client.get(Url(origin.http + "/json")).ok
    assert client.get((origin.http + "/json").encode()).ok
    with pytest.raises(TypeError, match="url: expected str, or a URL"):
        client.get(3)

    class Limits:
        connect, read, write, pool = 1.0, 2.0, None, 4.0

    for limits in ((1, 2), (1, None, 3, 4), Limits()):
        assert client.get(origin.http + "/json", timeout=limits).ok
    with pytest.raises(ValueError, match="timeout: expected .connect, read."):
        client.get(origin.http + "/json", timeout=(1, 2, 3))
    extensions = {"timeout": {"connect": 1, "read": 2}}
    assert client.get(origin.http + "/json", extensions=extensions).ok


def test_a_client_travels_by_pickle():
    client = Client(headers={"A": "b"}, timeout=3, max_total=7, params={"x": "y"}, auth=("u", "p"))
    client.headers["C"] = "d"
    client.cookies.set("n", "v", domain="example.org")
    other = pickle.loads(pickle.dumps(client))
    assert other.headers == client.headers and other.timeout == client.timeout
    assert dict(other.params) == {"x": "y"} and other.auth == ("u", "p")
    assert other.cookies["n"] == "v" and other is not client
    assert isinstance(pickle.loads(pickle.dumps(client.aio)), libkeepalive.AsyncClient)
    assert copy.copy(Client.shared()).is_closed is False
    with pytest.raises((TypeError, AttributeError, pickle.PicklingError)):
        pickle.dumps(Client(on_redirect=lambda *_: None))


class Api(Client):
    """A class below, with arguments of its own."""

    def __init__(self, token: str, **options: Any) -> None:
        super().__init__(headers={"Authorization": f"Bearer {token}"}, **options)
        self.token = token

    def hello(self) -> Response:
        return self.get("http://h/hello")


class AsyncApi(libkeepalive.AsyncClient):
    async def request(self, method: str, url: Any, **options: Any) -> Response:
        return await super().request(method, url, **options)


def test_classes_below():
    mock = MockTransport(lambda request: Response(200, text=request.headers["authorization"]))
    with Api("t", transport=mock) as api:
        assert api.hello().text == "Bearer t" and "Api" in repr(api)
    api = pickle.loads(pickle.dumps(Api("t")))
    assert type(api) is Api and api.token == "t" and api.headers["authorization"] == "Bearer t"

    class Forgets(Client):
        def __init__(self) -> None:
            pass

    with pytest.raises(libkeepalive.InvalidState, match="super"):
        Forgets().get("http://h/")
    with pytest.raises(TypeError):
        Client("http://h")

    async def main() -> None:
        async with AsyncApi(transport=mock, headers={"Authorization": "x"}) as api:
            assert (await api.request("GET", "http://h/")).text == "x"

    asyncio.run(main())


def test_errors_have_classes_of_their_own(origin):
    with pytest.raises(libkeepalive.SSLError) as raised:
        libkeepalive.get(origin.https + "/json")
    assert isinstance(raised.value, libkeepalive.ConnectError)
    assert issubclass(libkeepalive.WriteError, libkeepalive.NetworkError)


def test_importing_stays_light():
    program = "import sys, libkeepalive; print([m for m in sys.modules if m.startswith('libkeepalive')])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    for module in ("_models", "_sse", "_special", "_params", "testing"):
        assert f"libkeepalive.{module}" not in done.stdout


def test_progress_of_a_stream(origin, client):
    told: list[libkeepalive.Progress] = []
    url = origin.http + "/bytes/300000"
    with client.stream("GET", url, progress=told.append) as response:
        size = sum(map(len, response.iter_bytes()))
    assert told and told[-1].bytes == size and not told[-1].upload

    def stops(_: object) -> None:
        raise ZeroDivisionError

    with client.stream("GET", url, progress=stops) as response, pytest.raises(ZeroDivisionError):
        response.read()

    async def main() -> None:
        told.clear()
        async with client.aio.stream("GET", url, progress=told.append) as response:
            size = 0
            async for piece in response.aiter_bytes():
                size += len(piece)
        assert told and told[-1].bytes == size

    asyncio.run(main())


def test_a_download_goes_with_a_flow(tmp_path: Path):
    class Token(libkeepalive.Auth):
        def auth_flow(self, request):
            response = yield request
            if response.status_code == 401:
                request.headers["Authorization"] = "secret"
                yield request

    def answer(received):
        known = received.header("Authorization") == "secret"
        return Answer(200, b"content") if known else Answer(401, b"no")

    with Origin(answer) as server, Client() as client:
        response = client.download(server.url, tmp_path / "a", auth=Token())
        assert response.saved.bytes == 7 and (tmp_path / "a").read_bytes() == b"content"

        async def main() -> None:
            await client.aio.download(server.url, tmp_path / "b", auth=Token(), progress=lambda _: None)

        asyncio.run(main())
        assert (tmp_path / "b").read_bytes() == b"content"


def test_the_same_under_trio(origin, tmp_path: Path):
    path = tmp_path / "file"
    path.write_bytes(b"content of a file")
    told: list[libkeepalive.Progress] = []

    async def main() -> None:
        with Origin() as server:
            async with libkeepalive.AsyncClient(params={"p": "q"}) as client:
                await client.post(server.url, content=path, trailers={"X-Sum": lambda: "told"})
                await client.post(server.url, files={"f": path})
                request = client.build_request("PUT", server.url, json={"a": 1})
                assert (await client.send(request)).request.content == b'{"a":1}'
                async with await client.get(origin.http + "/bytes/300000", stream=True) as lazy:
                    assert len(await lazy.aread()) == 300000
                url = origin.http + "/bytes/300000"
                async with client.stream("GET", url, progress=told.append) as response:
                    size = sum([len(piece) async for piece in response.aiter_bytes()])
                assert told[-1].bytes == size == 300000
            first, second, third = server.requests
            assert first.body == b"content of a file" and first.target == "/?p=q"
            assert first.trailers == [("X-Sum", "told")]
            assert b"content of a file" in second.body and third.body == b'{"a":1}'

    trio.run(main)
