"""What roads that fail leave behind: no descriptor, no connection that is counted, no password in a
text."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import libkeepalive
import pytest
from conftest import Origin
from daemons import poll
from scripted import Peer, Scripted, Stage, says, silent
from socks import socks

HTTPS = "https://origin.test/"
LOGIN = "ann:hidden"

#: A server and the URL by which it is a proxy.
Road = Callable[[Stage], tuple[Scripted, str]]


def http(answer: bytes) -> Road:
    def begin(stage: Stage) -> tuple[Scripted, str]:
        server = stage.start(says(answer))
        return server, f"http://{LOGIN}@{server.place}"

    return begin


def stalls(stage: Stage) -> tuple[Scripted, str]:
    server = stage.start(silent)
    return server, f"http://{LOGIN}@{server.place}"


def refuses(stage: Stage) -> tuple[Scripted, str]:
    server = stage.start(socks(login=("ann", "other")))
    return server, f"socks5h://{LOGIN}@{server.place}"


ROADS: dict[str, Road] = {
    "refused": http(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"),
    "garbage": http(b"\0\1\2\3" * 100),
    "closed": http(b""),
    "407": http(b'HTTP/1.1 407 No\r\nProxy-Authenticate: Digest realm="r", nonce="n"\r\n\r\n'),
    "no tls": http(b"HTTP/1.1 200 OK\r\n\r\nSMTP"),
    "stalls": stalls,
    "socks": refuses,
}


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.parametrize("road", ROADS)
def test_failures_leave_nothing(stage: Stage, origin: Origin, road: str) -> None:
    server, proxy = ROADS[road](stage)
    limits: dict[str, Any] = {"connect_timeout": 0.1} if road == "stalls" else {}
    with libkeepalive.Client(proxy=proxy, **limits) as client:
        counts = []
        for _ in range(6):
            with pytest.raises(libkeepalive.HTTPError) as failed:
                client.get(HTTPS)
            assert "hidden" not in str(failed.value) + repr(failed.value)
            counts.append(descriptors())
        assert "hidden" not in repr(client)
        # The first one started the engine; the server may be slower than the client.
        poll(lambda: descriptors() <= counts[0], lambda: f"{descriptors()} open, {counts} before")
        assert server.connections >= 6 and client.stats().active == 0


def test_a_client_closes_its_tunnels(stage: Stage, origin: Origin) -> None:
    """And the proxy hears of it."""
    tunnel = socks({"localhost": origin.https_place})

    async def script(peer: Peer) -> None:
        await tunnel(peer)
        peer.server.note("over")

    server = stage.start(script)
    counts = []
    for number in (1, 2):
        proxy = f"socks5h://{server.place}"
        with libkeepalive.Client(proxy=proxy, ca_file=origin.ca_file) as client:
            for _ in range(3):
                assert client.get("https://localhost/ok").text == "ok"
            assert server.connections == number
        server.until(lambda server: len(server.notes) == number * 2)  # noqa: B023
        counts.append(descriptors())
    # The first one started the engine.
    poll(lambda: descriptors() <= counts[0], lambda: f"{descriptors()} open, {counts} before")
