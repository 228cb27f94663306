"""Where the time of an exchange went, and what else is told of it."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

import libkeepalive
from libkeepalive import Info

PHASES = ("queued", "stalled", "resolve", "connect", "tls", "send", "wait", "receive")


def adds_up(info: Info) -> None:
    timings = info.timings
    assert sum(getattr(timings, name) for name in PHASES) == pytest.approx(timings.total, abs=1e-8)
    assert timings.total > 0


def told(response: libkeepalive.Response) -> Info:
    adds_up(response.info)
    return response.info


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_new_connection_and_a_reused_one(
    client: libkeepalive.Client, origin: Any, scheme: str
) -> None:
    url = getattr(origin, scheme) + "/ok"
    first, second = told(client.get(url)), told(client.get(url))
    assert (first.reused, first.requests) == (False, 1) and first.timings.connect > 0
    assert (first.timings.tls > 0) == (scheme == "https")
    assert (second.reused, second.requests) == (True, 2)
    assert second.connection_id == first.connection_id
    assert all(getattr(second.timings, name) == 0 for name in PHASES[:5])
    assert second.local_address == first.local_address
    assert second.local_address is not None and second.local_address.startswith("127.0.0.1:")
    assert second.peer_address is not None and url.split(":")[2].startswith(
        second.peer_address.split(":")[1]
    )


def test_asynchronous_requests_tell_alike(
    aio: libkeepalive.AsyncClient, origin: Any, run: Any
) -> None:
    async def main() -> None:
        told(await aio.get(origin.http + "/ok"))
        async with aio.stream("GET", origin.http + "/bytes/3000000") as response:
            before = response.info
            assert before.timings.receive == 0 and before.bytes_received < 3_000_000
            assert len(await response.aread()) == 3_000_000
        after = told(response)
        assert after.timings.receive > 0 and after.bytes_received > 3_000_000
        with pytest.raises(libkeepalive.RemoteDisconnected) as failed:
            await aio.get(origin.http + "/close")
        assert failed.value.info is not None
        adds_up(failed.value.info)

    run(main())


def test_a_body_that_is_read_later(client: libkeepalive.Client, origin: Any) -> None:
    with client.stream("GET", origin.http + "/bytes/3000000") as response:
        before = response.info
        assert before.timings.receive == 0 and before.bytes_received < 3_000_000
        assert sum(map(len, response.iter_bytes())) == 3_000_000
    after = told(response)
    assert after.timings.receive > 0 and after.bytes_received > 3_000_000
    head = after.timings.total - after.timings.receive
    assert head == pytest.approx(before.timings.total, abs=1e-8)
    assert response.elapsed.total_seconds() == pytest.approx(head, abs=1e-5)


def test_interim_heads(client: libkeepalive.Client, origin: Any) -> None:
    response = client.get(origin.http + "/informational?code=103&n=2")
    assert [status for status, _ in response.info.informational] == [103, 103]
    assert response.info.informational[0][1]["link"] == "</style.css>"
    assert client.get(origin.http + "/ok").info.informational == ()


def test_a_failure_tells_where_its_time_went(client: libkeepalive.Client, origin: Any) -> None:
    with pytest.raises(libkeepalive.RemoteDisconnected) as failed:
        client.get(origin.http + "/close")
    info = failed.value.info
    assert info is not None
    adds_up(info)
    assert info.connection_id > 0 and info.bytes_sent > 0 and info.timings.wait > 0
    assert "bytes_sent=" in repr(info) and "receive=" in repr(info.timings)
    # What a process tells another has no connection.
    assert pickle.loads(pickle.dumps(failed.value)).info is None
    with pytest.raises(libkeepalive.InvalidURL) as refused:
        client.get("nowhere")
    assert refused.value.info is None
