"""A scripted server on a real socket, for what no mock shows: pauses, resets, bodies that end early."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Condition, Event, Lock, Thread
from typing import Any

#: Most bytes of a request that are read.
_MOST = 64 * 1024 * 1024


@dataclass(frozen=True)
class Answer:
    """How a request is answered: what is sent, when, and how it ends.

    ``status``, ``reason``, ``headers`` and ``body`` are the response's; its Content-Length is added.
    ``delay`` seconds pass before anything is sent. The body goes out in pieces of ``chunk_size`` bytes with
    ``interval`` seconds between them, ``chunked`` or with Content-Length. ``truncate`` ends the connection after
    so many bytes of the body, ``reset`` by a reset (RST) in place of an end: without a body, before any byte.
    ``close`` closes it after the answer and says so. ``raw`` is sent as it is, in place of a response. ``drop``
    closes without a word.

    >>> testing.Answer(503, "busy", {"Retry-After": "1"}, delay=0.5).status
    503
    """

    status: int = 200
    body: bytes | str = b""
    headers: dict[str, str] | list[tuple[str, str]] = field(default_factory=dict)
    reason: str = "OK"
    delay: float = 0.0
    chunked: bool = False
    chunk_size: int | None = None
    interval: float = 0.0
    truncate: int | None = None
    reset: bool = False
    drop: bool = False
    close: bool = False
    raw: bytes | None = None


@dataclass(frozen=True)
class Received:
    """A request as it came: ``method``, ``target``, ``headers``, ``body``, ``trailers``, and the number of its
    ``connection``, the first being 1.

    >>> with testing.Origin() as origin:
    ...     _ = libkeepalive.Client(trust_env=False).post(origin.url + "/a", content=b"b")
    >>> origin.requests[0].target, origin.requests[0].header("content-length")
    ('/a', '1')
    """

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes
    #: Which connection it came by, the first being 1.
    connection: int
    #: The fields behind a chunked body.
    trailers: list[tuple[str, str]] = field(default_factory=list)

    def header(self, name: str) -> str | None:
        """The first field of that ``name``, ``None`` without one."""
        return next((value for own, value in self.headers if own.lower() == name.lower()), None)


_Script = Answer | Callable[[Received], Answer]


class Origin:
    """A server on 127.0.0.1 that answers as its script says, on threads of its own, until it is closed.

    ::

        with Origin() as origin:
            origin.script(Answer(503), Answer(200, b"ok", delay=0.5), Answer(reset=True))
            client.get(origin.url + "/x")
        origin.requests  # what came

    Answers are given in order, over all connections, and the last one from then on. ``route()`` has a script for
    a path. ``connections`` counts those that were accepted. Pauses end when it is closed.

    >>> with testing.Origin(testing.Answer(200, b"ok")) as origin:
    ...     libkeepalive.Client(trust_env=False).get(origin.url).content
    b'ok'
    """

    def __init__(self, *script: _Script) -> None:
        self._lock = Lock()
        self._change = Condition(self._lock)
        self._closed = Event()
        self._scripts: dict[str | None, list[_Script]] = {None: list(script) or [Answer()]}
        self._open: set[socket.socket] = set()
        self._threads: list[Thread] = []
        self.requests: list[Received] = []
        self.connections: int = 0
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port: int = self._listener.getsockname()[1]
        self.url: str = f"http://127.0.0.1:{self.port}"
        self._start(self._accept)

    def script(self, *answers: _Script) -> Origin:
        """Answers from now on with ``answers``: each an ``Answer`` or a function of the ``Received`` request."""
        return self.route(None, *answers)

    def route(self, path: str | None, *answers: _Script) -> Origin:
        """Answers from now on with ``answers``, as of ``script()``, what asks for ``path``, which begins with a slash
        and has no query. Raises ``TypeError`` without an answer."""
        if not answers:
            raise TypeError("answers: expected at least one")
        with self._lock:
            self._scripts[path] = list(answers)
        return self

    def wait_for(self, requests: int, timeout: float = 20.0) -> None:
        """Waits until so many ``requests`` have come; raises ``TimeoutError`` after ``timeout`` seconds."""
        with self._change:
            if not self._change.wait_for(lambda: len(self.requests) >= requests, timeout):
                raise TimeoutError(f"{len(self.requests)} of {requests} requests came")

    def drop_connections(self, reset: bool = False) -> None:
        """Ends every open connection now, by a reset (RST) with ``reset``."""
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            _end(connection, reset)

    def close(self) -> None:
        """Ends it; every thread of it has ended then."""
        self._closed.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.drop_connections()
        for thread in list(self._threads):
            thread.join()

    def __enter__(self) -> Origin:
        return self

    def __exit__(self, *_raised: object) -> None:
        self.close()

    def _start(self, work: Callable[..., None], *arguments: Any) -> None:
        thread = Thread(target=work, args=arguments, name="keepalive-origin", daemon=True)
        with self._lock:
            self._threads = [each for each in self._threads if each.is_alive()] + [thread]
            # Under the lock, as one that is not started yet would count as ended.
            thread.start()

    def _accept(self) -> None:
        while not self._closed.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self.connections += 1
                number = self.connections
                self._open.add(connection)
            if self._closed.is_set():
                _end(connection, False)
            self._start(self._serve, connection, number)

    def _serve(self, connection: socket.socket, number: int) -> None:
        try:
            with connection, suppress(OSError, ValueError):
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                with connection.makefile("rb") as file:
                    reader = _Reader(connection, file)
                    while (received := reader.request(number)) is not None:
                        with self._change:
                            self.requests.append(received)
                            answer = self._next(received)
                            self._change.notify_all()
                        if callable(answer):
                            answer = answer(received)
                        if not self._send(connection, received, answer):
                            return
        finally:
            with self._lock:
                self._open.discard(connection)

    def _next(self, received: Received) -> _Script:
        script = self._scripts.get(received.target.partition("?")[0]) or self._scripts[None]
        return script.pop(0) if len(script) > 1 else script[0]

    def _pause(self, seconds: float) -> None:
        if seconds > 0 and self._closed.wait(seconds):
            raise OSError("closed")

    def _send(self, connection: socket.socket, received: Received, answer: Answer) -> bool:
        """Whether the connection goes on."""
        self._pause(answer.delay)
        if answer.drop or (answer.reset and answer.truncate is None and not answer.body):
            _end(connection, answer.reset)
            return False
        if answer.raw is not None:
            connection.sendall(answer.raw)
            if answer.reset or answer.close:
                _end(connection, answer.reset)
            return not (answer.reset or answer.close)
        body = answer.body.encode() if isinstance(answer.body, str) else answer.body
        connection.sendall(_head(answer, len(body)))
        bodiless = received.method == "HEAD" or answer.status in (204, 304)
        whole = bodiless or self._send_body(connection, body, answer)
        if not whole or answer.reset or answer.close:
            _end(connection, answer.reset)
            return False
        return True

    def _send_body(self, connection: socket.socket, body: bytes, answer: Answer) -> bool:
        """Whether all of it was sent."""
        size = answer.chunk_size or max(len(body), 1)
        end = len(body) if answer.truncate is None else min(answer.truncate, len(body))
        for at in range(0, end, size):
            if at:
                self._pause(answer.interval)
            piece = body[at : min(at + size, end)]
            connection.sendall(b"%x\r\n%s\r\n" % (len(piece), piece) if answer.chunked else piece)
        if answer.truncate is not None:
            return False
        if answer.chunked:
            connection.sendall(b"0\r\n\r\n")
        return True


def _head(answer: Answer, length: int) -> bytes:
    given = answer.headers
    pairs = list(given.items()) if isinstance(given, dict) else list(given)
    names = {name.lower() for name, _ in pairs}
    if answer.chunked:
        pairs.append(("Transfer-Encoding", "chunked"))
    elif "content-length" not in names and answer.status not in (204, 304):
        pairs.append(("Content-Length", str(length)))
    if answer.close and "connection" not in names:
        pairs.append(("Connection", "close"))
    lines = [f"HTTP/1.1 {answer.status} {answer.reason}", *(f"{n}: {v}" for n, v in pairs)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _end(connection: socket.socket, reset: bool) -> None:
    """Its thread closes it: by then nobody else may have its number."""
    with suppress(OSError):
        if reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.shutdown(socket.SHUT_RD)
        else:
            connection.shutdown(socket.SHUT_RDWR)


class _Reader:
    """Requests out of a connection."""

    def __init__(self, connection: socket.socket, file: Any) -> None:
        self._file = file
        self._connection = connection

    def request(self, number: int) -> Received | None:
        line = self._file.readline(65536)
        if not line.strip():
            return None
        method, target, _ = line.decode("latin-1").split(" ", 2)
        headers, trailers = self._fields(), []
        fields = {name.lower(): value for name, value in headers}
        if fields.get("expect", "").lower() == "100-continue":
            self._connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        if "chunked" in fields.get("transfer-encoding", "").lower():
            body = self._chunks()
            trailers = self._fields()
        else:
            length = int(fields.get("content-length", 0))
            if length > _MOST:
                raise ValueError("too large")
            body = self._file.read(length)
            if len(body) < length:
                return None
        return Received(method, target, headers, body, number, trailers)

    def _fields(self) -> list[tuple[str, str]]:
        fields = []
        while (line := self._file.readline(65536)).strip():
            name, _, value = line.decode("latin-1").partition(":")
            fields.append((name.strip(), value.strip()))
        return fields

    def _chunks(self) -> bytes:
        body = bytearray()
        while size := int(self._file.readline(1024).partition(b";")[0], 16):
            if len(body) + size > _MOST:
                raise ValueError("too large")
            body += self._file.read(size)
            self._file.readline(1024)
        return bytes(body)
