"""Bodies that are read while they are sent: blocking calls, asyncio and trio decide alike what has a
length and what can be sent again, and no loop's thread reads the caller's files."""

from __future__ import annotations

import asyncio
import base64
import contextvars
import gzip
import io
import os
import socket
import tempfile
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trio
from helpers import eventually

import libkeepalive

Send = Callable[..., libkeepalive.Response]


WAYS = ["blocking", "asyncio", "trio"]
#: For tests of what only a loop has.
on_loops = pytest.mark.parametrize("send", WAYS[1:], indirect=True)


@pytest.fixture(params=WAYS)
def send(request: pytest.FixtureRequest, client: libkeepalive.Client) -> Send:
    """Sends by each way over one pool."""

    async def asynchronous(method: str, url: str, arguments: dict[str, Any]):
        return await client.aio.request(method, url, **arguments)

    def send(method: str, url: str, **arguments: Any) -> libkeepalive.Response:
        if request.param == "blocking":
            return client.request(method, url, **arguments)
        if request.param == "asyncio":
            return asyncio.run(asynchronous(method, url, arguments))
        return trio.run(asynchronous, method, url, arguments)

    send.way = request.param
    send.client = client
    return send


class Readable:
    """A file of nobody's class."""

    def __init__(self, content: bytes) -> None:
        self.file = io.BytesIO(content)
        self.threads: set[int] = set()
        self.calls: list[str] = []

    def read(self, size: int) -> bytes:
        self.calls.append("read")
        self.threads.add(threading.get_ident())
        return self.file.read(size)


class Seekable(Readable):
    def tell(self) -> int:
        self.threads.add(threading.get_ident())
        return self.file.tell()

    def seek(self, offset: int, whence: int = 0) -> int:
        self.calls.append(f"seek {offset} {whence}")
        self.threads.add(threading.get_ident())
        return self.file.seek(offset, whence)


class Pieces:
    """An iterable that can be gone over again."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = pieces
        self.threads: set[int] = set()
        self.passes = 0

    def __iter__(self) -> Iterator[bytes]:
        self.passes += 1
        for piece in self.pieces:
            self.threads.add(threading.get_ident())
            yield piece


class AsyncPieces(Pieces):
    async def __aiter__(self) -> AsyncIterator[bytes]:
        self.passes += 1
        for piece in self.pieces:
            self.threads.add(threading.get_ident())
            yield piece

    __iter__ = None  # type: ignore[assignment]


def generator() -> Iterator[bytes]:
    yield b"bo"
    yield b"dy"


async def agenerator() -> AsyncIterator[bytes]:
    yield b"bo"
    yield b"dy"


def real_file() -> Any:
    file = tempfile.TemporaryFile()
    file.write(b"body")
    file.seek(0)
    return file


class OneIterator:
    """Says that it can be gone over again, and cannot."""

    def __init__(self) -> None:
        self.only = generator()

    def __iter__(self) -> Iterator[bytes]:
        return self.only


#: How it is made, its length if it is known, whether it can be sent again.
KINDS: dict[str, tuple[Callable[[], Any], int | None, bool]] = {
    "bytes": (lambda: b"body", 4, True),
    "str": (lambda: "body", 4, True),
    "bytearray": (lambda: bytearray(b"body"), 4, True),
    "list": (lambda: [b"bo", b"dy"], 4, True),
    "tuple": (lambda: (b"bo", b"", memoryview(b"dy")), 4, True),
    "BytesIO": (lambda: io.BytesIO(b"body"), 4, True),
    "file": (real_file, 4, True),
    "seekable": (lambda: Seekable(b"body"), 4, True),
    "readable": (lambda: Readable(b"body"), None, False),
    "gzip": (lambda: gzip.open(io.BytesIO(gzip.compress(b"body"))), None, True),
    "deque": (lambda: deque([b"bo", b"dy"]), None, True),
    "iterable": (lambda: Pieces(b"bo", b"dy"), None, True),
    "generator": (generator, None, False),
    "iterator": (lambda: iter([b"bo", b"dy"]), None, False),
}
ASYNC_KINDS = {
    "async iterable": (lambda: AsyncPieces(b"bo", b"dy"), None, True),
    "async generator": (agenerator, None, False),
}


def kinds(send: Send) -> Iterator[tuple[str, Any, int | None, bool]]:
    for kind, (make, length, again) in {
        **KINDS,
        **({} if send.way == "blocking" else ASYNC_KINDS),
    }.items():
        content = make()
        yield kind, content, length, again
        if isinstance(content, io.IOBase):
            content.close()


def test_each_is_sent_with_the_length_it_has(send, origin):
    for kind, content, length, _ in kinds(send):
        echo = send("POST", origin.http + "/echo", content=content).json()
        headers = {name.lower(): value for name, value in echo["headers"]}
        assert base64.b64decode(echo["body_b64"]) == b"body", kind
        if length is None:
            assert headers["transfer-encoding"] == "chunked", kind
            assert "content-length" not in headers, kind
        else:
            assert headers["content-length"] == str(length), kind
            assert "transfer-encoding" not in headers, kind


def test_each_is_sent_again_after_a_redirect_if_it_can_be(send, origin):
    url = origin.http + "/redirect/307?to=/echo-body"
    for kind, content, _, again in kinds(send):
        if again:
            response = send("POST", url, content=content, follow_redirects=True)
            assert response.content == b"body" and response.info.redirects == 1, kind
        else:
            with pytest.raises(libkeepalive.RemoteProtocolError, match="again") as raised:
                send("POST", url, content=content, follow_redirects=True)
            assert raised.value.kind == "InvalidRedirect", kind


def test_a_body_that_a_redirect_drops_need_not_be_sent_again(send, origin):
    for kind, content, _, _ in kinds(send):
        url = origin.http + "/redirect/303?to=/echo"
        echo = send("POST", url, content=content, follow_redirects=True).json()
        assert (echo["method"], echo["body_b64"]) == ("GET", ""), kind


def test_each_is_replayed_if_it_can_be(send, origin):
    for kind, content, _, again in kinds(send):
        key = f"replay-{send.way}-{kind.replace(' ', '-')}"
        url = f"{origin.http}/flaky?key={key}&times=1&how=fin"
        assert send("GET", origin.http + "/ok").text == "ok"
        if again:
            response = send("PUT", url, content=content)
            assert (response.text, response.info.replays) == ("ok", 1), kind
            last = origin.ask(f"/_journal?key={key}")[-1]
            assert (last["body_length"], last["complete"]) == (4, True), kind
        else:
            with pytest.raises(libkeepalive.RemoteDisconnected) as raised:
                send("PUT", url, content=content)
            assert raised.value.kind == "ConnectionClosed", kind


def test_each_is_retried_if_it_can_be(origin, send):
    with libkeepalive.Client(retries=1, retry_budget=100) as client:
        for kind, content, _, again in kinds(send):
            url = origin.http + "/status/503"

            async def asynchronous(url: str = url, content: Any = content) -> libkeepalive.Response:
                return await client.aio.put(url, content=content)

            if send.way == "blocking":
                response = client.put(url, content=content)
            else:
                runs = {"asyncio": lambda work: asyncio.run(work()), "trio": trio.run}
                response = runs[send.way](asynchronous)
            assert response.status_code == 503
            assert response.info.retries == (1 if again else 0), kind


def test_a_body_that_claims_too_much_is_an_error_not_nothing(send, origin):
    url = origin.http + "/redirect/307?to=/echo-body"
    with pytest.raises(ValueError, match="cannot be sent again"):
        send("POST", url, content=OneIterator(), follow_redirects=True)
    assert send("GET", origin.http + "/ok").text == "ok"


def test_a_file_is_sent_from_where_it_stands_each_time(send, origin, tmp_path: Path):
    path = tmp_path / "file"
    path.write_bytes(b"0123456789" * 100_000)
    with path.open("rb") as file:
        file.seek(999_990)
        url = origin.http + "/redirect/308?n=2&to=/echo-body"
        response = send("PUT", url, content=file, follow_redirects=True)
        assert response.content == b"0123456789" and response.info.redirects == 3


def test_a_file_that_grows_is_sent_to_the_length_it_had(send, origin):
    class Growing(Seekable):
        def read(self, size: int) -> bytes:
            at = self.file.tell()
            self.file.seek(0, 2)
            self.file.write(b"more")
            self.file.seek(at)
            return super().read(size)

    assert send("POST", origin.http + "/echo-body", content=Growing(b"body")).content == b"body"
    if os.path.exists("/proc/version"):
        with open("/proc/version", "rb") as file:
            sent = send("POST", origin.http + "/echo-body", content=file).content
            assert sent == Path("/proc/version").read_bytes() != b""


def test_a_failed_request_leaves_the_source_alone(send):
    with socket.create_server(("127.0.0.1", 0)) as unused:
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/"
    file = Seekable(b"0123456789")
    file.seek(5)
    file.calls.clear()
    with pytest.raises(libkeepalive.ConnectError):
        send("PUT", url, content=file)
    assert "read" not in file.calls and file.file.tell() == 5
    pieces = Pieces(b"body")
    with pytest.raises(libkeepalive.ConnectError):
        send("PUT", url, content=pieces)
    assert pieces.passes == 0


def test_a_failed_answer_does_not_seek_the_file(send, origin):
    file = Seekable(b"0123456789")
    pieces = Pieces(b"body")
    for content in (file, pieces):
        with pytest.raises(libkeepalive.RemoteDisconnected):
            send("POST", origin.http + "/close", content=content)
    # Once for its length before it was sent, and never after it was read.
    assert [call for call in file.calls if call == "seek 0 0"] == ["seek 0 0"]
    assert file.calls[-1] == "read" and file.file.tell() == 10
    assert pieces.passes == 1


@on_loops
@pytest.mark.parametrize("how", ["content", "files"])
def test_no_loop_reads_a_file_or_an_iterable(send, origin, how):
    for source in (Seekable(b"x" * 600_000), Readable(b"x" * 600_000), Pieces(b"x", b"y")):
        if how == "files":
            if isinstance(source, Pieces):
                continue
            response = send("POST", origin.http + "/upload-count", files={"f": source})
            assert int(response.text) > 600_000
        else:
            response = send("POST", origin.http + "/upload-count", content=source)
            assert response.text in ("600000", "2")
        # pytest's thread runs the loop.
        assert source.threads and threading.get_ident() not in source.threads
    if how == "content":
        source = AsyncPieces(b"x", b"y")
        send("POST", origin.http + "/upload-count", content=source)
        assert source.threads == {threading.get_ident()}


@on_loops
def test_a_loop_goes_on_while_a_source_makes_its_reader_wait(send, origin):
    """Its other tasks have to run before it gives its last piece."""
    let_go = threading.Event()

    class Slow(Readable):
        def read(self, size: int) -> bytes:
            assert let_go.wait(20)
            return super().read(size)

    def pieces() -> Iterator[bytes]:
        yield b"bo"
        assert let_go.wait(20)
        yield b"dy"

    async def on_asyncio(content: Any) -> bytes:
        sent = asyncio.create_task(
            send.client.aio.post(origin.http + "/echo-body", content=content)
        )
        assert (await send.client.aio.get(origin.http + "/ok")).text == "ok"
        let_go.set()
        return (await sent).content

    async def on_trio(content: Any) -> bytes:
        results: list[bytes] = []

        async def post() -> None:
            response = await send.client.aio.post(origin.http + "/echo-body", content=content)
            results.append(response.content)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(post)
            assert (await send.client.aio.get(origin.http + "/ok")).text == "ok"
            let_go.set()
        return results[0]

    for make in (lambda: Slow(b"body"), pieces):
        let_go.clear()
        if send.way == "asyncio":
            assert asyncio.run(on_asyncio(make())) == b"body"
        else:
            assert trio.run(on_trio, make()) == b"body"


def test_a_source_runs_in_the_context_of_its_request(send, origin):
    variable = contextvars.ContextVar("variable", default="none")
    seen: list[str] = []

    def pieces() -> Iterator[bytes]:
        seen.append(variable.get())
        yield b"a"
        variable.set("the source's")
        yield b"b"
        # One context for all pieces, and not the caller's own.
        seen.append(variable.get())

    class File(Readable):
        def read(self, size: int) -> bytes:
            seen.append(variable.get())
            return super().read(size)

    async def apieces() -> AsyncIterator[bytes]:
        seen.append(variable.get())
        yield b"a"

    async def asynchronous(value: str, content: Any) -> None:
        variable.set(value)
        await send.client.aio.post(origin.http + "/upload-count", content=content)
        assert variable.get() == value

    def run(value: str, content: Any) -> list[str]:
        seen.clear()
        if send.way == "asyncio":
            asyncio.run(asynchronous(value, content))
        elif send.way == "trio":
            trio.run(asynchronous, value, content)
        else:
            variable.set(value)
            send.client.post(origin.http + "/upload-count", content=content)
        return list(seen)

    assert run("mine", pieces()) == ["mine", "the source's"]
    assert set(run("file", File(b"x"))) == {"file"}
    if send.way != "blocking":
        assert run("async", apieces()) == ["async"]


@pytest.mark.parametrize("way", ["asyncio", "trio"])
def test_cancelling_does_not_wait_for_the_source(client, origin, way):
    let_go = threading.Event()
    reading = threading.Event()

    def pieces() -> Iterator[bytes]:
        reading.set()
        assert let_go.wait(60)
        yield b"x"

    async def on_asyncio() -> None:
        task = asyncio.create_task(client.aio.post(origin.http + "/echo", content=pieces()))
        assert await asyncio.to_thread(reading.wait, 20)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        let_go.set()

    async def on_trio() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(lambda: client.aio.post(origin.http + "/echo", content=pieces()))
            assert await trio.to_thread.run_sync(reading.wait, 20)
            nursery.cancel_scope.cancel()
        let_go.set()

    asyncio.run(on_asyncio()) if way == "asyncio" else trio.run(on_trio)
    # The engine's thread gives the connection up.
    eventually(client, lambda stats: stats.active == 0)
    assert client.get(origin.http + "/ok").text == "ok"


def test_the_source_s_own_exception_comes_through_in_each_way(send, origin):
    class Mine(Exception):
        pass

    def pieces() -> Iterator[bytes]:
        yield b"x"
        raise Mine("broken")

    class File(Readable):
        def read(self, size: int) -> bytes:
            raise Mine("broken")

    for content in (pieces(), File(b"")):
        with pytest.raises(Mine, match="broken"):
            send("POST", origin.http + "/echo", content=content)
    with pytest.raises(Mine, match="broken"):
        send("POST", origin.http + "/echo", files={"f": File(b"")})
    with pytest.raises(TypeError, match="content: expected pieces of bytes, got str"):
        send("POST", origin.http + "/echo", content=io.StringIO("text"))
    assert send.client.stats().active == 0
    assert send("GET", origin.http + "/ok").text == "ok"
