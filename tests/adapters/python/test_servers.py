"""The recipes of docs/scale.md for Django and FastAPI, each in a server of its own."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import libkeepalive

LIMIT = 30

DJANGO = """
import os

from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from django.http import JsonResponse
from django.urls import path

import libkeepalive

settings.configure(ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, SECRET_KEY="of the test")

upstream = libkeepalive.Client(base_url=os.environ["ORIGIN"], trust_env=False)
# Before the fork, if there is one: what is opened here is the parent's.
warm = upstream.get("/echo").json()["connection"]


def told(answer):
    return JsonResponse({"pid": os.getpid(), "connection": answer.json()["connection"], "warm": warm})


def view(request):
    return told(upstream.get("/echo"))


async def view_async(request):
    return told(await upstream.aio.get("/echo"))


urlpatterns = [path("", view), path("async", view_async)]
wsgi = get_wsgi_application()
asgi = get_asgi_application()
"""

FASTAPI = """
import contextlib
import os

from fastapi import Depends, FastAPI, Request

import libkeepalive


@contextlib.asynccontextmanager
async def lifespan(app):
    async with libkeepalive.AsyncClient(base_url=os.environ["ORIGIN"], trust_env=False) as client:
        yield {"upstream": client}
    with open("closed", "w") as file:
        file.write(str(client.is_closed))


def upstream(request: Request) -> libkeepalive.AsyncClient:
    return request.state.upstream


app = FastAPI(lifespan=lifespan)


@app.get("/")
async def index(request: Request):
    answer = await request.state.upstream.get("/echo")
    return {"pid": os.getpid(), "connection": answer.json()["connection"]}


@app.get("/depends")
async def depends(client: libkeepalive.AsyncClient = Depends(upstream)):
    answer = await client.get("/echo")
    return {"pid": os.getpid(), "connection": answer.json()["connection"]}
"""

UWSGI = ["--master", "--need-app", "--die-on-term", "--virtualenv", sys.prefix, "--module", "app:wsgi"]


class Server:
    """A server in a process group of its own, that answers."""

    def __init__(self, url: str, process: subprocess.Popen[bytes], log: Path) -> None:
        self.url = url
        self.process = process
        self.log = log
        # Each request on a new connection: else one worker would answer them all.
        self.client = libkeepalive.Client(timeout=LIMIT, trust_env=False, max_age=0)

    def ask(self, path: str) -> Any:
        return self.client.get(self.url + path).raise_for_status().json()

    def until_ready(self) -> None:
        deadline = time.monotonic() + LIMIT
        while True:
            assert self.process.poll() is None and time.monotonic() < deadline, self.log.read_text()
            with contextlib.suppress(libkeepalive.ConnectError):
                self.ask("/")
                return


@contextlib.contextmanager
def served(origin: Any, folder: Path, program: str, *command: str) -> Iterator[Server]:
    tool = Path(sys.executable).with_name(command[0])
    assert tool.exists(), f"{command[0]} is missing: tests/adapters/python/requirements"
    origin.reset()
    (folder / "app.py").write_text(program)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    arguments = [argument.format(port=port) for argument in command[1:]]
    environment = {**os.environ, "ORIGIN": origin.http}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [tool, *arguments], cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True
        )
    try:
        server = Server(f"http://127.0.0.1:{port}", process, folder / "log")
        server.until_ready()
        yield server
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_django_under_wsgi(origin, tmp_path) -> None:
    command = ["uwsgi", "--http-socket", "127.0.0.1:{port}", "--processes", "2", *UWSGI]
    with served(origin, tmp_path, DJANGO, *command) as server:
        found: dict[int, set[int]] = {}
        warm = set()
        deadline = time.monotonic() + LIMIT
        while len(found) < 2:
            assert time.monotonic() < deadline, found
            for path in ("/", "/async", "/"):
                facts = server.ask(path)
                found.setdefault(facts["pid"], set()).add(facts["connection"])
                warm.add(facts["warm"])
        # One connection in each worker, for both kinds of views, and none is another process's.
        assert [len(connections) for connections in found.values()] == [1, 1]
        assert len(set.union(*found.values(), warm)) == 3
        assert origin.ask("/_journal") == []


def test_django_under_asgi(origin, tmp_path) -> None:
    with served(origin, tmp_path, DJANGO, "uvicorn", "--port", "{port}", "app:asgi") as server:
        found = {server.ask(path)["connection"] for path in ("/", "/async", "/", "/async")}
        # The thread of the first view and the loop of the other have one pool.
        assert len(found) == 1


@pytest.mark.parametrize("workers", [1, 2])
def test_a_client_lives_as_long_as_a_fastapi_application(origin, tmp_path, workers) -> None:
    command = ["uvicorn", "--port", "{port}", "--workers", str(workers), "app:app"]
    with served(origin, tmp_path, FASTAPI, *command) as server:
        found: dict[int, set[int]] = {}
        for path in ("/", "/depends") * 4:
            facts = server.ask(path)
            found.setdefault(facts["pid"], set()).add(facts["connection"])
        assert all(len(connections) == 1 for connections in found.values())
        server.process.terminate()
        assert server.process.wait(LIMIT) in (0, -signal.SIGTERM), server.log.read_text()
        assert (tmp_path / "closed").read_text() == "True"
