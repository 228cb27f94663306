"""0-RTT against nginx: what travels with the handshake, and what does not."""

from __future__ import annotations

import asyncio

import libkeepalive
from conftest import Server


def test_what_may_be_done_twice_goes_early(nginx: Server):
    base = f"{nginx.early}/session"
    with libkeepalive.Client(ca_file=nginx.ca_file, tls_early_data=True) as client:

        def told(method: str, url: str = base) -> tuple[str, bool]:
            client.network_changed()  # another connection
            response = client.request(method, url)
            # What came behind the first answer, new tickets, is read with the second.
            assert client.get(base).info.reused
            assert response.status_code == 200 and response.info.tls is not None
            # nginx says 1 only while the handshake goes on.
            return response.text.removeprefix("1"), response.info.tls.early

        assert told("GET") == (".", False)
        for _ in range(20):
            assert told("GET") == ("r", True)
        assert told("OPTIONS") == ("r", True)
        assert told("POST") == ("r", False)
        # 425, unless the handshake had ended.
        assert told("GET", f"{nginx.early}/late")[0] == "late"

        async def asynchronous() -> tuple[str, bool]:
            client.network_changed()
            response = await client.aio.get(base)
            assert response.info.tls is not None
            return response.text.removeprefix("1"), response.info.tls.early

        assert asyncio.run(asynchronous()) == ("r", True)
    with libkeepalive.Client(ca_file=nginx.ca_file) as client:
        for reused in (".", "r", "r"):
            client.network_changed()
            assert client.get(base).text == reused
