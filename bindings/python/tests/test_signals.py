"""Signals: Ctrl-C ends a blocking call within 0.1 s, other handlers run and the call goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time

import pytest

import libkeepalive
from helpers import printed


def interrupt_when_waiting(origin, gate: str) -> threading.Thread:
    """Sends SIGINT to this process once a request waits at the gate."""
    sent: dict[str, float] = {}

    def act() -> None:
        origin.ask(f"/_gate/{gate}/wait?n=1")
        sent["at"] = time.monotonic()
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=act)
    thread.sent = sent  # type: ignore[attr-defined]
    thread.start()
    return thread


@pytest.mark.parametrize("how", ["get", "stream", "read"])
def test_ctrl_c_ends_a_wait_at_once(client, origin, how):
    thread = interrupt_when_waiting(origin, f"python-int-{how}")
    with pytest.raises(KeyboardInterrupt):
        if how == "get":
            client.get(f"{origin.http}/gate/python-int-get")
        elif how == "stream":
            with client.stream("GET", f"{origin.http}/gate/python-int-stream"):
                pass
        else:
            url = f"{origin.http}/gate-body/python-int-read?n=10&sent=3"
            with client.stream("GET", url) as response:
                response.read()
    took = time.monotonic() - thread.sent["at"]
    thread.join()
    assert took < 0.1 + 0.15  # a busy machine's share on top
    assert client.stats().active == 0
    assert client.get(origin.http + "/ok").text == "ok"


def test_a_handler_that_returns_lets_the_call_go_on(client, origin):
    handled = []
    gate = "python-usr1"

    def act() -> None:
        origin.ask(f"/_gate/{gate}/wait?n=1")
        os.kill(os.getpid(), signal.SIGUSR1)
        while not handled:
            time.sleep(0.001)
        origin.ask(f"/_gate/{gate}/open")

    before = signal.signal(signal.SIGUSR1, lambda *_: handled.append(True))
    thread = threading.Thread(target=act)
    thread.start()
    try:
        assert client.get(f"{origin.http}/gate/{gate}").text == "ok"
        assert handled == [True]
    finally:
        thread.join()
        signal.signal(signal.SIGUSR1, before)


def test_a_handler_s_exception_comes_through(client, origin):
    class Mine(Exception):
        pass

    def handler(*_: object) -> None:
        raise Mine

    before = signal.signal(signal.SIGINT, handler)
    thread = interrupt_when_waiting(origin, "python-mine")
    try:
        with pytest.raises(Mine):
            client.get(f"{origin.http}/gate/python-mine")
    finally:
        thread.join()
        signal.signal(signal.SIGINT, before)


def test_other_threads_are_not_interrupted(client, origin):
    results: list[str] = []
    gate = "python-thread"
    worker = threading.Thread(
        target=lambda: results.append(client.get(f"{origin.http}/gate/{gate}").text)
    )
    worker.start()
    origin.ask(f"/_gate/{gate}/wait?n=1")
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGINT)
        for _ in range(1000):
            time.sleep(0.001)
    origin.ask(f"/_gate/{gate}/open")
    worker.join(20)
    assert results == ["ok"]


def test_a_process_ends_by_ctrl_c(origin):
    program = textwrap.dedent(f"""
        import libkeepalive
        libkeepalive.get("{origin.http}/gate/python-process", timeout=None)
    """)
    process = subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.PIPE)
    origin.ask("/_gate/python-process/wait?n=1&ms=20000")
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=10)
    assert b"KeyboardInterrupt" in errors and process.returncode == -signal.SIGINT


def test_a_process_exits_with_requests_under_way(origin):
    program = """
        import asyncio, sys, threading, libkeepalive
        origin = sys.argv[1]
        libkeepalive.get(origin + "/ok")
        threading.Thread(
            target=lambda: libkeepalive.get(origin + "/gate/python-exit"), daemon=True).start()
        async def main():
            asyncio.create_task(libkeepalive.AsyncClient.shared().get(origin + "/gate/python-exit"))
            await asyncio.to_thread(libkeepalive.get, origin + "/_gate/python-exit/wait?n=2")
        asyncio.run(main())
        print("end")
    """
    assert printed(program, origin.http) == "end\n"


def test_import_is_quick_and_lean():
    program = "import sys; before = set(sys.modules); import libkeepalive; print(*set(sys.modules) - before)"
    heavy = {"asyncio", "json", "ssl", "socket", "urllib.parse", "email", "http"}
    assert not heavy & set(printed(program).split())
    assert libkeepalive.__version__
