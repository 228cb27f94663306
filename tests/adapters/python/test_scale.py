"""Where one machine or one process is not enough: a job on Dask, a prefork fleet behind HAProxy (docs/scale.md)."""

from __future__ import annotations

import json
import os
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

import cloudpickle
import joblib

import libkeepalive

SCALE = Path(__file__).parent / "scale"


def run(program: str, *arguments: str) -> Any:
    command = [sys.executable, str(SCALE / program), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])


NGINX = """
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/errors;
events {{ worker_connections 1024; }}
http {{
    access_log off; keepalive_requests 1000000;
    client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
    uwsgi_temp_path {folder}; scgi_temp_path {folder};
    server {{
        listen 127.0.0.1:{port};
        location / {{ return 200 ok; }}
        location = /_status {{ stub_status; }}
    }}
}}
"""


@contextmanager
def nginx() -> Iterator[str]:
    program = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin")
    assert program, "nginx is missing (scripts/setup.sh installs it)"
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="nginx-") as folder:
        config = Path(folder, "nginx.conf")
        config.write_text(NGINX.format(folder=folder, port=port))
        command = [program, "-e", f"{folder}/errors", "-p", folder, "-c", str(config)]
        with subprocess.Popen(command) as process:
            wait_for(process, socket.AF_INET, ("127.0.0.1", port))
            yield f"http://127.0.0.1:{port}"
            process.terminate()


def wait_for(process: subprocess.Popen[bytes], family: int, address: Any) -> None:
    deadline = time.monotonic() + 20
    while True:
        with socket.socket(family) as asked:
            if asked.connect_ex(address) == 0:
                return
        assert process.poll() is None and time.monotonic() < deadline
        threading.Event().wait(0.02)


def counted(url: str) -> tuple[int, int]:
    """Connections and requests that nginx has had; this one of each is among them."""
    with libkeepalive.Client(trust_env=False) as client:
        lines = client.get(url + "/_status").text.splitlines()
    accepted, _, requests = map(int, lines[2].split())
    return accepted, requests


def test_a_job_on_dask_has_a_pool_in_each_worker():
    with nginx() as url:
        before = counted(url)
        arguments = ("--urls=100000", "--batch=1000", "--workers=4", "--threads=2", "--in-flight=16")
        found = run("bulk_dask.py", url + "/", *arguments)
        accepted, requests = (now - then for now, then in zip(counted(url), before, strict=True))
    assert (found["urls"], found["bytes"], found["failures"]) == (100_000, 200_000, 0)
    assert requests - 1 == 100_000
    assert 1 <= len(found["opened"]) <= 4
    # Batch after batch, loop after loop, and two at a time: on the worker's connections. Each task had unpickled
    # the client anew.
    assert all(1 <= opened <= 2 * 16 for opened in found["opened"].values())
    assert accepted - 1 <= 4 * 2 * 16


def fetch(client: libkeepalive.Client, url: str) -> tuple[int, int]:
    return os.getpid(), client.get(url).json()["connection"]


def test_joblibs_workers_have_a_pool_each(origin):
    client = libkeepalive.Client(trust_env=False)
    jobs = [joblib.delayed(fetch)(client, origin.http + "/echo") for _ in range(20)]
    found: dict[int, set[int]] = {}
    for pid, connection in joblib.Parallel(n_jobs=2)(jobs):
        found.setdefault(pid, set()).add(connection)
    assert os.getpid() not in found
    assert all(len(connections) == 1 for connections in found.values())


def test_what_cloudpickle_makes_of_a_client(origin):
    client = libkeepalive.Client(trust_env=False, max_total=9)

    def closure() -> int:
        number: int = client.get(origin.http + "/echo").json()["connection"]
        return number

    pickled = cloudpickle.dumps(closure)
    assert len({cloudpickle.loads(pickled)() for _ in range(3)}) == 1


@contextmanager
def haproxy(server: str) -> Iterator[str]:
    program = shutil.which("haproxy", path="/usr/sbin:/usr/local/sbin:/usr/bin")
    assert program, "haproxy is missing (scripts/setup.sh installs it)"
    with tempfile.TemporaryDirectory(prefix="haproxy-") as folder:
        path, config = f"{folder}/http.sock", Path(folder, "haproxy.cfg")
        text = (SCALE / "haproxy.cfg").read_text()
        config.write_text(text.replace("{socket}", path).replace("{server}", server))
        with subprocess.Popen([program, "-db", "-f", config]) as process:
            wait_for(process, socket.AF_UNIX, path)
            yield path
            process.kill()


def test_a_prefork_fleet_shares_the_connections_of_haproxy(own_origin):
    url = own_origin.http + "/ok"
    arguments = ("--processes=4", "--threads=2", "--requests=20", "--pause=0.01")
    own_origin.reset()
    alone = run("prefork.py", url, *arguments)
    seen = own_origin.connections()
    assert seen["requests"] == 160 and 4 <= seen["opened"] <= alone["opened"]
    own_origin.reset()
    with haproxy(url.removeprefix("http://").removesuffix("/ok")) as path:
        shared = run("prefork.py", url, *arguments, f"--unix-socket={path}")
        seen = own_origin.connections()
    assert seen["requests"] == 160
    # A connection that was dialled is not used when another one comes back first.
    for facts in (alone, shared):
        assert facts["opened"] + facts["reused"] >= 160
    # At most as many as there were requests at a time, whichever process they came from.
    assert 1 <= seen["opened"] <= 8
