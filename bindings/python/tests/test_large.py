"""Large bodies: whole, in pieces, cut short, given up, and what they leave in memory."""

from __future__ import annotations

import asyncio
import gc
import math
import os
import signal
import socket
import textwrap
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

import libkeepalive
from helpers import PEAK, printed

MB = 1_000_000
PATTERN = bytes(range(251))


def expected(size: int) -> bytes:
    """The origin's bodies: byte i is i % 251."""
    return (PATTERN * (size // 251 + 1))[:size]


def is_expected(body: bytes, size: int) -> bool:
    """Without a diff of megabytes when it is not."""
    return body == expected(size)


FRAMINGS = ["bytes", "chunked", "close-delimited"]


@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("size", [65_000, 66_000, 5 * MB])
def test_whole_and_in_pieces(client, origin, scheme, framing, size):
    url = f"{getattr(origin, scheme)}/{framing}/{size}"
    assert is_expected(client.get(url).content, size)
    with client.stream("GET", url) as response:
        assert is_expected(response.read(), size)
        assert is_expected(response.content, size)
    with client.stream("GET", url) as response:
        assert is_expected(b"".join(response.iter_bytes()), size)
    with client.stream("GET", url) as response:
        pieces = response.iter_bytes()
        first = next(pieces)
        assert is_expected(first + b"".join(pieces), size)

    async def main():
        aio = client.aio
        assert is_expected((await aio.get(url)).content, size)
        async with aio.stream("GET", url) as response:
            assert is_expected(await response.aread(), size)
        async with aio.stream("GET", url) as response:
            pieces = [piece async for piece in response.aiter_bytes()]
            assert is_expected(b"".join(pieces), size)

    asyncio.run(main())
    assert client.stats().active == 0


def test_larger_than_what_is_taken_on_its_word(client, origin):
    size = 150 * MB
    assert is_expected(client.get(f"{origin.http}/bytes/{size}").content, size)

    async def main():
        assert is_expected((await client.aio.get(f"{origin.http}/bytes/{size}")).content, size)

    asyncio.run(main())


def test_coded_bodies_are_decoded(client, origin):
    plain = client.get(origin.http + "/compressible").content
    for coding in ("gzip", "deflate", "deflate-raw", "br", "zstd"):
        with client.stream("GET", f"{origin.http}/{coding}") as response:
            assert b"".join(response.iter_bytes()) == plain
        with client.stream("GET", f"{origin.http}/{coding}?chunked=1") as response:
            assert response.read() == plain


@contextmanager
def answering(answer: bytes, stay: bool = False) -> Iterator[str]:
    """A server that sends `answer` to each connection, and then closes it or does nothing."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    open_ones = []

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connection.recv(65536)
            connection.sendall(answer)
            if stay:
                open_ones.append(connection)
            else:
                connection.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()
        for connection in open_ones:
            connection.close()


@pytest.fixture
def short_of() -> Iterator[str]:
    """A server whose bodies end after 3 MB of the 8 they announce."""
    with answering(
        b"HTTP/1.1 200 OK\r\nContent-Length: 8000000\r\n\r\n" + expected(3 * MB)
    ) as base:
        yield base


def test_a_body_that_ends_early_is_an_error_with_what_came(client, short_of):
    def check(error: libkeepalive.HTTPError) -> None:
        assert error.kind == "BodyTruncated" and "3000000 bytes" in str(error)
        assert error.partial_body is not None and is_expected(error.partial_body, 3 * MB)

    with pytest.raises(libkeepalive.RemoteProtocolError) as raised:
        client.get(short_of)
    check(raised.value)
    with client.stream("GET", short_of) as response:
        with pytest.raises(libkeepalive.RemoteProtocolError) as raised:
            response.read()
        check(raised.value)
        assert response.is_closed
    with client.stream("GET", short_of) as response:
        pieces = []
        with pytest.raises(libkeepalive.RemoteProtocolError):
            for piece in response.iter_bytes():
                pieces.append(piece)
        assert is_expected(b"".join(pieces), 3 * MB)

    async def main():
        with pytest.raises(libkeepalive.RemoteProtocolError) as raised:
            await client.aio.get(short_of)
        check(raised.value)
        async with client.aio.stream("GET", short_of) as response:
            pieces = []
            with pytest.raises(libkeepalive.RemoteProtocolError):
                async for piece in response.aiter_bytes():
                    pieces.append(piece)
            assert is_expected(b"".join(pieces), 3 * MB)

    asyncio.run(main())
    assert client.stats().active == 0


def test_a_large_body_leaves_the_loop_its_turns(client, origin):
    async def main():
        turns = 0

        async def count():
            nonlocal turns
            while True:
                await asyncio.sleep(0)
                turns += 1

        counter = asyncio.create_task(count())
        async with client.aio.stream("GET", f"{origin.http}/bytes/{50 * MB}") as response:
            async for _ in response.aiter_bytes():
                pass
        counter.cancel()
        assert turns >= 20

    asyncio.run(main())


def test_ctrl_c_ends_a_body_that_never_waits(client, origin):
    """Bytes are always there, so the call never sleeps in a wait that a signal would end."""
    url = f"{origin.http}/bytes/{2000 * MB}"  # within max_body_size
    client.get(origin.http + "/ok")
    received = threading.Event()

    def act() -> None:
        origin.ask("/_connections")
        received.wait(20)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=act)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        with client.stream("GET", url) as response:
            next(response.iter_bytes())
            received.set()
            with client.stream("GET", url) as other:
                other.read()
    thread.join()
    assert client.stats().active == 0
    assert client.get(origin.http + "/ok").text == "ok"


# ---- given up


@pytest.fixture
def patient(origin):
    """Reads the rest of what was given up however long that takes beside other work."""
    with libkeepalive.Client(ca_file=origin.ca_file, drain_timeout=math.inf) as client:
        yield client


def drained(client, origin, idle: int) -> None:
    """Nothing is leased any more; the engine may be draining meanwhile."""
    deadline = time.monotonic() + 10
    while client.stats().active > 0 and time.monotonic() < deadline:
        origin.ask("/_connections")
    assert (client.stats().active, client.stats().idle) == (0, idle)


def stream(client, url):
    """A streamed response out of its `with`, as a careless program has it."""
    return client.stream("GET", url).__enter__()


def test_a_dropped_response_gives_its_connection_back(patient, origin):
    """What is left is short: it is read by the engine, and the connection is used again."""
    response = stream(patient, f"{origin.http}/bytes/200000")
    assert patient.stats().active == 1
    del response
    gc.collect()
    drained(patient, origin, idle=1)
    assert patient.get(origin.http + "/ok").info.reused


def test_a_dropped_iterator_gives_its_connection_back(patient, origin):
    pieces = stream(patient, f"{origin.http}/bytes/200000").iter_bytes()
    next(pieces)
    del pieces
    gc.collect()
    drained(patient, origin, idle=1)
    pieces = stream(patient, f"{origin.http}/chunked/200000").iter_bytes(1000)
    next(pieces)
    lines = stream(patient, f"{origin.http}/bytes/100000").iter_lines()
    del pieces, lines
    gc.collect()
    drained(patient, origin, idle=2)
    assert patient.stats().opened == 2


def test_a_dropped_response_with_much_left_closes_its_connection(client, origin):
    # Other tests leave it with idle connections.
    libkeepalive.Client.shared().close()
    origin.ask("/_reset", "POST")
    response = stream(client, f"{origin.http}/bytes/{50 * MB}")
    stalled = stream(client, f"{origin.http}/stall-body?n=1000&sent=10")
    pieces = stream(client, f"{origin.http}/bytes/{50 * MB}").iter_bytes()
    next(pieces)
    assert client.stats().active == 3
    cycle = [response, stalled, pieces]
    cycle.append(cycle)
    del response, stalled, pieces, cycle
    gc.collect()
    drained(client, origin, idle=0)
    origin.ask("/_connections/wait?open=0")


def test_a_dropped_asyncio_response_gives_its_connection_back(patient, origin):
    async def main():
        aio = patient.aio
        response = await aio.stream("GET", f"{origin.http}/bytes/200000").__aenter__()
        del response
        gc.collect()
        await asyncio.to_thread(drained, patient, origin, 1)
        response = await aio.stream("GET", f"{origin.http}/bytes/200000").__aenter__()
        pieces = response.aiter_bytes()
        await anext(pieces)
        del response, pieces
        gc.collect()
        await asyncio.to_thread(drained, patient, origin, 1)

    asyncio.run(main())
    assert patient.stats().opened == 1


@pytest.mark.parametrize("how", ["get", "aread", "aiter_bytes"])
def test_a_task_cancelled_in_a_body_frees_its_connection(client, origin, how):
    origin.ask("/_reset", "POST")
    url = f"{origin.http}/gate-body/python-large-{how}?n={9 * MB}&sent={5 * MB}"

    async def read():
        if how == "get":
            await client.aio.get(url)
        else:
            async with client.aio.stream("GET", url) as response:
                if how == "aread":
                    await response.aread()
                else:
                    async for _ in response.aiter_bytes():
                        pass

    async def main():
        task = asyncio.create_task(read())
        await asyncio.to_thread(origin.ask, f"/_gate/python-large-{how}/wait?n=1")
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.to_thread(drained, client, origin, 0)

    asyncio.run(main())
    assert client.get(origin.http + "/ok").text == "ok"


# ---- memory


def grown(base: str, program: str, *first: str) -> int:
    """KB by which the peak of a fresh process grew over the last lines of a program."""
    begin = """
        import asyncio, sys, libkeepalive
        base, client = sys.argv[1], libkeepalive.Client()
        first = sys.argv[2:] and client.get(sys.argv[2]).content
        before = peak()
        """
    source = textwrap.dedent(program) + "\nprint((peak() - before) // 1024)\n"
    return int(printed(source, base, *first, before=PEAK + textwrap.dedent(begin)))


def test_memory_of_a_body_in_pieces(origin):
    program = """
        for _ in range(2):
            with client.stream("GET", base + "/bytes/100000000") as response:
                assert sum(len(piece) for piece in response.iter_bytes()) == 100000000
        """
    assert grown(origin.http, program, origin.http + "/bytes/1000000") < 6_000
    program = """
        async def main():
            async with client.aio.stream("GET", base + "/bytes/100000000") as response:
                assert sum([len(piece) async for piece in response.aiter_bytes()]) == 100000000
        asyncio.run(main())
        """
    assert grown(origin.http, program, origin.http + "/bytes/1000000") < 12_000  # with all of asyncio


def test_memory_of_a_whole_body_is_the_body(origin):
    program = 'assert len(client.get(base + "/bytes/100000000").content) == 100000000'
    assert grown(origin.http, program, origin.http + "/bytes/1000000") < 110_000
    program = """
        async def main():
            assert len((await client.aio.get(base + "/bytes/100000000")).content) == 100000000
        asyncio.run(main())
        """
    assert grown(origin.http, program, origin.http + "/bytes/1000000") < 115_000


def test_a_length_that_is_not_kept_costs_no_memory():
    program = """
        async def main():
            tasks = [asyncio.create_task(client.aio.get(base)) for _ in range(20)]
            while client.stats().active < 20:
                await asyncio.sleep(0.001)
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        asyncio.run(main())
        """
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n"
    with answering(head + b"x" * 1000, stay=True) as base:
        assert grown(base, program) < 100_000  # of 2 GB that were announced
