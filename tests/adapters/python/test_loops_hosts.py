"""Loops that others run: Starlette's lifespan, IPython's and a notebook's cells, nested loops, uWSGI's workers."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

import libkeepalive

LIMIT = 30


def test_a_client_lives_as_long_as_a_starlette_application(origin):
    """The recipe of docs/scale.md (``test_servers.py`` has FastAPI and Django)."""
    clients = []

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[dict[str, Any]]:
        async with libkeepalive.AsyncClient(base_url=origin.http, trust_env=False) as client:
            clients.append(client)
            yield {"upstream": client}

    async def index(request: Request) -> JSONResponse:
        answer = await request.state.upstream.get("/echo")
        return JSONResponse({"connection": answer.json()["connection"]})

    app = Starlette(routes=[Route("/", index)], lifespan=lifespan)

    async def serve() -> list[bytes]:
        """What a server does: begins the lifespan, hands its state to requests, ends it."""
        told: asyncio.Queue[Any] = asyncio.Queue()
        said: asyncio.Queue[Any] = asyncio.Queue()
        state: dict[str, Any] = {}
        life = asyncio.create_task(app({"type": "lifespan", "state": state}, told.get, said.put))
        await told.put({"type": "lifespan.startup"})
        assert (await said.get())["type"] == "lifespan.startup.complete"
        bodies = []
        for _ in range(3):
            scope = {
                "type": "http",
                "method": "GET",
                "path": "/",
                "query_string": b"",
                "headers": [],
                "state": dict(state),
            }
            sent: asyncio.Queue[Any] = asyncio.Queue()
            await app(scope, told.get, sent.put)
            assert (await sent.get())["status"] == 200
            bodies.append((await sent.get())["body"])
        assert not clients[0].is_closed
        await told.put({"type": "lifespan.shutdown"})
        assert (await said.get())["type"] == "lifespan.shutdown.complete"
        await life
        return bodies

    bodies = asyncio.run(serve())
    assert len({json.loads(body)["connection"] for body in bodies}) == 1
    assert clients[0].is_closed


CELLS = """
import asyncio, os, sys
import libkeepalive
from IPython.core.interactiveshell import InteractiveShell

url = os.environ["URL"]
shell = InteractiveShell.instance()

async def kernel():
    # As ipykernel does: cells run on the loop that reads the notebook's messages.
    for cell in [
        f"import libkeepalive; first = libkeepalive.get({url!r}).json()['connection']",
        f"second = libkeepalive.get({url!r}).json()['connection']",
        "client = libkeepalive.AsyncClient.shared()",
        f"third = (await client.get({url!r})).json()['connection']",
        f"fourth = (await libkeepalive.Client.shared().aio.get({url!r})).json()['connection']",
    ]:
        result = await shell.run_cell_async(cell, transformed_cell=shell.transform_cell(cell))
        result.raise_error()

asyncio.run(kernel())
found = [shell.user_ns[name] for name in ("first", "second", "third", "fourth")]
assert len(set(found)) == 1, found
print("same connection")
"""

NESTED = """
import asyncio, os
import nest_asyncio2
import libkeepalive

nest_asyncio2.apply()
url = os.environ["URL"]
client = libkeepalive.AsyncClient(trust_env=False)

async def inner():
    async with client.stream("GET", url) as response:
        await response.aread()
        return response.json()["connection"]

async def outer():
    first = asyncio.run(inner())
    second = asyncio.get_running_loop().run_until_complete(inner())
    third = await inner()
    other = await asyncio.gather(client.get(url), asyncio.to_thread(libkeepalive.get, url))
    return [first, second, third]

found = asyncio.run(outer())
assert len(set(found)) == 1, found
print("same connection")
"""


@pytest.mark.parametrize("program", [CELLS, NESTED], ids=["notebook", "nested"])
def test_cells_and_nested_loops(origin, program, tmp_path):
    environment = {**os.environ, "URL": origin.http + "/echo", "IPYTHONDIR": str(tmp_path)}
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )
    assert ran.stdout.endswith("same connection\n"), ran.stdout + ran.stderr


WSGI = """
import json, os
import libkeepalive

ORIGIN = os.environ["ORIGIN"]
WARM = libkeepalive.get(ORIGIN + "/echo").json()["connection"]

def application(environ, start_response):
    found = libkeepalive.get(ORIGIN + "/echo").json()["connection"]
    body = json.dumps({"pid": os.getpid(), "connection": found, "warm": WARM}).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]
"""


@pytest.mark.parametrize("lazy", [False, True], ids=["forked", "lazy-apps"])
def test_uwsgi_forks_before_or_after_it_loads(origin, tmp_path, lazy):
    import socket

    program = Path(sys.executable).with_name("uwsgi")
    assert program.exists(), "uwsgi is missing: tests/adapters/python/requirements"
    origin.reset()
    (tmp_path / "app.py").write_text(WSGI)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [program, "--http-socket", f"127.0.0.1:{port}", "--master", "--processes", "2"]
    command += ["--module", "app", "--need-app", "--die-on-term"]
    command += ["--virtualenv", sys.prefix, *(["--lazy-apps"] if lazy else [])]
    environment = {**os.environ, "ORIGIN": origin.http}
    with (tmp_path / "log").open("wb") as log:
        server = subprocess.Popen(
            command, cwd=tmp_path, env=environment, stdout=log, stderr=log, start_new_session=True
        )
    try:
        found: dict[int, set[int]] = {}
        warm = set()
        deadline = time.monotonic() + LIMIT
        client = libkeepalive.Client(timeout=LIMIT, trust_env=False)
        while len(found) < 2 or min(map(len, found.values())) < 1:
            assert time.monotonic() < deadline and server.poll() is None, found
            with contextlib.suppress(libkeepalive.ConnectError):
                facts = client.get(f"http://127.0.0.1:{port}/").json()
                found.setdefault(facts["pid"], set()).add(facts["connection"])
                warm.add(facts["warm"])
        # Nobody uses another process's connection: not the master's, not each other's.
        first, second = found.values()
        assert not first & second
        if lazy:
            assert len(warm) == 2
        else:
            assert len(warm) == 1 and not warm & (first | second)
        assert origin.ask("/_journal") == []
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()
