"""A scripted server in the manner of S3, in a thread: stores what is put, and misbehaves where it is told to."""

from __future__ import annotations

import http.server
import threading
import time
from collections.abc import Callable
from typing import Any

Handler = http.server.BaseHTTPRequestHandler
Script = Callable[[Handler], bool]


class Server:
    """``url``; ``seen``: the requests; ``scripts``: what to do with the next ones instead of serving them."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.seen: list[dict[str, Any]] = []
        self.scripts: list[Script] = []
        self.opened = 0
        server = self

        class Serving(_Serving):
            owner = server

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Serving)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Serving(http.server.BaseHTTPRequestHandler):
    owner: Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self.owner.opened += 1

    def log_message(self, format: str, *arguments: Any) -> None:
        pass

    def handle_expect_100(self) -> bool:
        if self.owner.scripts and getattr(self.owner.scripts[0], "instead_of_100", False):
            self.note(None)
            return self.owner.scripts.pop(0)(self)
        return super().handle_expect_100()

    def body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") == "chunked":
            found = b""
            while size := int(self.rfile.readline(), 16):
                found += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return found
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def note(self, body: bytes | None) -> None:
        self.owner.seen.append(
            {"method": self.command, "path": self.path, "headers": self.headers.items(), "body": body}
        )

    def answer(self, status: int, body: bytes, *fields: tuple[str, str]) -> None:
        self.send_response(status)
        for name, value in [("Content-Length", str(len(body))), ("ETag", '"etag"'), *fields]:
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def serve(self) -> None:
        body = self.body()
        self.note(body)
        if self.owner.scripts and not self.owner.scripts.pop(0)(self):
            return
        key = self.path.partition("?")[0]
        if self.command == "PUT":
            self.owner.objects[key] = body
            self.answer(200, b"")
        elif key in self.owner.objects:
            self.answer(200, self.owner.objects[key])
        else:
            self.answer(404, b"<Error><Code>NoSuchKey</Code><Message>none</Message></Error>")

    do_GET = do_HEAD = do_PUT = serve


def closes(handler: Handler) -> bool:
    handler.close_connection = True
    return False


def stalls(handler: Handler) -> bool:
    time.sleep(1)
    return closes(handler)


def no_http(handler: Handler) -> bool:
    handler.wfile.write(b"nonsense\r\n\r\n")
    return closes(handler)


def truncates(handler: Handler) -> bool:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
    return closes(handler)


def cuts_chunks(handler: Handler) -> bool:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nhalf")
    return closes(handler)


def stalls_in_body(handler: Handler) -> bool:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
    handler.wfile.flush()
    return stalls(handler)


def fails(handler: Handler) -> bool:
    handler.answer(503, b"<Error><Code>SlowDown</Code></Error>")  # type: ignore[attr-defined]
    return False


def refuses(handler: Handler) -> bool:
    handler.answer(403, b"<Error><Code>AccessDenied</Code></Error>", ("Connection", "close"))  # type: ignore[attr-defined]
    handler.close_connection = True
    return False


refuses.instead_of_100 = True  # type: ignore[attr-defined]
