"""Servers that fork workers from a warmed parent: gunicorn --preload and Celery."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import libkeepalive

#: Far more than any of these programs needs, far less than a hang.
LIMIT = 30

# Warmed when it is imported, which --preload does before the fork. Every answer says which process
# gave it and which connection of the origin it came over.
APP = """
import asyncio, json, os
import libkeepalive

ORIGIN = os.environ["ORIGIN"]
ASYNC = libkeepalive.AsyncClient.shared()

def facts(response):
    echo = response.json()
    facts = {"pid": os.getpid(), "warm": WARM, "connection": echo["connection"]}
    return json.dumps(facts).encode()

WARM = [libkeepalive.get(ORIGIN + "/echo").json()["connection"]]

async def warm():
    calls = [ASYNC.get(ORIGIN + "/echo") for _ in range(4)]
    return [response.json()["connection"] for response in await asyncio.gather(*calls)]

WARM += asyncio.run(warm())

def wsgi(environ, start_response):
    path = environ["QUERY_STRING"] or "/echo"
    response = libkeepalive.get(ORIGIN + path)
    start_response("200 OK", [("Content-Type", "application/json")])
    return [facts(response) if path == "/echo" else response.content]

async def asgi(scope, receive, send):
    assert scope["type"] == "http"
    path = scope["query_string"].decode() or "/echo"
    response = await ASYNC.get(ORIGIN + path)
    body = facts(response) if path == "/echo" else response.content
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
"""


@contextmanager
def running(command: list[str], directory: Path, origin: Any, **options: Any) -> Iterator[Any]:
    """A program in its own process group; what is left of it is killed, and shown on failure."""
    environment = {**os.environ, "ORIGIN": origin.http, "HOME": str(directory)}
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=directory, env=environment, stdout=log, stderr=log, start_new_session=True,
            **options,
        )  # fmt: skip
    try:
        yield process
    except BaseException:
        print((directory / "log").read_text())
        raise
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def wait_until(what: str, is_so: Any) -> None:
    """These programs tell nobody when they are ready."""
    deadline = time.monotonic() + LIMIT
    while not is_so():
        assert time.monotonic() < deadline, f"{what}: not within {LIMIT} s"
        threading.Event().wait(0.02)


class Site:
    """What the tests ask a gunicorn."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/"
        self.client = libkeepalive.Client(timeout=LIMIT)
        self.connections: dict[int, set[int]] = {}
        self.warm: set[int] = set()

    def ask(self, _: object = None) -> int:
        """One request; the worker that answered."""
        response = self.client.get(self.url, headers={"Connection": "close"})
        facts = response.raise_for_status().json()
        self.connections.setdefault(facts["pid"], set()).add(facts["connection"])
        self.warm |= set(facts["warm"])
        return facts["pid"]

    def ask_many(self) -> set[int]:
        with ThreadPoolExecutor(8) as pool:
            return set(pool.map(self.ask, range(40)))


WORKERS = [
    ("sync", "wsgi", []),
    ("gthread", "wsgi", ["--threads", "4"]),
    ("uvicorn_worker.UvicornWorker", "asgi", []),
]


@pytest.mark.parametrize(("kind", "app", "options"), WORKERS, ids=["sync", "gthread", "uvicorn"])
def test_gunicorn_with_a_preloaded_app(kind, app, options, origin, tmp_path):
    (tmp_path / "site_app.py").write_text(APP)
    origin.reset()
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        site = Site(listener.getsockname()[1])
        command = [
            "gunicorn", f"site_app:{app}", "--preload", "--workers", "2", "--worker-class", kind,
            "--bind", f"fd://{listener.fileno()}", "--graceful-timeout", "10", *options,
        ]  # fmt: skip
        with running(command, tmp_path, origin, pass_fds=[listener.fileno()]) as master:
            first = site.ask_many()
            # Workers are replaced by new forks of the same, warmed master.
            master.send_signal(signal.SIGHUP)
            wait_until("old workers end", lambda: all(gone(pid) for pid in first))
            second = site.ask_many()
            assert master.pid not in first | second and not first & second
            # A request in flight is finished by a worker that was told to go.
            with ThreadPoolExecutor(1) as pool:
                gate = f"gunicorn-{kind}"
                last = pool.submit(site.client.get, f"{site.url}?/gate/{gate}")
                origin.ask(f"/_gate/{gate}/wait?n=1&ms=20000")
                master.send_signal(signal.SIGTERM)
                origin.ask(f"/_gate/{gate}/open")
                assert last.result(LIMIT).text == "ok"
            assert master.wait(LIMIT) == 0
            wait_until("workers end", lambda: all(gone(pid) for pid in second))
    # No worker used a connection of the master or of another worker, and none broke the protocol.
    used = list(site.connections.values())
    assert len(site.warm) >= 1 and not site.warm & set().union(*used)
    assert sum(map(len, used)) == len(set().union(*used))
    assert origin.ask("/_journal") == []


TASKS = """
import os, tempfile
import libkeepalive
from celery import Celery
from kombu.transport.filesystem import Channel

def put_whole(self, *args, put=Channel._put, **kwargs):
    # It makes a message's file before it writes it, and a worker would read what is there.
    queue = self.data_folder_out
    with tempfile.TemporaryDirectory(dir=".") as apart:
        self.data_folder_out = apart
        try:
            put(self, *args, **kwargs)
        finally:
            self.data_folder_out = queue
        for name in os.listdir(apart):
            os.rename(os.path.join(apart, name), os.path.join(queue, name))

Channel._put = put_whole

ORIGIN = os.environ["ORIGIN"]
WARM = libkeepalive.get(ORIGIN + "/echo").json()["connection"]

app = Celery("tasks")
app.conf.update(
    broker_url="filesystem://",
    broker_transport_options={
        "data_folder_in": "queue", "data_folder_out": "queue", "control_folder": "control",
        "polling_interval": 0.02,
    },
    result_backend="file://" + os.path.abspath("results"),
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
)

@app.task
def ask(path):
    response = libkeepalive.get(ORIGIN + path)
    connection = response.json()["connection"] if path == "/echo" else 0
    return [os.getpid(), WARM, connection]
"""

CALLER = """
import json, os, signal, sys
import libkeepalive
import tasks

parent, gate = int(sys.argv[1]), sys.argv[2]
calls = [tasks.ask.delay("/echo") for _ in range(20)]
answers = [call.get(timeout=20, interval=0.02) for call in calls]
last = tasks.ask.delay(f"/gate/{gate}")
libkeepalive.get(f"{tasks.ORIGIN}/_gate/{gate}/wait?n=1&ms=20000").raise_for_status()
os.kill(parent, signal.SIGTERM)
libkeepalive.get(f"{tasks.ORIGIN}/_gate/{gate}/open")
answers.append(last.get(timeout=20, interval=0.02))
print(json.dumps(answers))
"""


def test_celery_prefork_workers(origin, tmp_path):
    for folder in ("queue", "control", "results"):
        (tmp_path / folder).mkdir()
    (tmp_path / "tasks.py").write_text(TASKS)
    (tmp_path / "caller.py").write_text(CALLER)
    origin.reset()
    command = ["celery", "-A", "tasks", "worker", "--pool", "prefork", "--concurrency", "2"]
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    with running([*command, *quiet], tmp_path, origin) as worker:
        called = subprocess.run(
            [sys.executable, "caller.py", str(worker.pid), "celery"],
            cwd=tmp_path, env={**os.environ, "ORIGIN": origin.http},
            capture_output=True, text=True, timeout=LIMIT * 2,
        )  # fmt: skip
        assert called.returncode == 0, called.stderr
        assert worker.wait(LIMIT) == 0
    answers = json.loads(called.stdout)
    pids = {pid for pid, _, _ in answers}
    assert len(answers) == 21 and worker.pid not in pids
    # The workers were forked: their WARM is the parent's, and its connection is not theirs.
    (warm,) = {warm for _, warm, _ in answers}
    by_pid = {pid: {used for own, _, used in answers if own == pid and used} for pid in pids}
    used = [connection for connections in by_pid.values() for connection in connections]
    assert warm not in used and len(used) == len(set(used))
    assert origin.ask("/_journal") == []
    wait_until("workers end", lambda: all(gone(pid) for pid in pids))
