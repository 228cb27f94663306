"""``patch_all()`` and ``python -m libkeepalive patch``."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import requests
import urllib3

import libkeepalive
import libkeepalive.requests
import libkeepalive.urllib3


def run(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, cwd=cwd)


def test_new_sessions_have_the_adapter_until_it_is_undone() -> None:
    before = requests.Session()
    patched = libkeepalive.patch_all(httpx=False, httpx2=False, aiohttp=False, botocore=False)
    try:
        assert patched == ["requests", "urllib3"]
        assert isinstance(requests.Session().get_adapter("https://a"), libkeepalive.requests.Adapter)
        assert urllib3.HTTPConnectionPool.ConnectionCls is libkeepalive.urllib3.HTTPConnection
        assert libkeepalive.patch_all(httpx=False, httpx2=False, aiohttp=False, botocore=False) == []
    finally:
        assert libkeepalive.unpatch_all() == ["requests", "urllib3"]
    for session in (before, requests.Session()):
        assert not isinstance(session.get_adapter("https://a"), libkeepalive.requests.Adapter)
    assert not libkeepalive.urllib3.is_injected()
    assert libkeepalive.unpatch_all() == []


def test_what_is_left_out_is_as_it_was() -> None:
    only = dict.fromkeys(("httpx", "httpx2", "aiohttp", "botocore", "requests"), False)
    try:
        assert libkeepalive.patch_all(**only) == ["urllib3"]
        assert not isinstance(requests.Session().get_adapter("https://a"), libkeepalive.requests.Adapter)
    finally:
        libkeepalive.unpatch_all()


LATER = """
import sys
import libkeepalive

hosts = ("requests", "urllib3", "httpx", "httpx2", "aiohttp", "botocore")
patched = libkeepalive.patch_all()
assert not [host for host in hosts if host in sys.modules], "none is imported for it"
import requests
assert type(requests.Session().get_adapter("https://a")).__module__ == "libkeepalive.requests"
import urllib3
assert urllib3.HTTPConnectionPool.ConnectionCls.__module__.startswith("libkeepalive.")
libkeepalive.unpatch_all()
assert type(requests.Session().get_adapter("https://a")).__module__ == "requests.adapters"
assert urllib3.HTTPConnectionPool.ConnectionCls.__module__ == "urllib3.connection"
print(patched)
"""


def test_what_is_imported_later_is_patched_then() -> None:
    done = run("-c", LATER)
    assert done.returncode == 0, done.stderr
    assert "'requests', 'urllib3'" in done.stdout


EVERY = """
import asyncio
import os
import sys
import aiohttp
import botocore.session
import httpx
import httpx2
import libkeepalive

origin = sys.argv[1]
for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
    os.environ[name] = "x"
patched = libkeepalive.patch_all()
assert patched == ["requests", "urllib3", "httpx", "httpx2", "aiohttp", "botocore"], patched


def modules():
    aws = botocore.session.Session().create_client("s3", region_name="eu-west-1", endpoint_url=origin)
    return [
        type(httpx.Client()._transport).__module__,
        type(httpx2.AsyncClient()._transport).__module__,
        type(aws._endpoint.http_session).__module__,
    ]


async def ask():
    connector = type("Connector", (aiohttp.TCPConnector,), {})
    async with aiohttp.ClientSession() as session:
        async with session.get(origin + "/ok") as answer:
            assert await answer.text() == "ok"
        async with aiohttp.ClientSession(connector=connector()) as other:
            return len(session._middlewares), len(other._middlewares)


assert httpx.Client(trust_env=False).get(origin + "/ok").text == "ok"
assert all(module.startswith("libkeepalive.") for module in modules()), modules()
assert asyncio.run(ask()) == (1, 0)
assert libkeepalive.unpatch_all() == sorted(patched)
assert not any(module.startswith("libkeepalive.") for module in modules()), modules()
assert asyncio.run(ask()) == (0, 0)
"""


def test_every_host(origin) -> None:
    done = run("-W", "ignore", "-c", EVERY, origin.http)
    assert done.returncode == 0, done.stderr


PROGRAM = """
import sys
import requests

session = requests.Session()
session.trust_env = False
print(session.get(sys.argv[1] + "/ok").text, type(session.get_adapter("http://a")).__module__)
print(__name__, sys.argv[2:])
import beside
"""


@pytest.mark.parametrize("way", ["file", "module"])
def test_a_program_is_run_patched(origin, tmp_path: Path, way: str) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    (tmp_path / "beside.py").write_text("print('beside')")
    how = [str(tmp_path / "program.py")] if way == "file" else ["-m", "program"]
    cwd = tmp_path if way == "module" else None
    done = run("-m", "libkeepalive", "patch", *how, origin.http, "-x", "y", cwd=cwd)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["ok libkeepalive.requests", "__main__ ['-x', 'y']", "beside"]
    said = done.stderr.strip()
    assert said.startswith("libkeepalive: patched ") and "requests, urllib3" in said
    quiet = run("-m", "libkeepalive", "patch", "--quiet", *how, origin.http, cwd=cwd)
    assert (quiet.returncode, quiet.stderr) == (0, "")


def test_a_programs_exit_is_its_own(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text("raise SystemExit(7)")
    assert run("-m", "libkeepalive", "patch", str(tmp_path / "program.py")).returncode == 7


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "expected: patch"),
        (["path"], "unknown command: path"),
        (["patch"], "the program is missing"),
        (["patch", "-m"], "the module is missing"),
        (["patch", "-x", "a.py"], "unknown option: -x"),
        (["patch", "nowhere.py"], "no such file: nowhere.py"),
    ],
)
def test_wrong_use_is_told(arguments: list[str], reason: str) -> None:
    done = run("-m", "libkeepalive", *arguments)
    assert done.returncode == 2
    assert reason in done.stderr and "usage: python -m libkeepalive patch" in done.stderr


MISSING = """
import sys
sys.modules["urllib3"] = sys.modules["requests"] = None
import libkeepalive
assert "urllib3" not in libkeepalive.patch_all() and "requests" not in libkeepalive.patch_all()
import libkeepalive.{}
"""


@pytest.mark.parametrize("host", ["urllib3", "requests"])
def test_an_adapter_without_its_host_says_what_to_install(host: str) -> None:
    done = run("-c", MISSING.format(host))
    assert f"pip install 'libkeepalive[{host}]'" in done.stderr
    assert "ImportError" in done.stderr and os.environ


OLD = """
import urllib3._version
urllib3._version.__version__ = "1.26.20"
import libkeepalive.urllib3
"""


def test_urllib3_1_is_refused_by_name() -> None:
    done = run("-c", OLD)
    assert "needs urllib3 2, and 1.26.20 is installed" in done.stderr
