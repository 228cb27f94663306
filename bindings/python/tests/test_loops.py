"""One client in many threads, event loops and successive runs, and what a loop leaves when it ends."""

from __future__ import annotations

import asyncio
import gc
import importlib
import threading
import warnings
from collections.abc import Callable
from typing import Any

import pytest
import uvloop

import libkeepalive

def in_threads(works: list[Callable[[], Any]]) -> list[Any]:
    """Runs all of `works` at once; their results."""
    start = threading.Barrier(len(works))
    results: list[Any] = [None] * len(works)

    def work(at: int) -> None:
        start.wait()
        try:
            results[at] = works[at]()
        except BaseException as error:
            results[at] = error

    threads = [threading.Thread(target=work, args=(at,)) for at in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    return results


def test_threads_and_loops_at_once_share_one_pool(origin):
    with libkeepalive.Client(ca_file=origin.ca_file, max_per_host=8) as client:
        urls = [base + path for base in (origin.http, origin.https) for path in ("/ok", "/json")]

        def blocking() -> set[int]:
            return {client.get(url).status_code for url in urls * 10}

        async def main() -> set[int]:
            responses = await asyncio.gather(*[client.aio.get(url) for url in urls * 10])
            return {response.status_code for response in responses}

        works = [blocking] * 8
        works += [lambda: asyncio.run(main())] * 4
        works += [lambda: uvloop.run(main())] * 4
        assert in_threads(works) == [{200}] * 16
        stats = client.stats()
        assert stats.active == 0 and stats.waiting == 0 and stats.opened <= 16


def test_a_loop_that_ends_gives_back_what_it_had_under_way(run, origin):
    with libkeepalive.Client(max_per_host=2) as client:

        async def main(gate: str) -> None:
            # Never awaited to their end: the run cancels them.
            tasks = [
                asyncio.create_task(client.aio.get(f"{origin.http}/gate/{gate}")) for _ in range(2)
            ]
            tasks.append(asyncio.create_task(client.aio.get(origin.http + "/ok")))
            await asyncio.to_thread(origin.ask, f"/_gate/{gate}/wait?n=2")

        for at in range(3):
            run(main(f"loops-ends-{at}"))
            # Both connections were busy and one request waited; all of them have to be free.
            assert client.get(origin.http + "/ok", timeout=20).text == "ok"
        gc.collect()
        assert client.stats().active == 0 and client.stats().waiting == 0


@pytest.mark.parametrize("new", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_a_loop_closed_with_requests_in_flight(new, origin):
    """Without the courtesy of cancelling its tasks first."""
    with libkeepalive.Client(max_per_host=2) as client:
        for at in range(3):
            gate = f"loops-closed-{at}"
            loop = new()
            tasks = [
                loop.create_task(client.aio.get(f"{origin.http}/gate/{gate}")) for _ in range(2)
            ]
            loop.run_until_complete(asyncio.sleep(0))
            origin.ask(f"/_gate/{gate}/wait?n=2")
            loop.close()
            del tasks, loop
            # asyncio says of each such task that it was destroyed while pending.
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                gc.collect()
            assert client.get(origin.http + "/ok", timeout=20).text == "ok"
        assert client.stats().active == 0


def test_a_response_may_outlive_its_loop(run, origin):
    client = libkeepalive.AsyncClient(max_per_host=1)

    async def main() -> libkeepalive.Response:
        stream = client.stream("GET", origin.http + "/bytes/5000000")
        response = await stream.__aenter__()
        await anext(response.aiter_bytes())
        return response

    response = run(main())
    response.close()
    assert run(client.get(origin.http + "/ok", timeout=20)).text == "ok"

    async def another() -> bytes:
        stream = client.stream("GET", origin.http + "/bytes/300000")
        return await (await stream.__aenter__()).aread()

    response = run(main())
    del response
    gc.collect()
    assert len(run(another())) == 300_000


def test_a_stream_is_read_in_another_loop_than_it_began(run, origin):
    client = libkeepalive.AsyncClient()

    async def begin() -> libkeepalive.Response:
        return await client.stream("GET", origin.http + "/bytes/300000").__aenter__()

    async def finish(response: libkeepalive.Response) -> bytes:
        return await response.aread()

    response = run(begin())
    assert len(run(finish(response))) == 300_000
    response = run(begin())
    assert len(response.read()) == 300_000


def test_a_blocked_loop_is_not_a_timeout(run, origin):
    async def main() -> None:
        async with libkeepalive.AsyncClient(timeout=0.2) as client:
            await client.get(origin.http + "/ok")
            task = asyncio.create_task(client.get(origin.http + "/json"))
            await asyncio.sleep(0)
            # Longer than every limit, with the loop's thread held.
            threading.Event().wait(0.5)
            assert (await task).json()["id"] == 12345

    run(main())


def test_a_lone_request_is_cancelled_in_the_turn_it_was_sent(run, origin):
    async def main() -> None:
        async with libkeepalive.AsyncClient(max_per_host=1) as client:
            await client.get(origin.http + "/ok")
            task = asyncio.create_task(client.get(origin.http + "/gate/loops-lone"))
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert (await client.get(origin.http + "/ok", timeout=20)).text == "ok"

    run(main())


@pytest.mark.parametrize("new", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_a_loop_that_pauses_right_after_sending(new, origin):
    gate = f"loops-pause-{new.__module__}"
    loop = new()
    client = libkeepalive.AsyncClient()
    loop.run_until_complete(client.get(origin.http + "/ok"))
    task = loop.create_task(client.get(f"{origin.http}/gate/{gate}"))
    loop.call_soon(loop.stop)
    loop.run_forever()
    origin.ask(f"/_gate/{gate}/wait?n=1")
    assert not task.done()
    origin.ask(f"/_gate/{gate}/open")
    assert loop.run_until_complete(task).text == "ok"
    loop.close()


def test_subinterpreters_are_told(origin):
    for name in ("_interpreters", "_xxsubinterpreters"):
        try:
            interpreters = importlib.import_module(name)
            break
        except ImportError:
            continue
    other = interpreters.create()
    code = """
try:
    import libkeepalive
except ImportError as error:
    assert "interpreter" in str(error), error
else:
    raise AssertionError("imported")
"""
    try:
        # Raises or returns what the code raised, by version.
        failure = interpreters.run_string(other, code)
        assert failure is None, failure
    finally:
        interpreters.destroy(other)
    assert libkeepalive.get(origin.http + "/ok").text == "ok"
