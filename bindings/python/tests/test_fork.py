"""fork() with a warm pool: the child starts afresh, the parent goes on undisturbed."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import traceback
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

import libkeepalive
from helpers import printed


def in_child(work: Callable[[], None]) -> None:
    """Runs `work` in a forked child and requires that it ends well within a time."""
    with warnings.catch_warnings():
        if threading.active_count() > 1:
            # Python 3.12 warns of a fork with the test's own threads.
            warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        code = 1
        try:
            signal.alarm(20)
            work()
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0


def test_blocking_calls_work_in_child_and_parent(client, origin):
    for base in (origin.http, origin.https):
        mine = client.get(base + "/ok").info.connection_id

        def child(base: str = base) -> None:
            first = client.get(base + "/ok")
            assert first.text == "ok" and not first.info.reused
            assert client.get(base + "/ok").info.reused
            assert libkeepalive.get(origin.http + "/ok").text == "ok"
            assert client.stats().opened >= 1

        in_child(child)
        # The parent's connection was not disturbed by the child's end.
        after = client.get(base + "/ok").info
        assert after.reused and after.connection_id == mine


def test_asyncio_works_in_child_and_parent(client, origin):
    aio = client.aio

    async def ask() -> None:
        responses = await asyncio.gather(*[aio.get(origin.https + "/json") for _ in range(20)])
        assert {response.status_code for response in responses} == {200}

    asyncio.run(ask())

    def child() -> None:
        asyncio.run(ask())
        gc.collect()
        client.get(origin.https + "/ok")
        asyncio.run(ask())

    in_child(child)
    asyncio.run(ask())


def test_a_fork_inside_a_running_loop(client, origin):
    async def main() -> None:
        await client.aio.get(origin.http + "/ok")
        under_way = asyncio.create_task(client.aio.get(origin.http + "/gate/python-fork"))
        await asyncio.to_thread(origin.ask, "/_gate/python-fork/wait?n=1")

        def child() -> None:
            assert client.get(origin.http + "/ok").text == "ok"
            gc.collect()

        in_child(child)
        await asyncio.to_thread(origin.ask, "/_gate/python-fork/open")
        assert (await under_way).text == "ok"

    asyncio.run(main())


def test_what_the_parent_had_under_way_can_be_dropped_in_the_child(client, origin):
    stream = client.stream("GET", origin.http + "/bytes/5000000")
    with stream as response:
        pieces = response.iter_bytes()
        received = len(next(pieces))

        def child() -> None:
            nonlocal pieces, response
            del pieces, response
            gc.collect()
            assert client.get(origin.http + "/ok").text == "ok"

        in_child(child)
        received += sum(len(piece) for piece in pieces)
        assert received == 5_000_000


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_no_byte_of_the_child_reaches_the_parent_s_connections(client, origin, scheme):
    base = getattr(origin, scheme)

    def ask() -> tuple[int, int]:
        echo = client.get(base + "/echo").json()
        return echo["connection"], echo["request"]

    connection, request = ask()

    def child() -> None:
        mine = {ask()[0] for _ in range(3)}
        assert connection not in mine
        client.close()
        gc.collect()

    for _ in range(3):
        in_child(child)
        request += 1
        # Neither a request nor stray bytes came between, and nothing closed it.
        assert ask() == (connection, request)


def _work(url: str) -> tuple[int, int]:
    echo = libkeepalive.get(url).json()
    asyncio.run(libkeepalive.AsyncClient.shared().get(url)).raise_for_status()
    return os.getpid(), echo["connection"]


@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
@pytest.mark.parametrize("kind", ["pool", "executor"])
def test_multiprocessing_workers(origin, method, kind):
    mine = libkeepalive.get(origin.http + "/echo").json()["connection"]
    context = multiprocessing.get_context(method)
    urls = [origin.http + "/echo"] * 10
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        if kind == "pool":
            with context.Pool(2) as pool:
                answers = pool.map_async(_work, urls, chunksize=1).get(timeout=30)
                pool.close()
                pool.join()
        else:
            with ProcessPoolExecutor(2, mp_context=context) as executor:
                answers = list(executor.map(_work, urls, timeout=30))
    assert len(answers) == 10 and os.getpid() not in {pid for pid, _ in answers}
    assert mine not in {connection for _, connection in answers}
    assert libkeepalive.get(origin.http + "/echo").json()["connection"] == mine


# Forks while other threads hold locks and have requests in flight; children of all kinds end in
# both ways, so the interpreter's own end is part of it.
STORM = """
import asyncio, os, signal, sys, threading
import libkeepalive

URL, KIND = sys.argv[1:]
shared = libkeepalive.AsyncClient.shared()
own = libkeepalive.Client(max_per_host=4)
over, failures = threading.Event(), []
# asyncio's first loop is made under a lock of its own, which a fork must not catch.
asyncio.new_event_loop().close()

def blocking():
    try:
        while not over.is_set():
            assert own.get(URL + "/ok").text == libkeepalive.get(URL + "/ok").text == "ok"
    except BaseException as error:
        failures.append(error)

async def on_loop():
    try:
        while not over.is_set():
            calls = [client.get(URL + "/ok") for client in (own.aio, shared) for _ in range(4)]
            assert {response.text for response in await asyncio.gather(*calls)} == {"ok"}
    except BaseException as error:
        failures.append(error)

def child(generations):
    signal.alarm(20)
    assert own.get(URL + "/ok").text == libkeepalive.get(URL + "/ok").text == "ok"
    assert asyncio.run(own.aio.get(URL + "/ok")).text == "ok"
    with own.stream("GET", URL + "/bytes/5000000") as response:
        next(response.iter_bytes())
        if generations:
            grandchild = os.fork()
            if grandchild == 0:
                child(generations - 1)
            assert os.waitpid(grandchild, 0)[1] == 0
        # With a response under way.
        if KIND == "exit":
            sys.exit(0)
        os._exit(0)

threads = [threading.Thread(target=blocking) for _ in range(3)]
threads.append(threading.Thread(target=lambda: asyncio.run(on_loop())))
for thread in threads:
    thread.start()
try:
    for at in range(18):
        pid = os.fork()
        if pid == 0:
            child(at % 3)
        _, status = os.waitpid(pid, 0)
        assert status == 0, f"child {at}: {os.waitstatus_to_exitcode(status)}"
finally:
    over.set()
for thread in threads:
    thread.join(20)
    assert not thread.is_alive()
assert not failures, failures
"""


@pytest.mark.parametrize("kind", ["exit", "_exit"])
def test_forks_in_the_middle_of_everything(origin, kind):
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", STORM, origin.http, kind],
        timeout=60, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0 and not done.stderr, done.stderr


@pytest.mark.parametrize("generations", [3])
def test_children_of_children(client, origin, generations):
    def child(left: int) -> None:
        assert client.get(origin.http + "/ok").text == "ok"
        if left:
            in_child(lambda: child(left - 1))

    child(generations)


def engine_threads() -> int:
    tasks = Path("/proc/self/task").iterdir()
    return [(task / "comm").read_text() for task in tasks].count("keepalive\n")


def test_python_finds_no_thread_of_the_engine_s_at_a_fork(origin):
    """From 3.12 on it warns of a fork with threads, which is an error in these tests."""
    script = """
        import asyncio, os, sys, time, warnings
        from pathlib import Path
        import libkeepalive
        warnings.simplefilter("error")
        url = sys.argv[1]

        def threads():
            tasks = Path("/proc/self/task").iterdir()
            return [(task / "comm").read_text() for task in tasks].count("keepalive\\n")

        async def main(client):
            return (await client.get(url + "/ok")).text

        def fork():
            child = os.fork()
            if child == 0:
                os._exit(0 if libkeepalive.get(url + "/ok").text == "ok" else 1)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0

        with libkeepalive.Client() as client:
            fork()
            for _ in range(20):
                client.get(url + "/ok")
                assert asyncio.run(main(client.aio)) == "ok"
                assert threads() == 1
                fork()
                # It is there again; a thread gives itself its name a moment after it was made.
                deadline = time.monotonic() + 20
                while threads() != 1:
                    assert time.monotonic() < deadline
            # Look-ups of names have helpers.
            for host in ("localhost", "does-not-exist.invalid"):
                try:
                    client.get(url.replace("127.0.0.1", host) + "/ok")
                except libkeepalive.ConnectError:
                    pass
                fork()
        print("done")
    """
    assert printed(script, origin.http) == "done\n"


def test_requests_under_way_wait_for_a_fork(client, origin):
    async def main() -> None:
        aio = client.aio
        gates = [asyncio.create_task(aio.get(origin.http + "/gate/fork")) for _ in range(5)]
        await asyncio.to_thread(origin.ask, "/_gate/fork/wait?n=5")
        for _ in range(10):
            in_child(lambda: None)
        await asyncio.to_thread(origin.ask, "/_gate/fork/open")
        assert [(await gate).text for gate in gates] == ["ok"] * 5
        # Deadlines count on.
        with pytest.raises(libkeepalive.ReadTimeout):
            slow = asyncio.create_task(aio.get(origin.http + "/stall", timeout=0.2))
            await asyncio.sleep(0)
            in_child(lambda: None)
            await slow

    asyncio.run(main())
    assert engine_threads() == 1


def test_a_fork_in_the_midst_of_everything(client, origin):
    """Other threads submit and call while the engine's thread is ended and begun again."""
    ended = threading.Event()
    failures: list[BaseException] = []

    async def ask() -> None:
        while not ended.is_set():
            await asyncio.gather(*[client.aio.get(origin.http + "/ok") for _ in range(8)])

    def asynchronous() -> None:
        try:
            asyncio.run(ask())
        except BaseException as error:
            failures.append(error)

    def blocking() -> None:
        try:
            while not ended.is_set():
                client.get(origin.http + "/ok")
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for work in (asynchronous, blocking, asynchronous)]
    for thread in threads:
        thread.start()
    for _ in range(30):
        in_child(lambda: None)
    in_child(lambda: client.get(origin.http + "/ok").raise_for_status() and None)
    ended.set()
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive()
    assert failures == []
