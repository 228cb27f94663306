"""The adapters of urllib3 and requests check strictly beside their hosts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import libkeepalive

USES = """
import requests
import urllib3

import libkeepalive.requests
import libkeepalive.urllib3

names: list[str] = libkeepalive.urllib3.inject() + libkeepalive.urllib3.extract()
pool: urllib3.PoolManager = libkeepalive.urllib3.PoolManager(num_pools=2)
proxied: urllib3.PoolManager = libkeepalive.urllib3.ProxyManager("http://proxy:3128")
adapter: libkeepalive.requests.Adapter = libkeepalive.requests.install(requests.Session(), max_retries=3)
requests.Session().mount("https://", adapter)
"""


def test_types_check(tmp_path: Path) -> None:
    (tmp_path / "uses.py").write_text(USES)
    package = Path(libkeepalive.__file__).parent
    ours = [f"libkeepalive._adapters.{file.stem}" for file in package.glob("_adapters/urllib3*.py")]
    assert len(ours) >= 6
    modules = ["libkeepalive.urllib3", "libkeepalive.requests", *ours, "uses"]
    command = [sys.executable, "-m", "mypy", "--strict"]
    for module in modules:
        command += ["-m", module]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
