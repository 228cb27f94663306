"""Who asks: Basic, Bearer and Digest by the engine, flows and functions, netrc; nothing of it beyond the
origin."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import threading
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.request import parse_http_list, parse_keqv_list

import pytest

import libkeepalive
from libkeepalive import BasicAuth, BearerAuth, DigestAuth, NetRCAuth

Answer = tuple[int, dict[str, str], bytes]


class Server(ThreadingHTTPServer):
    """Answers as ``answer(handler)`` says, and remembers what it was asked."""

    def __init__(self, answer: Callable[[Any, bytes], Answer]) -> None:
        seen: list[tuple[str, str, str | None]] = []

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                if "chunked" in self.headers.get("Transfer-Encoding", ""):
                    body = b""
                    while size := int(self.rfile.readline(), 16):
                        body += self.rfile.read(size)
                        self.rfile.readline()
                    self.rfile.readline()
                else:
                    body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                seen.append((self.command, self.path, self.headers.get("Authorization")))
                status, fields, content = answer(self, body)
                self.send_response(status)
                for name, value in {"Content-Length": str(len(content)), **fields}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            do_POST = do_PUT = do_GET

            def log_message(self, *_: Any) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        self.seen = seen
        self.url = f"http://127.0.0.1:{self.server_port}"


@contextmanager
def serving(answer: Callable[[Any, bytes], Answer]) -> Iterator[Server]:
    with Server(answer) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def digest_answer(algorithm: str, user: str, password: str, userhash: bool = False) -> Any:
    """RFC 7616 as a server reads it, by Python's own hashes."""
    name = algorithm.removesuffix("-sess")
    new = {"MD5": "md5", "SHA-256": "sha256", "SHA-512-256": "sha512_256"}[name]

    def hashed(*parts: str) -> str:
        return hashlib.new(new, ":".join(parts).encode()).hexdigest()

    def answer(handler: Any, body: bytes) -> Answer:
        given = handler.headers.get("Authorization", "")
        if given.startswith("Digest "):
            own = parse_keqv_list(parse_http_list(given.removeprefix("Digest ")))
            a1 = hashed(user, "r", password)
            if algorithm.endswith("-sess"):
                a1 = hashed(a1, own["nonce"], own["cnonce"])
            a2 = hashed(handler.command, handler.path)
            right = hashed(a1, own["nonce"], own["nc"], own["cnonce"], "auth", a2)
            name = hashed(user, "r") if userhash else user
            if (own["response"], own["username"], own["uri"]) == (right, name, handler.path):
                return 200, {}, own["nc"].encode() + b" " + body
        more = ", userhash=true" if userhash else ""
        challenge = f'Digest realm="r", qop="auth", algorithm={algorithm}, nonce="n"{more}'
        return 401, {"WWW-Authenticate": challenge}, b"no"

    return answer


Send = Callable[..., libkeepalive.Response]


@pytest.fixture(params=["sync", "asyncio", "trio"])
def send(request: pytest.FixtureRequest) -> Send:
    """Sends once or several times with one client, in each way."""

    def send_all(
        urls: list[str], method: str = "GET", options: Any = None, **arguments: Any
    ) -> list[libkeepalive.Response]:
        if request.param == "sync":
            with libkeepalive.Client(**(options or {})) as client:
                return [client.request(method, url, **arguments) for url in urls]

        async def main() -> list[libkeepalive.Response]:
            async with libkeepalive.AsyncClient(**(options or {})) as client:
                return [await client.request(method, url, **arguments) for url in urls]

        if request.param == "asyncio":
            return asyncio.run(main())
        import trio

        return trio.run(main)

    return send_all


@pytest.mark.parametrize("userhash", [False, True])
@pytest.mark.parametrize(
    "algorithm", ["MD5", "MD5-sess", "SHA-256", "SHA-256-sess", "SHA-512-256", "SHA-512-256-sess"]
)
def test_digest_as_a_server_of_its_own_reads_it(algorithm: str, userhash: bool, send: Any):
    if algorithm.startswith("SHA-512-256") and "sha512_256" not in hashlib.algorithms_available:
        algorithm = algorithm.replace("SHA-512-256", "SHA-256")
    user, password = "Mufasa", "Circle of Life"
    with serving(digest_answer(algorithm, user, password, userhash)) as server:
        auth = DigestAuth(user, password)
        answers = send([server.url + "/a?b=c", server.url + "/d"], options={"auth": auth})
        assert [answer.text for answer in answers] == ["00000001 ", "00000002 "]
        # Asked once.
        assert [path for _, path, _ in server.seen] == ["/a?b=c", "/a?b=c", "/d"]
        (answer,) = send([server.url], auth=DigestAuth(user, "wrong"))
        assert answer.status_code == 401


def test_a_body_is_sent_again_with_the_answer(send: Any):
    with serving(digest_answer("SHA-256", "u", "p")) as server:
        for content, status in [(b"body", 200), ([b"bo", b"dy"], 200), (iter([b"body"]), 401)]:
            (answer,) = send([server.url], "POST", auth=DigestAuth("u", "p"), content=content)
            assert answer.status_code == status
            assert status == 401 or answer.text.endswith("body")


def echo(handler: Any, body: bytes) -> Answer:
    return 200, {}, str(handler.headers).encode()


def test_classes_of_credentials(send: Any):
    with serving(echo) as server:
        for auth, expected in [
            (("u", "p"), "Basic dTpw"),
            (BasicAuth("u", "p"), "Basic dTpw"),
            (BasicAuth(b"u", b"p"), "Basic dTpw"),
            (BearerAuth("t.o-k"), "Bearer t.o-k"),
        ]:
            for given in ({"auth": auth}, {"options": {"auth": auth}}):
                (answer,) = send([server.url], **given)
                assert f"Authorization: {expected}\n" in answer.text
        (answer,) = send([server.url], options={"auth": BearerAuth("t")}, auth=None)
        assert "Authorization" not in answer.text


def test_what_is_no_auth_is_named_and_not_shown():
    with libkeepalive.Client() as client:
        for auth in (["u", "geheim"], "geheim", 5, DigestAuth, object()):
            with pytest.raises(TypeError, match="auth: expected a tuple") as raised:
                client.get("http://127.0.0.1:1", auth=auth)
            assert "geheim" not in str(raised.value)
        for make in (
            lambda: BearerAuth(5),
            lambda: DigestAuth("u", 5),
            lambda: BasicAuth("u", 5) and client.get("http://127.0.0.1:1", auth=BasicAuth("u", 5)),
        ):
            with pytest.raises(TypeError, match="expected str"):
                make()
        with pytest.raises(ValueError, match="colon"):
            DigestAuth("u:v", "geheim")
        with pytest.raises(libkeepalive.InvalidArgument, match="option auth") as caught:
            client.get("http://127.0.0.1:1", auth=BearerAuth("ge heim"))
        assert "heim" not in str(caught.value)
    for auth in (BasicAuth("u", "geheim"), BearerAuth("geheim"), DigestAuth("u", "geheim")):
        assert "geheim" not in repr(auth)


def test_a_function_of_the_request(send: Any):
    def sign(request: libkeepalive.Request) -> libkeepalive.Request:
        signed = f"{request.method} {request.url} {request.content!r} {request.headers['Host']}"
        assert request.read() == (request.content or b"")
        request.headers["X-Signature"] = signed
        request.headers["accept"] = "text/plain"
        return request

    with serving(echo) as server:
        (answer,) = send([server.url + "/a"], "POST", auth=sign, content=b"body")
        host = server.url.removeprefix("http://")
        assert f"X-Signature: POST {server.url}/a b'body' {host}\n" in answer.text
        assert answer.text.count("ccept: text/plain") == 1
        assert answer.text.count("Host: ") == 1
        (answer,) = send([server.url], options={"auth": sign})
        assert "X-Signature: GET" in answer.text
        (answer,) = send([server.url], options={"auth": sign}, auth=None)
        assert "X-Signature" not in answer.text
        with pytest.raises(ZeroDivisionError):
            send([server.url], auth=lambda request: 1 / 0)
        with pytest.raises(TypeError, match="auth: expected a Request of it; got NoneType"):
            send([server.url], auth=lambda request: None)


class Refreshing(libkeepalive.Auth):
    """As in httpx's documentation: a token is fetched when the old one is refused."""

    requires_response_body = True

    def __init__(self, token_url: str) -> None:
        self.token = "old"
        self.token_url = token_url

    def auth_flow(
        self, request: libkeepalive.Request
    ) -> Generator[libkeepalive.Request, libkeepalive.Response, None]:
        request.headers["Authorization"] = f"Bearer {self.token}"
        response = yield request
        if response.status_code == 401:
            fetched = yield libkeepalive.Request("POST", self.token_url, content=b"refresh")
            self.token = fetched.text
            request.headers["Authorization"] = f"Bearer {self.token}"
            yield request


def tokens(handler: Any, body: bytes) -> Answer:
    if handler.path == "/token":
        assert handler.headers.get("Authorization") is None
        return 200, {}, b"new" if body == b"refresh" else b"bad"
    if handler.headers.get("Authorization") == "Bearer new":
        return 200, {}, b"in " + body
    return 401, {}, b"who?"


def test_a_flow_of_several_requests(send: Any):
    with serving(tokens) as server:
        auth = Refreshing(server.url + "/token")
        answers = send([server.url + "/a"] * 2, "PUT", auth=auth, content=b"data")
        assert [answer.text for answer in answers] == ["in data", "in data"]
        assert [(method, path) for method, path, _ in server.seen] == [
            ("PUT", "/a"),
            ("POST", "/token"),
            ("PUT", "/a"),
            ("PUT", "/a"),
        ]
        auth = Refreshing(server.url + "/token")
        (answer,) = send([server.url + "/a"], "PUT", auth=auth, content=[b"da", b"ta"])
        assert answer.text == "in data"
        auth = Refreshing(server.url + "/token")
        with pytest.raises((ValueError, libkeepalive.HTTPError)):
            send([server.url + "/a"], "PUT", auth=auth, content=iter([b"data"]))


def test_flows_of_streams_and_coroutines():
    class Asynchronous:
        async def async_auth_flow(self, request: Any) -> AsyncGenerator[Any, Any]:
            await asyncio.sleep(0)
            response = yield request
            if response.status_code == 401:
                request.headers["Authorization"] = "Bearer new"
                yield request

        auth_flow = Refreshing("").auth_flow

    async def sign(request: Any) -> Any:
        await asyncio.sleep(0)
        request.headers["Authorization"] = "Bearer new"
        return request

    with serving(tokens) as server:

        async def main() -> None:
            async with libkeepalive.AsyncClient() as client:
                for auth in (Asynchronous(), sign, Refreshing(server.url + "/token")):
                    async with client.stream("GET", server.url, auth=auth) as response:
                        assert await response.aread() == b"in "

        asyncio.run(main())
        with libkeepalive.Client() as client:
            auth = Refreshing(server.url + "/token")
            with client.stream("GET", server.url, auth=auth) as response:
                assert response.read() == b"in "
            with pytest.raises(TypeError, match="AsyncClient"):
                client.get(server.url, auth=sign)


def test_a_flow_with_httpx_s_own_classes(send: Any):
    httpx = pytest.importorskip("httpx")
    with serving(echo) as server:
        (answer,) = send([server.url], auth=httpx.BasicAuth("u", "p"))
        assert "Authorization: Basic dTpw\n" in answer.text


def test_nothing_of_it_goes_beyond_the_origin(send: Any):
    def signed(request: libkeepalive.Request) -> libkeepalive.Request:
        request.headers["X-Amz-Security"] = "geheim"
        request.headers["Authorization"] = "geheim"
        return request

    with serving(echo) as other:

        def away(handler: Any, body: bytes) -> Answer:
            if "Authorization" not in handler.headers:
                return 401, {"WWW-Authenticate": 'Digest realm="r", nonce="n", qop="auth"'}, b""
            return 302, {"Location": other.url + "/there"}, b""

        with serving(away) as server:
            for auth in (
                ("u", "geheim"),
                BearerAuth("geheim"),
                DigestAuth("u", "geheim"),
                signed,
            ):
                for given in ({"auth": auth}, {"options": {"auth": auth}}):
                    (answer,) = send([server.url], follow_redirects=True, **given)
                    assert answer.url == other.url + "/there"
                    assert "geheim" not in answer.text and "uthorization" not in answer.text
                    # What asked for credentials and got them has led there too.
                    asked = [401] if isinstance(auth, DigestAuth) else []
                    assert [hop.status_code for hop in answer.history] == [*asked, 302]


@pytest.fixture
def netrc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    file = tmp_path / "netrc"
    file.write_text("machine 127.0.0.1 login ann password geheim\ndefault login any password one\n")
    file.chmod(0o600)
    monkeypatch.setenv("NETRC", str(file))
    yield file


def test_netrc_is_for_the_very_host_and_what_else_says_who_asks_goes_before_it(
    netrc: Path, send: Any
):
    mine = "Authorization: Basic YW5uOmdlaGVpbQ==\n"
    with serving(echo) as server:
        by_name = server.url.replace("127.0.0.1", "localhost")
        (answer,) = send([server.url])
        assert mine in answer.text
        for given in (
            {"options": {"trust_env": False}},
            {"auth": None},
            {"headers": {"Authorization": "own"}},
            {"auth": ("u", "p")},
            {"options": {"auth": ("u", "p")}},
        ):
            (answer,) = send([server.url], **given)
            assert mine not in answer.text, given
        (answer,) = send([server.url.replace("//", "//u:p@")])
        assert "Basic dTpw" in answer.text
        (answer,) = send([by_name])
        assert "Authorization" not in answer.text, "the default entry is for nobody"
        (answer,) = send([server.url], options={"trust_env": False}, auth=NetRCAuth())
        assert mine in answer.text
        (answer,) = send([by_name], auth=NetRCAuth(str(netrc)))
        assert "Authorization" not in answer.text

        def away(handler: Any, body: bytes) -> Answer:
            return 302, {"Location": server.url}, b""

        with serving(away) as first:
            (answer,) = send([first.url], follow_redirects=True)
            assert first.seen[0][2] is not None
            assert mine not in answer.text, "another port of that host is another origin"


def test_a_netrc_file_that_cannot_be_read_is_a_warning_without_its_text(netrc: Path):
    netrc.write_text("machine a login b geheim\n")
    with pytest.warns(UserWarning, match="netrc") as warned:
        libkeepalive.Client().close()
    assert all("geheim" not in str(warning.message) for warning in warned)
    with pytest.raises(ValueError, match=r"at line \d") as raised:
        NetRCAuth()
    assert "geheim" not in str(raised.value)
    with pytest.raises(OSError):
        NetRCAuth(str(netrc) + "-missing")
    netrc.unlink()
    libkeepalive.Client().close()


def test_nonces_are_counted_over_threads_and_a_fork_begins_anew():
    import os

    numbers: list[str] = []
    with serving(digest_answer("SHA-256", "u", "p")) as server:
        with libkeepalive.Client(auth=DigestAuth("u", "p")) as client:
            assert client.get(server.url).text == "00000001 "

            def ask() -> None:
                for _ in range(5):
                    numbers.append(client.get(server.url).text)

            threads = [threading.Thread(target=ask) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert sorted(numbers) == [f"{count:08x} " for count in range(2, 22)]
            child = os.fork()
            if child == 0:
                os._exit(0 if client.get(server.url).text == "00000001 " else 1)
            assert os.waitpid(child, 0)[1] == 0
            assert client.get(server.url).text == f"{22:08x} "


def test_headers_of_a_request_are_a_mapping():
    headers = libkeepalive.RequestHeaders([("A", "1"), ("b", "2"), ("a", "3")])
    assert headers["a"] == "1, 3" and headers.get_list("A") == ["1", "3"]
    headers["A"] = "4"
    assert headers.raw == [(b"A", b"4"), (b"b", b"2")]
    headers["C"] = "5"
    del headers["B"]
    assert list(headers) == ["a", "c"] and len(headers) == 2 and "C" in headers
    with pytest.raises(KeyError):
        headers["b"]
    with pytest.raises(KeyError):
        del headers["b"]
    headers["Authorization"] = "hunter2"
    assert "hunter2" not in repr(headers)
    del headers["authorization"]
    with pytest.raises(TypeError):
        headers["d"] = 5
    assert list(itertools.islice(headers.items(), 1)) == [("a", "4")]
