"""``extensions={"trace": f}``: httpcore's events in its order, for threads and tasks, whole bodies and streams."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trio

import libkeepalive
from libkeepalive import AsyncClient, Client
from libkeepalive.testing import Answer, Origin

DIAL = ["connection.connect_tcp.started", "connection.connect_tcp.complete"]
ASKED = [
    f"http11.{step}.{end}"
    for step in ("send_request_headers", "send_request_body", "receive_response_headers")
    for end in ("started", "complete")
]
READ = ["http11.receive_response_body.started", "http11.receive_response_body.complete"]
CLOSED = ["http11.response_closed.started", "http11.response_closed.complete"]
LOOPS: list[Callable[[Callable[[], Awaitable[Any]]], Any]] = [lambda main: asyncio.run(main()), trio.run]
loops = pytest.mark.parametrize("run", LOOPS, ids=["asyncio", "trio"])


class Told:
    """What was told, to a function of either kind."""

    def __init__(self) -> None:
        self.events: list[tuple[str, dict[str, Any]]] = []

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.events]

    def info(self, name: str) -> dict[str, Any]:
        (found,) = [info for own, info in self.events if own == name]
        return found

    def __call__(self, name: str, info: dict[str, Any]) -> None:
        self.events.append((name, info))

    async def later(self, name: str, info: dict[str, Any]) -> None:
        await _turn()
        self.events.append((name, info))


async def _turn() -> None:
    """Another task has one."""
    try:
        trio.lowlevel.current_task()
    except RuntimeError:
        await asyncio.sleep(0)
    else:
        await trio.lowlevel.checkpoint()


def test_a_call_on_a_new_and_on_a_kept_connection():
    told = Told()
    with Origin(Answer(200, b"ok", {"X-A": "b"})) as origin, Client() as client:
        client.get(origin.url + "/a", extensions={"trace": told})
        assert told.names == DIAL + ASKED + READ + CLOSED
        assert told.info(DIAL[0]) == {"host": "127.0.0.1", "port": origin.port}
        assert told.info(DIAL[1]) == {"return_value": f"127.0.0.1:{origin.port}"}
        assert told.info(ASKED[0])["request"] == ("GET", origin.url + "/a")
        version, status, reason, headers = told.info(ASKED[-1])["return_value"]
        assert (version, status, reason) == (b"HTTP/1.1", 200, b"OK")
        assert (b"X-A", b"b") in headers
        told.events.clear()
        client.post(origin.url, content=iter([b"a", b"b"]), extensions={"trace": told})
        assert told.names == ASKED + READ + CLOSED


def test_a_large_body_is_told_of_at_its_end():
    told = Told()
    with Origin(Answer(200, b"a" * 3_000_000)) as origin, Client() as client:
        assert len(client.get(origin.url, extensions={"trace": told}).content) == 3_000_000
    assert told.names == DIAL + ASKED + READ + CLOSED


def test_the_body_of_a_stream_is_told_of_as_it_is_read():
    told = Told()
    with Origin(Answer(200, b"0123456789")) as origin, Client() as client:
        with client.stream("GET", origin.url, extensions={"trace": told}) as response:
            assert told.names == DIAL + ASKED
            pieces = response.iter_bytes(4)
            assert next(pieces) == b"0123"
            assert told.names[-1] == READ[0]
            assert list(pieces) == [b"4567", b"89"]
            assert told.names == DIAL + ASKED + READ + CLOSED
        assert told.names == DIAL + ASKED + READ + CLOSED
        for read in (
            lambda it: it.read(),
            lambda it: list(it.iter_raw()),
            lambda it: list(it.iter_text()),
            lambda it: list(it.iter_lines()),
        ):
            told.events.clear()
            response = client.get(origin.url, stream=True, extensions={"trace": told})
            read(response)
            response.close()
            assert told.names == ASKED + READ + CLOSED


def test_a_stream_that_is_left_is_told_of():
    told = Told()
    with Origin(Answer(200, b"0123456789")) as origin, Client() as client:
        with client.stream("GET", origin.url, extensions={"trace": told}):
            pass
        assert told.names == DIAL + ASKED + CLOSED
        told.events.clear()
        with client.stream("GET", origin.url, extensions={"trace": told}) as response:
            for _ in response.iter_bytes(4):
                break
        names = [name for name in told.names if not name.startswith("connection.")]
        assert names == ASKED + [READ[0], "http11.receive_response_body.failed"] + CLOSED
        assert isinstance(told.info("http11.receive_response_body.failed")["exception"], GeneratorExit)


def test_failures_stand_where_they_happened():
    told = Told()
    with Origin(Answer(drop=True)) as origin, Client() as client:
        with pytest.raises(libkeepalive.RemoteProtocolError):
            client.post(origin.url, content=b"a", extensions={"trace": told})
        assert told.names == DIAL + ASKED[:-1] + ["http11.receive_response_headers.failed"] + CLOSED
        error = told.info("http11.receive_response_headers.failed")["exception"]
        assert isinstance(error, libkeepalive.RemoteProtocolError) and error.request is not None
        told.events.clear()
        origin.script(Answer(200, b"0123456789", truncate=3))
        with pytest.raises(libkeepalive.RemoteProtocolError):
            client.get(origin.url, extensions={"trace": told})
        failed = ["http11.receive_response_body.failed"]
        assert told.names[-8:] == ASKED[-4:] + READ[:1] + failed + CLOSED
        told.events.clear()
        with client.stream("GET", origin.url, extensions={"trace": told}) as response:
            with pytest.raises(libkeepalive.RemoteProtocolError):
                response.read()
        assert told.names[-4:] == READ[:1] + failed + CLOSED
        told.events.clear()
    with Client() as client, pytest.raises(libkeepalive.ConnectError):
        client.get(origin.url, extensions={"trace": told})
    assert told.names == [DIAL[0], "connection.connect_tcp.failed"]
    assert isinstance(told.info("connection.connect_tcp.failed")["exception"], libkeepalive.ConnectError)


def test_each_hop_of_a_redirect_is_told_of():
    told = Told()
    with Origin() as origin, Client() as client:
        origin.route("/a", Answer(302, headers={"Location": "/b"}))
        client.get(origin.url + "/a", follow_redirects=True, extensions={"trace": told})
    assert told.names == DIAL + ASKED + READ + CLOSED + ASKED + READ + CLOSED


def test_a_further_try_is_told_of():
    told = Told()
    with Origin(Answer(503), Answer(200)) as origin, Client(retries=1) as client:
        client.get(origin.url, extensions={"trace": told})
    again = ["connection.retry.started", "connection.retry.complete"]
    assert told.names == DIAL + ASKED + READ + CLOSED + again + ASKED + READ + CLOSED
    assert told.info(again[0])["delay"] > 0


def test_what_it_raises_is_raised(origin):
    def stops(name: str, _: dict[str, Any]) -> None:
        if name == "http11.receive_response_body.started":
            raise ZeroDivisionError

    with Client() as client:
        with pytest.raises(ZeroDivisionError):
            client.get(origin.http + "/json", extensions={"trace": stops})
        with client.stream("GET", origin.http + "/json", extensions={"trace": stops}) as response:
            with pytest.raises(ZeroDivisionError):
                response.read()


def test_a_client_takes_no_asynchronous_function():
    told = Told()
    with Origin() as origin, Client() as client:
        with pytest.raises(TypeError, match="normal function"):
            client.get(origin.url, extensions={"trace": told.later})
        # Nothing was sent.
        assert origin.connections == 0
        with pytest.raises(TypeError, match="normal function"):
            client.get(origin.url, extensions={"trace": lambda *given: told.later(*given)})
        with pytest.raises(TypeError, match='extensions\\["trace"\\]'):
            client.get(origin.url, extensions={"trace": 7})


@loops
def test_tasks_await_the_function(run):
    told = Told()

    async def main() -> None:
        with Origin(Answer(200, b"0123456789")) as origin:
            async with AsyncClient() as client:
                trace = {"trace": told.later}
                await client.get(origin.url, extensions=trace)
                assert told.names == DIAL + ASKED + READ + CLOSED
                told.events.clear()
                await client.post(origin.url, content=b"a" * 100_000, extensions=trace)
                assert told.names == ASKED + READ + CLOSED
                told.events.clear()
                async with client.stream("GET", origin.url, extensions=trace) as response:
                    assert told.names == ASKED
                    assert [piece async for piece in response.aiter_bytes(4)] == [b"0123", b"4567", b"89"]
                    assert told.names == ASKED + READ + CLOSED
                assert told.names == ASKED + READ + CLOSED
                told.events.clear()
                async with client.stream("GET", origin.url, extensions=trace) as response:
                    assert await response.aread() == b"0123456789" == response.content
                assert told.names == ASKED + READ + CLOSED
                told.events.clear()
                response = await client.get(origin.url, stream=True, extensions=trace)
                await response.aclose()
                assert told.names == ASKED + CLOSED
                told.events.clear()
                async with client.stream("GET", origin.url, extensions=trace) as response:
                    async for _ in response.aiter_raw():
                        break
                failed = ["http11.receive_response_body.failed"]
                # What was left before may have cost its connection, or have given it back while a new one was dialled.
                names = [name for name in told.names if not name.startswith("connection.")]
                assert names == ASKED + READ[:1] + failed + CLOSED

    run(main)


@loops
def test_failures_of_tasks(run):
    told = Told()

    async def stops(name: str, _: dict[str, Any]) -> None:
        await _turn()
        if name.startswith("http11.send"):
            raise ZeroDivisionError

    async def main() -> None:
        with Origin(Answer(drop=True)) as origin:
            async with AsyncClient() as client:
                with pytest.raises(libkeepalive.RemoteProtocolError):
                    await client.post(origin.url, content=b"a", extensions={"trace": told.later})
                end = ASKED[:-1] + ["http11.receive_response_headers.failed"] + CLOSED
                assert told.names == DIAL + end
                origin.script(Answer(200, b"a", delay=30))
                with pytest.raises(ZeroDivisionError):
                    await client.get(origin.url, extensions={"trace": stops})
                with pytest.raises(TypeError, match="asynchronous function"):
                    await client.get(origin.url, extensions={"trace": told})

    run(main)


@loops
def test_any_awaitable_will_do(run):
    told = Told()

    async def main() -> None:
        with Origin() as origin:
            trace = {"trace": functools.partial(lambda *given: told.later(*given))}
            await AsyncClient().get(origin.url, extensions=trace)

    run(main)
    assert told.names == DIAL + ASKED + READ + CLOSED


def test_a_cancelled_task_ends_its_call():
    async def main() -> None:
        begun = asyncio.Event()

        async def trace(name: str, _: dict[str, Any]) -> None:
            if name == "http11.receive_response_headers.started":
                begun.set()

        with Origin(Answer(200, b"a", delay=30)) as origin:
            async with AsyncClient() as client:
                task = asyncio.create_task(client.get(origin.url, extensions={"trace": trace}))
                await begun.wait()
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
                assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())


def test_tls_names_and_sockets_are_steps_of_their_own(origin, tmp_path):
    told = Told()
    tls = ["connection.start_tls.started", "connection.start_tls.complete"]
    with Client(ca_file=origin.ca_file) as client:
        client.get(origin.https + "/json", extensions={"trace": told})
    assert told.names == DIAL + tls + ASKED + READ + CLOSED
    told.events.clear()
    with Origin() as named, Client() as client:
        client.get(f"http://localhost:{named.port}/", extensions={"trace": told})
        assert told.names == DIAL + ASKED + READ + CLOSED
        assert told.info(DIAL[0]) == {"host": "localhost", "port": named.port}
    told.events.clear()
    path = str(tmp_path / "none")
    with Client(unix_socket=path) as client, pytest.raises(libkeepalive.ConnectError):
        client.get("http://h/", extensions={"trace": told})
    socket = "connection.connect_unix_socket"
    assert told.names == [f"{socket}.started", f"{socket}.failed"]
    assert told.info(f"{socket}.started") == {"path": path}
