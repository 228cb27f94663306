"""Where one machine or one process is not enough: a job on Dask, a prefork fleet behind HAProxy (docs/scale.md)."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SCALE = Path(__file__).parent / "scale"


def run(program: str, *arguments: str) -> Any:
    command = [sys.executable, str(SCALE / program), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_a_job_on_dask_has_a_pool_in_each_worker(origin):
    origin.reset()
    url = origin.http + "/ok"
    found = run("bulk_dask.py", url, "--urls=600", "--batch=50", "--workers=2", "--in-flight=8")
    assert (found["urls"], found["bytes"], found["failures"]) == (600, 1200, 0)
    seen = origin.connections()
    assert seen["requests"] == 600
    assert 1 <= len(found["opened"]) <= 2
    assert seen["opened"] <= sum(found["opened"].values())
    # Batch after batch, loop after loop, on the worker's connections.
    assert max(found["opened"].values()) <= 8


@contextmanager
def haproxy(server: str) -> Iterator[str]:
    program = shutil.which("haproxy", path="/usr/sbin:/usr/local/sbin:/usr/bin")
    assert program, "haproxy is missing (scripts/setup.sh installs it)"
    with tempfile.TemporaryDirectory(prefix="haproxy-") as folder:
        path, config = f"{folder}/http.sock", Path(folder, "haproxy.cfg")
        text = (SCALE / "haproxy.cfg").read_text()
        config.write_text(text.replace("{socket}", path).replace("{server}", server))
        with subprocess.Popen([program, "-db", "-f", config]) as process:
            deadline = time.monotonic() + 20
            while True:
                with socket.socket(socket.AF_UNIX) as asked:
                    if asked.connect_ex(path) == 0:
                        break
                assert process.poll() is None and time.monotonic() < deadline
                threading.Event().wait(0.02)
            yield path
            process.kill()


def test_a_prefork_fleet_shares_the_connections_of_haproxy(origin):
    url = origin.http + "/ok"
    arguments = ("--processes=4", "--threads=2", "--requests=20", "--pause=0.01")
    origin.reset()
    alone = run("prefork.py", url, *arguments)
    seen = origin.connections()
    assert seen["requests"] == 160 and 4 <= seen["opened"] <= alone["opened"]
    origin.reset()
    with haproxy(url.removeprefix("http://").removesuffix("/ok")) as path:
        shared = run("prefork.py", url, *arguments, f"--unix-socket={path}")
        seen = origin.connections()
    assert seen["requests"] == 160
    # A connection that was dialled is not used when another one comes back first.
    for facts in (alone, shared):
        assert facts["opened"] + facts["reused"] >= 160
    # At most as many as there were requests at a time, whichever process they came from.
    assert 1 <= seen["opened"] <= 8
