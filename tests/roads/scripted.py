"""Servers that do what a test says: proxies and origins over TCP, TLS and Unix sockets. They note
what they received. A script is a coroutine that gets one connection."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import ssl
import struct
import threading
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

Address = tuple[str, int]


@dataclass(frozen=True)
class Request:
    """A request as it came: fields in their order and case."""

    connection: int
    method: str
    target: str
    version: str
    fields: list[tuple[str, str]]
    body: bytes = b""

    def all(self, name: str) -> list[str]:
        return [value for each, value in self.fields if each.lower() == name.lower()]

    def field(self, name: str) -> str | None:
        values = self.all(name)
        assert len(values) < 2, f"{name} stands there {len(values)} times"
        return values[0] if values else None

    @property
    def names(self) -> set[str]:
        return {name.lower() for name, _ in self.fields}


class Peer:
    """One connection to a scripted server."""

    def __init__(
        self, server: Scripted, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.server, self.reader, self.writer = server, reader, writer
        server.connections += 1
        self.number = server.connections

    async def request(self) -> Request | None:
        """The next request with its body, noted; `None`: the client has gone."""
        try:
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        except asyncio.IncompleteReadError as error:
            assert not error.partial, f"half a head: {error.partial!r}"
            return None
        line, *rest = head[:-4].split("\r\n")
        method, target, version = line.split(" ")
        fields = [(name, value) for name, _, value in (each.partition(": ") for each in rest)]
        named = {name.lower(): value for name, value in fields}
        body = b""
        if named.get("transfer-encoding") == "chunked":
            while size := int(await self.reader.readline(), 16):
                body += (await self.reader.readexactly(size + 2))[:-2]
            await self.reader.readline()
        else:
            body = await self.reader.readexactly(int(named.get("content-length", 0)))
        request = Request(self.number, method, target, version, fields, body)
        self.server.note(request)
        return request

    async def say(self, *pieces: bytes) -> None:
        """Each piece in a write of its own."""
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()

    async def answer(
        self, status: str = "200 OK", body: bytes = b"", *fields: str, version: str = "HTTP/1.1"
    ) -> None:
        lines = [f"{version} {status}", *fields, f"Content-Length: {len(body)}", "", ""]
        await self.say("\r\n".join(lines).encode() + body)

    async def echo(self, request: Request) -> None:
        """Answers who answers and what it received."""
        seen = {
            "by": self.server.name, "connection": self.number, "target": request.target,
            "method": request.method, "fields": request.fields, "body": request.body.decode(),
        }  # fmt: skip
        await self.answer("200 OK", json.dumps(seen).encode())

    async def relay(self, to: Address | str) -> None:
        """Both directions to `to`, until one of them has ended."""
        if isinstance(to, str):
            reader, writer = await asyncio.open_unix_connection(to)
        else:
            reader, writer = await asyncio.open_connection(*to)
        try:
            await first(pump(self.reader, writer), pump(reader, self.writer))
        finally:
            writer.close()

    async def tls(self) -> None:
        """From here on TLS, as the server."""
        await self.writer.start_tls(self.server.stage.tls)

    async def gone(self) -> None:
        """Until the client closes; what it still sends is dropped."""
        while await self.reader.read(1 << 16):
            pass

    def reset(self) -> None:
        linger = struct.pack("ii", 1, 0)
        self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.writer.transport.abort()


Script = Callable[[Peer], Awaitable[None]]


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(1 << 16):
        writer.write(data)
        await writer.drain()


async def first(*ways: Coroutine[Any, Any, None]) -> None:
    """Runs them until one has ended."""
    tasks = [asyncio.ensure_future(way) for way in ways]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@dataclass
class Scripted:
    """A running server and what it has seen."""

    stage: Stage
    name: str
    port: int = 0
    path: str | None = None
    connections: int = 0
    requests: list[Request] = field(default_factory=list)
    #: What a script has noted beside requests.
    notes: list[Any] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def note(self, what: Any) -> None:
        with self.changed:
            (self.requests if isinstance(what, Request) else self.notes).append(what)
            self.changed.notify_all()

    def until(self, what: Callable[[Scripted], bool]) -> None:
        """Waits until that holds of what was noted."""
        with self.changed:
            assert self.changed.wait_for(lambda: what(self), 20), (self.requests, self.notes)

    @property
    def http(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def https(self) -> str:
        return f"https://localhost:{self.port}"

    @property
    def place(self) -> str:
        """As messages name it."""
        return f"127.0.0.1:{self.port}"


class Stage:
    """The loop in which scripted servers run, on a thread of its own."""

    def __init__(self, cert_file: str, key_file: str) -> None:
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(cert_file, key_file)
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, name="stage")
        self.thread.start()
        self.servers: list[tuple[Scripted, asyncio.Server]] = []
        self.peers: set[asyncio.Task[None]] = set()

    def start(
        self,
        script: Script,
        name: str = "proxy",
        *,
        tls: bool = False,
        path: str | None = None,
        host: str = "127.0.0.1",
    ) -> Scripted:
        """Starts a server on a free port of the loopback, or on a Unix socket."""
        found = Scripted(self, name, path=path)

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task
            self.peers.add(task)
            try:
                await script(Peer(found, reader, writer))
            except (
                ConnectionError,
                asyncio.IncompleteReadError,
                asyncio.CancelledError,
                ssl.SSLError,
            ):
                pass
            except Exception as error:
                found.wrong.append(repr(error))
            finally:
                self.peers.discard(task)
                with contextlib.suppress(Exception):
                    writer.close()

        async def begin() -> asyncio.Server:
            context = self.tls if tls else None
            if path is None:
                return await asyncio.start_server(serve, host, 0, ssl=context)
            return await asyncio.start_unix_server(serve, path, ssl=context)

        server = self.run(begin())
        if path is None:
            found.port = server.sockets[0].getsockname()[1]
        self.servers.append((found, server))
        return found

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(20)

    def clear(self) -> None:
        """Ends all servers and their connections; a script that failed is an error."""

        async def end() -> None:
            for _, server in self.servers:
                server.close()
            waiting = list(self.peers)
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)

        self.run(end())
        wrong = [f"{server.name}: {what}" for server, _ in self.servers for what in server.wrong]
        self.servers.clear()
        assert not wrong, wrong

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(20)
        self.loop.close()


async def echoes(peer: Peer) -> None:
    """Answers every request with what it received; says 200 to CONNECT and goes on within it."""
    while request := await peer.request():
        if request.method == "CONNECT":
            await peer.say(b"HTTP/1.1 200 Connection established\r\n\r\n")
            if request.target.endswith(":443"):
                await peer.tls()
        else:
            await peer.echo(request)


def tunnels(to: Address | str) -> Script:
    """A CONNECT proxy that leads everybody to `to`."""

    async def script(peer: Peer) -> None:
        if await peer.request():
            await peer.say(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await peer.relay(to)

    return script


def says(*pieces: bytes, stays: bool = False) -> Script:
    """Answers each first request with these bytes, then closes, or stays until the client goes."""

    async def script(peer: Peer) -> None:
        if await peer.request():
            await peer.say(*pieces)
            if stays:
                await peer.gone()

    return script


async def silent(peer: Peer) -> None:
    await peer.request()
    await peer.gone()
