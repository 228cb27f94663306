"""trio, and anyio on both of its backends: the same API, cancelled by cancel scopes."""

from __future__ import annotations

import asyncio
import base64
import contextvars
import gc
import threading
from collections.abc import Callable
from typing import Any

import anyio
import anyio.lowlevel
import pytest
import trio

import libkeepalive
from helpers import eventfds, printed

BACKENDS: list[tuple[str, dict[str, Any]]] = [
    ("asyncio", {}),
    ("asyncio", {"use_uvloop": True}),
    ("trio", {}),
]
Run = Callable[[Callable[[], Any]], Any]


@pytest.fixture(params=BACKENDS, ids=["asyncio", "uvloop", "trio"])
def run(request: pytest.FixtureRequest) -> Run:
    backend, options = request.param
    return lambda main: anyio.run(main, backend=backend, backend_options=options)


def waiters(origin, gate: str, count: int) -> None:
    origin.ask(f"/_gate/{gate}/wait?n={count}")


def test_requests_run_side_by_side(run, aio, origin):
    async def main():
        assert (await aio.get(origin.https + "/json")).json()["id"] == 12345
        responses = []

        async def ask(path):
            responses.append(await aio.get(origin.http + path))

        async with anyio.create_task_group() as group:
            for _ in range(50):
                group.start_soon(ask, "/json")
        assert {response.status_code for response in responses} == {200} and len(responses) == 50
        with pytest.raises(libkeepalive.ReadTimeout):
            await aio.get(origin.http + "/stall", timeout=0.05)
        with pytest.raises(libkeepalive.RemoteProtocolError):
            await aio.post(origin.http + "/close")

    run(main)


def test_scopes_cancel_requests(run, origin):
    async def main():
        async with libkeepalive.AsyncClient(max_per_host=1) as client:
            url = origin.http + "/gate/trio-cancel"
            with anyio.move_on_after(0.02) as scope:
                await client.get(url)
            assert scope.cancelled_caught
            with pytest.raises(TimeoutError):
                with anyio.fail_after(0.02):
                    async with client.stream("GET", origin.http + "/stall-body?n=9&sent=2") as it:
                        async for _ in it.aiter_bytes():
                            pass
            async with anyio.create_task_group() as group:
                group.start_soon(client.get, url)
                await anyio.to_thread.run_sync(waiters, origin, "trio-cancel", 1)
                group.cancel_scope.cancel()
            # The slot is back: with one connection allowed, the next request gets through.
            assert (await client.get(origin.http + "/ok", timeout=20)).text == "ok"
            stats = client.stats()
            assert stats.active == 0 and stats.waiting == 0 and stats.idle == 1

    run(main)


def test_a_lone_request_is_cancelled_in_the_turn_it_was_sent(run, origin):
    async def main():
        async with libkeepalive.AsyncClient(max_per_host=1) as client:
            await client.get(origin.http + "/ok")
            async with anyio.create_task_group() as group:
                group.start_soon(client.get, origin.http + "/gate/trio-lone")
                await anyio.lowlevel.checkpoint()
                group.cancel_scope.cancel()
            assert (await client.get(origin.http + "/ok", timeout=20)).text == "ok"

    run(main)


def test_a_cancelled_scope_sends_nothing(aio, origin):
    async def main():
        with trio.CancelScope() as scope:
            scope.cancel()
            await aio.post(origin.http + "/ok?key=trio-nothing", content=b"x")
        assert scope.cancelled_caught

    trio.run(main)
    assert origin.ask("/_journal?key=trio-nothing") == []


def test_bodies_are_streamed_both_ways(run, aio, origin, tmp_path):
    variable: contextvars.ContextVar[bytes] = contextvars.ContextVar("variable")

    async def generator():
        for piece in (b"one", b"", variable.get()):
            await anyio.sleep(0)
            yield piece

    async def main():
        variable.set(b"two")
        echo = (await aio.post(origin.http + "/echo", content=generator())).json()
        assert base64.b64decode(echo["body_b64"]) == b"onetwo"
        path = tmp_path / "file"
        path.write_bytes(b"f" * 200_000)
        with path.open("rb") as file:
            response = await aio.put(origin.http + "/upload-count", content=file)
        assert response.text.strip() == "200000"
        expected = (await aio.get(origin.http + "/bytes/300000")).content
        url = origin.http + "/bytes/300000"
        async with aio.stream("GET", url) as response:
            assert b"".join([piece async for piece in response.aiter_bytes()]) == expected
        async with aio.stream("GET", url) as response:
            assert await response.aread() == expected
        async with aio.stream("GET", origin.http + "/bytes/50000000") as response:
            async for _ in response.aiter_bytes():
                break
        assert response.is_closed
        async with aio.stream("POST", origin.http + "/echo-body", content=generator()) as response:
            assert [line async for line in response.aiter_lines()] == ["onetwo"]

    run(main)


def test_sources_that_fail_or_outlive_the_request(run, aio, origin):
    class Mine(Exception):
        pass

    async def broken():
        yield b"x"
        raise Mine("broken")

    started, closed = [], []

    async def endless():
        started.append(True)
        try:
            while True:
                yield b"x" * 65536
        finally:
            closed.append(True)

    async def stuck():
        started.append(True)
        try:
            yield b"x"
            await anyio.sleep_forever()
        finally:
            closed.append(True)

    async def main():
        with pytest.raises(Mine, match="broken"):
            await aio.post(origin.http + "/echo", content=broken())
        response = await aio.post(origin.http + "/early?status=413", content=endless())
        assert response.status_code == 413
        # The source sleeps while the server has long answered.
        response = await aio.post(origin.http + "/early?status=413", content=stuck())
        assert response.status_code == 413
        with anyio.move_on_after(0.05) as scope:
            await aio.post(origin.http + "/echo", content=stuck())
        assert scope.cancelled_caught
        assert (await aio.get(origin.http + "/ok")).text == "ok"

    run(main)
    # An answer that comes before the body is asked for leaves the source untouched.
    assert closed == started and started


def test_runs_follow_each_other_and_leave_nothing(aio, origin):
    async def main():
        async with trio.open_nursery() as nursery:
            nursery.start_soon(aio.get, origin.http + "/gate/trio-runs")
            await trio.to_thread.run_sync(waiters, origin, "trio-runs", 1)
            nursery.cancel_scope.cancel()
        return (await aio.get(origin.http + "/ok")).text

    before = eventfds()
    for _ in range(5):
        assert trio.run(main) == "ok"
    gc.collect()
    assert eventfds() <= before


def test_a_run_that_fails_takes_its_requests_with_it(aio, origin):
    async def main():
        async with trio.open_nursery() as nursery:
            nursery.start_soon(aio.get, origin.http + "/gate/trio-fails")
            await trio.to_thread.run_sync(waiters, origin, "trio-fails", 1)
            raise ZeroDivisionError

    with pytest.raises(BaseExceptionGroup) as raised:
        trio.run(main)
    assert raised.group_contains(ZeroDivisionError)
    assert asyncio.run(aio.get(origin.http + "/ok")).text == "ok"
    assert aio.stats().active == 0


def test_asyncio_and_trio_at_once_on_one_pool(client, origin):
    async def main():
        return [(await client.aio.get(origin.http + "/json")).status_code for _ in range(20)]

    results: list[list[int]] = []
    works = [
        *[lambda: results.append(asyncio.run(main()))] * 2,
        *[lambda: results.append(trio.run(main))] * 2,
        *[lambda: results.append([client.get(origin.http + "/json").status_code] * 20)] * 2,
    ]
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [[200] * 20] * 6


def test_trio_as_a_guest_of_asyncio(aio, origin):
    async def guest():
        return [(await aio.get(origin.http + "/json")).status_code for _ in range(3)]

    async def host():
        loop = asyncio.get_running_loop()
        done = loop.create_future()
        trio.lowlevel.start_guest_run(
            guest,
            run_sync_soon_threadsafe=loop.call_soon_threadsafe,
            done_callback=done.set_result,
        )
        mine = [(await aio.get(origin.http + "/json")).status_code for _ in range(3)]
        return mine + (await done).unwrap()

    assert asyncio.run(host()) == [200] * 6


def test_trio_is_not_imported_for_those_who_do_not_use_it(origin):
    code = (
        "import asyncio, sys, libkeepalive\n"
        f"asyncio.run(libkeepalive.AsyncClient().get('{origin.http}/ok'))\n"
        "assert 'trio' not in sys.modules"
    )
    printed(code)
