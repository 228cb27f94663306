"""The adapters of httpx check strictly beside their hosts, and so do programs that use them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

USES = """
import httpx

import libkeepalive.httpx

client = httpx.Client(transport=libkeepalive.httpx.Transport(retries=1, limits=httpx.Limits(max_connections=9)))
other = httpx.AsyncClient(transport=libkeepalive.httpx.AsyncTransport(proxy="http://proxy:3128"))
response: httpx.Response = libkeepalive.httpx.Transport().handle_request(httpx.Request("GET", "http://a"))
libkeepalive.httpx.inject()
"""

WRONG = """
import httpx

import libkeepalive.httpx

libkeepalive.httpx.Transport(verfiy=False)
httpx.Client(transport=libkeepalive.httpx.AsyncTransport())
"""


@pytest.mark.parametrize("host", ["httpx", "httpx2"])
def test_types_check(host: str, tmp_path: Path) -> None:
    def check(name: str, text: str, *modules: str) -> tuple[int, str]:
        (tmp_path / f"{name}.py").write_text(text.replace("httpx", host))
        command = [sys.executable, "-m", "mypy", "--strict", "-m", name]
        for module in modules:
            command += ["-m", module]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    parts = ("body", "errors", "mount", "network", "pools", "trace", "transport")
    ours = [f"libkeepalive._adapters.httpx.{part}" for part in parts]
    code, said = check("uses", USES, f"libkeepalive.{host}", *ours)
    assert code == 0, said
    code, said = check("wrong", WRONG)
    assert "Found 2 errors" in said, said


def test_types_of_the_sdks_check(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mypy", "--strict"]
    for module in ("stripe", "google_auth", "elastic", "opensearch", "azure", "_adapters.pools"):
        command += ["-m", f"libkeepalive.{module}"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
