"""Whatever a server sends for ever, and however fast: limits, cancellation and Ctrl-C take effect, and
other requests get their turn; a body that unpacks to more than anybody wants takes little memory."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import trio

import libkeepalive
from helpers import PEAK, printed

#: All routes of the origin that never end.
FORMS = [
    *("plain", "chunked", "one-byte-chunks", "trailers"),
    *("gzip", "gzip-gzip", "br", "zstd", "nothing-gzip"),
    *("informational", "fields"),
]
#: Those that a limit of size ends, however much time there is.
SIZED = {
    "trailers": "HeadTooLarge",
    "fields": "HeadTooLarge",
    "informational": "HeadTooLarge",
}
#: Those that only time or the caller ends.
BODIES = [form for form in FORMS if form not in SIZED]


async def fetch(client: libkeepalive.AsyncClient, url: str, stream: bool, **arguments: Any) -> None:
    if not stream:
        await client.get(url, **arguments)
        return
    async with client.stream("GET", url, **arguments) as response:
        async for _ in response.aiter_bytes():
            pass


def fetch_here(client: libkeepalive.Client, url: str, stream: bool, **arguments: Any) -> None:
    if not stream:
        client.get(url, **arguments)
        return
    with client.stream("GET", url, **arguments) as response:
        for _ in response.iter_bytes():
            pass


@pytest.mark.parametrize("way", ["blocking", "asyncio", "trio"])
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("form", FORMS)
def test_a_total_limit_ends_what_never_ends(origin, form, stream, way):
    url = f"{origin.http}/endless/{form}"
    limits = libkeepalive.Timeout(total=0.3)

    async def asynchronous() -> None:
        await fetch(client.aio, url, stream, timeout=limits)

    with libkeepalive.Client(max_body_size=0) as client:
        with pytest.raises(libkeepalive.HTTPError) as raised:
            if way == "blocking":
                fetch_here(client, url, stream, timeout=limits)
            else:
                asyncio.run(asynchronous()) if way == "asyncio" else trio.run(asynchronous)
        assert raised.value.kind in ("TotalTimeout", SIZED.get(form))
        assert client.get(origin.http + "/ok", timeout=20).text == "ok"


@pytest.mark.parametrize("form", BODIES)
def test_a_cancelled_task_ends_and_others_get_their_turn(origin, form):
    """The order of events: the endless response is under way before, during and after others."""

    async def on_asyncio(client: libkeepalive.AsyncClient, url: str) -> None:
        endless = asyncio.create_task(fetch(client, url, True))
        whole = asyncio.create_task(fetch(client, url, False))
        for _ in range(20):
            assert (await client.get(origin.http + "/ok", timeout=20)).text == "ok"
        assert not endless.done()
        endless.cancel()
        whole.cancel()
        results = await asyncio.gather(endless, whole, return_exceptions=True)
        assert isinstance(results[0], asyncio.CancelledError)

    async def on_trio(client: libkeepalive.AsyncClient, url: str) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(fetch, client, url, True)
            for _ in range(20):
                assert (await client.get(origin.http + "/ok", timeout=20)).text == "ok"
            nursery.cancel_scope.cancel()

    with libkeepalive.Client() as client:
        url = f"{origin.http}/endless/{form}"
        asyncio.run(on_asyncio(client.aio, url))
        trio.run(on_trio, client.aio, url)
        # A blocking call is on a thread of its own, and still not alone.
        assert client.get(origin.http + "/ok", timeout=20).text == "ok"


@pytest.mark.parametrize("form", ["plain", "one-byte-chunks", "gzip", "zstd"])
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_ctrl_c_ends_a_blocking_call(origin, form, stream):
    script = """
        import os, signal, sys, threading
        import libkeepalive
        url, stream = sys.argv[1], sys.argv[2] == "True"
        client = libkeepalive.Client(max_body_size=0)
        # Rung from a thread: the main one is busy with bytes that keep coming.
        timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
        timer.start()
        try:
            if stream:
                with client.stream("GET", url) as response:
                    for _ in response.iter_bytes():
                        pass
            else:
                client.get(url, timeout=libkeepalive.Timeout(total=60))
        except KeyboardInterrupt:
            print("interrupted")
        timer.join()
    """
    assert printed(script, f"{origin.http}/endless/{form}", str(stream)) == "interrupted\n"


IN_PIECES = """
    import asyncio, sys
    import libkeepalive
    url, way = sys.argv[1:]

    def read(client, url, pieces):
        with client.stream("GET", url) as response:
            iterator = response.iter_bytes(1024)
            return sum(len(next(iterator)) for _ in range(pieces))

    async def aread(client, url, pieces):
        total = 0
        async with client.stream("GET", url) as response:
            iterator = response.aiter_bytes(1024)
            for _ in range(pieces):
                total += len(await anext(iterator))
            await iterator.aclose()
        return total

    with libkeepalive.Client() as client:
        run = read if way == "blocking" else lambda client, url, pieces: asyncio.run(
            aread(client.aio, url, pieces))
        if way == "trio":
            import trio
            run = lambda client, url, pieces: trio.run(aread, client.aio, url, pieces)
        run(client, url, 1)
        before = peak()
        assert run(client, url, 20_000) == 20_000 * 1024
        print(peak() - before)
"""


@pytest.mark.parametrize("way", ["blocking", "asyncio", "trio"])
@pytest.mark.parametrize("form", ["zstd", "gzip-gzip", "br"])
def test_a_bomb_that_is_read_in_pieces_takes_little_memory(origin, form, way):
    assert int(printed(IN_PIECES, f"{origin.http}/endless/{form}", way, before=PEAK)) < 16_000_000


@pytest.mark.parametrize("way", ["blocking", "asyncio", "trio"])
@pytest.mark.parametrize("form", ["zstd", "plain", "chunked"])
def test_a_whole_body_is_limited_and_the_limit_named(origin, form, way):
    async def asynchronous() -> None:
        await client.aio.get(url)

    url = f"{origin.http}/endless/{form}"
    with libkeepalive.Client(max_body_size=3_000_000) as client:
        with pytest.raises(libkeepalive.HTTPError, match="max_body_size") as raised:
            if way == "blocking":
                client.get(url)
            else:
                asyncio.run(asynchronous()) if way == "asyncio" else trio.run(asynchronous)
        assert len(raised.value.partial_body or b"") <= 3_000_000
        with client.stream("GET", url) as response:
            received = 0
            for piece in response.iter_bytes():
                received += len(piece)
                if received > 6_000_000:
                    break
        assert received > 6_000_000


@pytest.mark.parametrize("way", ["blocking", "asyncio", "trio"])
def test_a_body_that_says_it_is_too_long_is_not_received(origin, way):
    async def asynchronous() -> None:
        await client.aio.get(url)

    with libkeepalive.Client(max_body_size=100_000) as client:
        for size, fits in ((100_000, True), (100_001, False), (50_000_000, False)):
            url = f"{origin.http}/bytes/{size}"
            if fits:
                assert len(client.get(url).content) == size
                continue
            with pytest.raises(libkeepalive.BodyTooLarge, match="max_body_size"):
                if way == "blocking":
                    client.get(url)
                else:
                    asyncio.run(asynchronous()) if way == "asyncio" else trio.run(asynchronous)
