"""WebSockets of httpx2 over the adapter."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from httpx2.websockets import AsyncWebSocketClient, WebSocketClient
from httpx_hosts import both_loops, run
from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Ping,
    Request,
    TextMessage,
)

import libkeepalive.httpx2


class _Echo(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        connection = WSConnection(ConnectionType.SERVER)
        while data := self.request.recv(65536):
            connection.receive_data(data)
            for event in connection.events():
                if (answer := self.answer(event)) is not None:
                    self.request.sendall(connection.send(answer))
                if isinstance(event, CloseConnection):
                    return

    def answer(self, event: Event) -> Any:
        if isinstance(event, Request):
            return AcceptConnection()
        if isinstance(event, CloseConnection | Ping):
            return event.response()
        if isinstance(event, TextMessage | BytesMessage):
            return type(event)(event.data, message_finished=event.message_finished)
        return None


@pytest.fixture
def echo() -> Iterator[str]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Echo) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"ws://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()
        thread.join()


def test_a_websocket(echo: str) -> None:
    with httpx2.Client(transport=libkeepalive.httpx2.Transport()) as client:
        with WebSocketClient(client).connect(echo) as socket:
            socket.send_text("hello")
            assert socket.receive_text(timeout=5) == "hello"
            socket.send_bytes(b"x" * 50_000)
            assert socket.receive_bytes(timeout=5) == b"x" * 50_000


@both_loops
def test_a_websocket_on_a_loop(loop: str, echo: str) -> None:
    async def work() -> None:
        transport = libkeepalive.httpx2.AsyncTransport()
        async with httpx2.AsyncClient(transport=transport) as client:
            async with AsyncWebSocketClient(client).connect(echo) as socket:
                await socket.send_text("hello")
                assert await socket.receive_text(timeout=5) == "hello"

    run(loop, work)
