"""A scripted server for SDKs: over TCP or a Unix socket, by answers that are told by method and path."""

from __future__ import annotations

import contextlib
import json
import os
import socketserver
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

#: What answers a request: a JSON value, or a function that writes to the handler.
Answer = Any


class SdkServer:
    """Where it is, and what it was asked."""

    def __init__(self, answers: dict[str, Answer]) -> None:
        self.answers = answers
        self.url = ""
        self.requests: list[tuple[str, bytes]] = []
        self.heads: list[dict[str, str]] = []
        self.connections = 0
        self.asked = threading.Condition()

    def wait(self, count: int) -> None:
        """Waits for that many requests."""
        with self.asked:
            assert self.asked.wait_for(lambda: len(self.requests) >= count, 20)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    told: SdkServer

    def setup(self) -> None:
        super().setup()
        self.told.connections += 1

    def address_string(self) -> str:
        return "client"

    def log_message(self, *_arguments: Any) -> None:
        pass

    def __getattr__(self, name: str) -> Callable[[], None]:
        if name.startswith("do_"):
            return self._answer
        raise AttributeError(name)

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        while self.headers.get("Transfer-Encoding") == "chunked":
            size = int(self.rfile.readline(), 16)
            body += self.rfile.read(size)
            self.rfile.readline()
            if not size:
                break
        line = f"{self.command} {self.path}"
        with self.told.asked:
            self.told.requests.append((line, body))
            self.told.heads.append(dict(self.headers.items()))
            self.told.asked.notify_all()
        answer = self.told.answers.get(line, self.told.answers.get(line.partition("?")[0]))
        if callable(answer):
            answer(self)
            return
        if answer is None:
            self.reply(404, {"message": "Not Found", "errors": []})
        else:
            self.reply(200, answer)

    def reply(self, status: int, value: Any, **fields: str) -> None:
        """Sends ``value`` as JSON."""
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", fields.pop("Content_Type", "application/json"))
        self.send_header("Content-Length", str(len(body)))
        for name, field in fields.items():
            self.send_header(name.replace("_", "-"), field)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def stream(self, pieces: list[bytes], **fields: str) -> None:
        """Sends pieces as chunks."""
        self.send_response(200)
        for name, field in fields.items():
            self.send_header(name.replace("_", "-"), field)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for piece in [*pieces, b""]:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.wfile.flush()


@contextlib.contextmanager
def serving(answers: dict[str, Answer], unix_socket: str | None = None) -> Iterator[SdkServer]:
    """Runs a server; it ends with the block."""
    told = SdkServer(answers)
    handler = type("Handler", (_Handler,), {"told": told})
    server: Any
    if unix_socket is None:
        server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler)
        told.url = f"http://127.0.0.1:{server.server_address[1]}"
    else:
        server = socketserver.ThreadingUnixStreamServer(unix_socket, handler)
        told.url = f"unix://{unix_socket}"
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield told
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        if unix_socket is not None:
            os.unlink(unix_socket)
