"""Digest at proxies beyond a single request: nonces that are good for one use, bodies that
cannot be sent again."""

from __future__ import annotations

import itertools

import libkeepalive
import pytest
from conftest import Origin
from scripted import Peer, Script, Scripted, Stage
from test_forwarding import quoted


def one_time_nonces() -> Script:
    """Every nonce is good for one request, which RFC 7616 5.4 allows."""
    numbers = itertools.count(1)
    good: set[str] = set()

    async def script(peer: Peer) -> None:
        while request := await peer.request():
            given = quoted(request.field("proxy-authorization") or "")
            if given.get("nonce") in good:
                good.discard(given["nonce"])
                if request.method != "CONNECT":
                    await peer.echo(request)
                    continue
                await peer.say(b"HTTP/1.1 200 OK\r\n\r\n")
                await peer.tls()
                while inner := await peer.request():
                    await peer.echo(inner)
                return
            nonce = f"n{next(numbers)}"
            good.add(nonce)
            stale = ", stale=true" if "nonce" in given else ""
            await peer.answer(
                "407 Proxy Authentication Required",
                b"",
                f'Proxy-Authenticate: Digest realm="r", qop="auth", nonce="{nonce}"{stale}',
            )

    return script


def proxy_url(server: Scripted) -> str:
    return f"http://ann:secret@{server.place}"


@pytest.mark.parametrize("url", ["http://origin.test/", "https://localhost/"])
def test_nonces_for_one_request(stage: Stage, origin: Origin, url: str) -> None:
    proxy = stage.start(one_time_nonces())
    with libkeepalive.Client(proxy=proxy_url(proxy), ca_file=origin.ca_file) as client:
        for _ in range(4):
            assert client.get(url).status_code == 200


@pytest.mark.xfail(strict=True, reason="the message blames the credentials")
def test_a_body_that_cannot_be_sent_again(stage: Stage) -> None:
    """That is what the message says: the credentials were not at fault."""
    proxy = stage.start(one_time_nonces())
    with libkeepalive.Client(proxy=proxy_url(proxy)) as client:
        with pytest.raises(libkeepalive.ProxyError, match="again"):
            client.post("http://origin.test/", content=(piece for piece in [b"a", b"b"]))
        # The proxy has said what it wants; the next one is right at once.
        assert client.get("http://origin.test/").status_code == 200
