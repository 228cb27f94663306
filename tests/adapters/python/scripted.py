"""A server that answers by a script, for the SDKs."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Seen:
    """A request that came."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    peer: tuple[str, int]

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Answer:
    """What to answer; an iterator is sent in chunks, each as it comes."""

    body: bytes | Iterator[bytes] = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


def as_json(value: Any, status: int = 200, **headers: str) -> Answer:
    return Answer(json.dumps(value).encode(), status, {"Content-Type": "application/json", **headers})


def as_events(*events: tuple[str | None, Any]) -> Answer:
    """Server-sent events, a chunk each."""

    def chunks() -> Iterator[bytes]:
        for name, data in events:
            text = data if isinstance(data, str) else json.dumps(data)
            yield (f"event: {name}\n" if name else "").encode() + f"data: {text}\n\n".encode()

    return Answer(chunks(), headers={"Content-Type": "text/event-stream"})


class Server:
    """Its URL, the requests that came, and how many connections they came by."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.seen: list[Seen] = []

    @property
    def connections(self) -> int:
        return len({seen.peer for seen in self.seen})


@contextmanager
def serving(script: Callable[[Seen], Answer]) -> Iterator[Server]:
    """Answers each request with what ``script`` says of it."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            if self.headers.get("Transfer-Encoding"):
                body = b"".join(self.chunks())
            else:
                body = self.rfile.read(length)
            fields = {name.lower(): value for name, value in self.headers.items()}
            seen = Seen(self.command, self.path, fields, body, self.client_address)
            server.seen.append(seen)
            said = script(seen)
            self.send_response(said.status)
            for name, value in said.headers.items():
                self.send_header(name, value)
            if isinstance(said.body, bytes):
                self.send_header("Content-Length", str(len(said.body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(said.body)
                return
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for piece in said.body:
                self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            self.wfile.write(b"0\r\n\r\n")

        def chunks(self) -> Iterator[bytes]:
            while size := int(self.rfile.readline(), 16):
                yield self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()

        do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = answer

        def log_message(self, *_arguments: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listener:
        listener.daemon_threads = True
        server = Server(f"http://127.0.0.1:{listener.server_address[1]}")
        thread = threading.Thread(target=listener.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            listener.shutdown()
            thread.join()
