"""urllib3 and requests twice: as they are, and on the shared pool."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import requests
import urllib3

import libkeepalive.requests
import libkeepalive.urllib3

#: The ways to have a pool manager.
MANAGERS: dict[str, Callable[..., Any]] = {
    "plain": urllib3.PoolManager,
    "ours": libkeepalive.urllib3.PoolManager,
}


def session(kind: str) -> requests.Session:
    """A session of requests that the environment says nothing to."""
    made = requests.Session()
    made.trust_env = False
    if kind == "ours":
        libkeepalive.requests.install(made)
    return made


@contextlib.contextmanager
def serving(answer: Callable[[socket.socket, bytes], None]) -> Iterator[str]:
    """A server that reads the head of one request on each connection, and has ``answer`` do the rest."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                head = b""
                while b"\r\n\r\n" not in head and (more := connection.recv(65536)):
                    head += more
                if head:
                    with contextlib.suppress(OSError):
                        answer(connection, head)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        # Closing alone does not wake an accept.
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(20)


def sending(raw: bytes) -> Callable[[socket.socket, bytes], None]:
    """Answers every request with these bytes, and closes."""
    return lambda connection, _: connection.sendall(raw)


def nowhere() -> str:
    """A URL that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}/"
