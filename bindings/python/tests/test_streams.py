"""Connections that are handed out after 101 and CONNECT: as sockets, on asyncio and on trio, and with a
WebSocket library on top."""

from __future__ import annotations

import asyncio
import gc
import os
import select
import signal
import socket
import ssl
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import anyio
import pytest
from websockets.asyncio.server import serve
from wsproto.connection import Connection, ConnectionType
from wsproto.events import CloseConnection, Ping, Pong, TextMessage
from wsproto.utilities import generate_accept_token, generate_nonce

import libkeepalive

LARGE = bytes(range(251)) * 4200
UPGRADE = {"Connection": "Upgrade", "Upgrade": "echo"}
BACKENDS: list[tuple[str, dict[str, Any]]] = [
    ("asyncio", {}),
    ("asyncio", {"use_uvloop": True}),
    ("trio", {}),
]
Run = Callable[[Callable[[], Any]], Any]


@pytest.fixture(params=BACKENDS, ids=["asyncio", "uvloop", "trio"])
def run(request: pytest.FixtureRequest) -> Run:
    backend, options = request.param
    return lambda main: anyio.run(main, backend=backend, backend_options=options)


@pytest.fixture(params=["http", "https"])
def base(request: pytest.FixtureRequest, origin) -> str:
    return origin.endpoints[request.param]


def upgraded(client: libkeepalive.Client, url: str) -> libkeepalive.UpgradedStream:
    response = client.get(url, headers=UPGRADE)
    assert response.status_code == 101
    return response.take_stream()


async def aupgraded(aio: libkeepalive.AsyncClient, url: str) -> libkeepalive.AsyncUpgradedStream:
    response = await aio.get(url, headers=UPGRADE)
    assert response.status_code == 101
    return response.take_async_stream()


def rest(stream: libkeepalive.UpgradedStream) -> bytes:
    return b"".join(iter(lambda: stream.recv(65536), b""))


def test_a_stream_is_as_a_socket(client, base):
    with upgraded(client, base + "/upgrade") as stream:
        assert client.stats().active == 0
        assert stream.recv(2) == b"he" and stream.pending() == 3
        stream.sendall(bytearray(b"ping"))
        assert stream.send(memoryview(b"!")) == 1
        came = b""
        while len(came) < 8:
            came += stream.recv(100)
        assert came == b"lloping!"
        stream.shutdown(socket.SHUT_WR)
        assert stream.recv(1) == b"" == stream.recv(1)
        with pytest.raises(libkeepalive.InvalidState, match="shut down"):
            stream.sendall(b"x")
        assert stream.fileno() >= 0
    assert stream.fileno() == -1 and stream.pending() == 0
    for use in (lambda: stream.recv(1), lambda: stream.sendall(b"x"), stream.shutdown):
        with pytest.raises(libkeepalive.InvalidState, match="the stream is closed"):
            use()
    stream.close()


def test_a_megabyte_goes_both_ways_at_once(client, base):
    with upgraded(client, base + "/upgrade?first=") as stream:

        def write() -> None:
            stream.sendall(LARGE)
            stream.shutdown()

        writer = threading.Thread(target=write)
        writer.start()
        assert rest(stream) == LARGE
        writer.join()


def test_a_megabyte_goes_both_ways_at_once_on_a_loop(run, aio, base):
    async def main() -> None:
        async with await aupgraded(aio, base + "/upgrade?first=") as stream:

            async def write() -> None:
                await stream.send_all(LARGE)
                await stream.send_eof()

            async with anyio.create_task_group() as group:
                group.start_soon(write)
                assert b"".join([piece async for piece in stream]) == LARGE
            assert await stream.receive_some() == b""

    run(main)


def test_a_read_that_is_cancelled_loses_nothing(run, aio, base):
    async def main() -> None:
        async with await aupgraded(aio, base + "/upgrade") as stream:
            assert await stream.read(2) == b"he"
            assert await stream.receive_some() == b"llo"
            for _ in range(20):
                with anyio.move_on_after(0.001) as scope:
                    await stream.receive_some()
                assert scope.cancelled_caught
            await stream.write(b"all of it")
            came = b""
            while len(came) < 9:
                with anyio.move_on_after(0.0005):
                    came += await stream.receive_some(1)
            assert came == b"all of it"
            await stream.wait_send_all_might_not_block()
        with pytest.raises(libkeepalive.InvalidState, match="closed"):
            await stream.receive_some()

    run(main)


def test_a_close_ends_a_read_that_waits(run, aio, client, base):
    stream = upgraded(client, base + "/upgrade?first=")
    failures: list[BaseException] = []

    def read() -> None:
        try:
            stream.recv(1)
        except libkeepalive.InvalidState as error:
            failures.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    stream.close()
    reader.join(20)
    assert not reader.is_alive() and len(failures) == 1

    async def main() -> None:
        stream = await aupgraded(aio, base + "/upgrade?first=")

        async def read() -> None:
            with pytest.raises(libkeepalive.InvalidState, match="closed"):
                await stream.receive_some()

        async with anyio.create_task_group() as group:
            group.start_soon(read)
            await anyio.lowlevel.checkpoint()
            await stream.aclose()

    run(main)


def test_a_forgotten_stream_is_closed(client):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        peers = []

        def answer() -> None:
            peer = listener.accept()[0]
            peer.recv(10000)
            peer.sendall(b"HTTP/1.1 101 Go\r\nUpgrade: echo\r\nConnection: upgrade\r\n\r\n")
            peers.append(peer)

        server = threading.Thread(target=answer)
        server.start()
        stream = upgraded(client, url)
        server.join()
        there = weakref.ref(stream)
        del stream
        gc.collect()
        assert there() is None
        peers[0].settimeout(20)
        assert peers[0].recv(1) == b""
        peers[0].close()


def test_a_signal_handler_ends_a_read(client, base):
    class Enough(Exception):
        pass

    def handle(*_: object) -> None:
        raise Enough

    before = signal.signal(signal.SIGALRM, handle)
    try:
        with upgraded(client, base + "/upgrade?first=") as stream:
            stream.settimeout(None)
            signal.setitimer(signal.ITIMER_REAL, 0.05)
            with pytest.raises(Enough):
                stream.recv(1)
            stream.sendall(b"on")
            assert stream.recv(1) == b"o"
    finally:
        signal.signal(signal.SIGALRM, before)


def test_limits_are_the_request_s_until_they_are_set(client, base):
    response = client.get(base + "/upgrade?first=", headers=UPGRADE, timeout=7)
    with response.take_stream() as stream:
        assert stream.gettimeout() == 7
        stream.settimeout(0.02)
        with pytest.raises(libkeepalive.ReadTimeout, match="20 ms") as caught:
            stream.recv(1)
        assert isinstance(caught.value, TimeoutError)
        assert caught.value.request.url.startswith(base)
        stream.settimeout(None)
        assert stream.gettimeout() is None
        stream.sendall(b"on")
        assert stream.recv(1) == b"o"


def test_ends_are_told_apart(run, client, aio, origin):
    with upgraded(client, origin.https + "/upgrade?limit=1&notify=0") as stream:
        stream.sendall(b"x")
        came = b""
        with pytest.raises(libkeepalive.ReadError, match="without close_notify"):
            while True:
                came += stream.recv(100)
        assert came == b"hellox"
    with upgraded(client, origin.http + "/upgrade?limit=1&end=reset") as stream:
        stream.sendall(b"x")
        with pytest.raises(libkeepalive.ReadError, match="reset"):
            rest(stream)

    async def main() -> None:
        async with await aupgraded(aio, origin.https + "/upgrade?limit=1&notify=0") as stream:
            await stream.send_all(b"x")
            with pytest.raises(libkeepalive.ReadError, match="without close_notify"):
                while True:
                    assert await stream.receive_some()

    run(main)


def test_a_response_that_did_not_switch_has_no_stream(client, base):
    for response in (client.get(base + "/json"), client.get(base + "/upgrade")):
        with pytest.raises(libkeepalive.InvalidState, match=f"{response.status_code} from http"):
            response.take_stream()
        with pytest.raises(libkeepalive.InvalidState, match=f"{response.status_code} from http"):
            response.take_async_stream()
    response = client.get(base + "/upgrade", headers=UPGRADE)
    response.take_stream().close()
    with pytest.raises(libkeepalive.InvalidState, match="taken before"):
        response.take_stream()
    with client.stream("GET", base + "/upgrade", headers=UPGRADE) as response:
        kept = response.take_stream()
    with kept:
        assert kept.recv(5) == b"hello", "it outlives its response"


def test_arguments_are_checked(run, client, aio, base):
    with upgraded(client, base + "/upgrade?first=") as stream:
        for wrong in (
            lambda: stream.recv(-1),
            lambda: stream.settimeout(0),
            lambda: stream.settimeout(-1),
            lambda: stream.shutdown(0),
        ):
            with pytest.raises(ValueError):
                wrong()
        for wrong in (lambda: stream.recv("1"), lambda: stream.sendall("text")):
            with pytest.raises(TypeError):
                wrong()
        assert stream.recv(0) == b""

    async def main() -> None:
        async with await aupgraded(aio, base + "/upgrade?first=") as stream:
            with pytest.raises(ValueError, match="max_bytes: 0"):
                await stream.receive_some(0)
            with pytest.raises(TypeError, match="data: expected bytes, got str"):
                await stream.send_all("text")

    run(main)


def test_a_child_does_not_disturb_its_parent_s_stream(client, base):
    with upgraded(client, base + "/upgrade?first=") as stream:
        child = os.fork()
        if child == 0:
            status = 1
            try:
                with pytest.raises(libkeepalive.InvalidState, match="forked"):
                    stream.recv(1)
                with pytest.raises(libkeepalive.InvalidState, match="forked"):
                    stream.sendall(b"x")
                stream.close()
                status = 0
            finally:
                os._exit(status)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        stream.sendall(b"still")
        came = b""
        while len(came) < 5:
            came += stream.recv(5)
        assert came == b"still"


def test_connect_opens_a_way_through_a_proxy(run, client, aio, origin):
    """The tunnel carries another TLS session, of the program's own."""
    port = int(origin.https.rsplit(":", 1)[1])

    def proxy(listener: socket.socket) -> None:
        near = listener.accept()[0]
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += near.recv(1)
        target = head.split()[1].decode()
        assert head.startswith(f"CONNECT localhost:{port} HTTP/1.1\r\n".encode()), head
        with near, socket.create_connection(("127.0.0.1", int(target.rsplit(":", 1)[1]))) as far:
            near.sendall(b"HTTP/1.1 200 Opened\r\n\r\n")
            while True:
                for ready in select.select([near, far], [], [])[0]:
                    data = ready.recv(65536)
                    if not data:
                        return
                    (far if ready is near else near).sendall(data)

    context = ssl.create_default_context(cafile=origin.ca_file)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/localhost:{port}"
        threading.Thread(target=proxy, args=(listener,), daemon=True).start()
        response = client.request("CONNECT", url)
        assert response.status_code == 200
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        inner = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
        with response.take_stream() as stream:

            def until(step: Callable[[], Any]) -> Any:
                while True:
                    try:
                        result = step()
                    except ssl.SSLWantReadError:
                        stream.sendall(outgoing.read())
                        incoming.write(stream.recv(65536))
                    else:
                        stream.sendall(outgoing.read())
                        return result

            until(inner.do_handshake)
            until(lambda: inner.write(b"GET /ok HTTP/1.1\r\nHost: localhost\r\n\r\n"))
            assert until(lambda: inner.read(1000)).startswith(b"HTTP/1.1 200 OK\r\n")
    with pytest.raises(libkeepalive.InvalidURL, match="host:port as its path"):
        client.request("CONNECT", "http://127.0.0.1:1/")


@pytest.fixture(scope="module")
def websockets(origin) -> Iterator[dict[str, str]]:
    """The `websockets` library's server, plain and through TLS: sends "welcome", then an echo."""
    ready = threading.Event()
    urls: dict[str, str] = {}
    stop: list[Callable[[], object]] = []

    async def talk(connection: Any) -> None:
        await connection.send("welcome")
        async for message in connection:
            await connection.send(message)

    async def main() -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(
            origin.endpoints["server_cert_file"], origin.endpoints["server_key_file"]
        )
        done = asyncio.Event()
        loop = asyncio.get_running_loop()
        stop.append(lambda: loop.call_soon_threadsafe(done.set))
        async with (
            serve(talk, "127.0.0.1", 0) as plain,
            serve(talk, "127.0.0.1", 0, ssl=context) as tls,
        ):
            for scheme, server in (("http", plain), ("https", tls)):
                port = next(iter(server.sockets)).getsockname()[1]
                urls[scheme] = f"{scheme}://127.0.0.1:{port}/chat"
            ready.set()
            await done.wait()

    thread = threading.Thread(target=asyncio.run, args=(main(),))
    thread.start()
    assert ready.wait(20)
    yield urls
    stop[0]()
    thread.join()


def handshake() -> tuple[bytes, dict[str, str]]:
    nonce = generate_nonce()
    fields = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": nonce.decode(),
    }
    return nonce, fields


class Conversation:
    """What wsproto says and is told; between them any stream."""

    def __init__(self) -> None:
        self.protocol = Connection(ConnectionType.CLIENT)
        self.heard: list[str] = []
        self.text = ""
        self.over = False
        self.ponged = False

    def say(self, text: str) -> bytes:
        return self.protocol.send(TextMessage(text))

    def hear(self, data: bytes) -> bytes:
        self.protocol.receive_data(data or None)
        answer = b""
        for event in self.protocol.events():
            match event:
                case TextMessage(data=piece, message_finished=finished):
                    self.text += piece
                    if finished:
                        self.heard.append(self.text)
                        self.text = ""
                case Ping():
                    answer += self.protocol.send(event.response())
                case Pong():
                    self.ponged = True
                case CloseConnection():
                    self.over = True
        return answer


MESSAGE = "\N{SNOWMAN} " * 100_000


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_wsproto_talks_to_websockets(client, websockets, scheme):
    nonce, fields = handshake()
    response = client.get(websockets[scheme], headers=fields)
    assert response.status_code == 101
    assert response.headers["Sec-WebSocket-Accept"] == generate_accept_token(nonce).decode()
    talk = Conversation()
    with response.take_stream() as stream:
        stream.sendall(talk.protocol.send(Ping(b"there?")) + talk.say(MESSAGE))
        while len(talk.heard) < 2:
            stream.sendall(talk.hear(stream.recv(65536)))
        assert talk.heard == ["welcome", MESSAGE] and talk.ponged
        stream.sendall(talk.protocol.send(CloseConnection(1000)))
        while not talk.over:
            talk.hear(stream.recv(65536))
        assert stream.recv(1) == b""


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_wsproto_talks_to_websockets_on_a_loop(run, aio, websockets, scheme):
    async def main() -> None:
        nonce, fields = handshake()
        response = await aio.get(websockets[scheme], headers=fields)
        assert response.headers["Sec-WebSocket-Accept"] == generate_accept_token(nonce).decode()
        talk = Conversation()
        async with response.take_async_stream() as stream:
            await stream.send_all(talk.say(MESSAGE))
            while len(talk.heard) < 2:
                await stream.send_all(talk.hear(await stream.receive_some()))
            assert talk.heard == ["welcome", MESSAGE]
            await stream.send_all(talk.protocol.send(CloseConnection(1000)))
            while not talk.over:
                talk.hear(await stream.receive_some())
            assert await stream.receive_some() == b""

    run(main)
