"""The adapters of aiohttp, botocore and aiobotocore check strictly beside their hosts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import libkeepalive

USES = """
import aiohttp
import boto3

import libkeepalive
import libkeepalive.aiobotocore
import libkeepalive.aiohttp
import libkeepalive.botocore


async def main() -> None:
    middleware = libkeepalive.aiohttp.middleware(libkeepalive.Client())
    async with aiohttp.ClientSession(middlewares=[middleware]) as session:
        async with session.get("https://example.com") as response:
            text: str = await response.text()
            print(text)


session = libkeepalive.botocore.install(boto3.Session())
libkeepalive.aiohttp.middleware(7)  # type: ignore[arg-type]
"""


def test_types_check(tmp_path: Path) -> None:
    (tmp_path / "uses.py").write_text(USES)
    package = Path(libkeepalive.__file__).parent
    files = [*package.glob("_adapters/aiohttp_*.py"), *package.glob("_adapters/botocore_*.py")]
    assert len(files) >= 4
    modules = [f"libkeepalive._adapters.{file.stem}" for file in files]
    hosts = ["aiohttp", "botocore", "aiobotocore"]
    modules += ["libkeepalive._adapters.clients", *[f"libkeepalive.{host}" for host in hosts], "uses"]
    config = tmp_path / "mypy.ini"
    untyped = "ignore_missing_imports = true\n"
    sections = "".join(f"[mypy-{name}.*]\n{untyped}" for name in ("botocore", "aiobotocore", "boto3"))
    config.write_text("[mypy]\nstrict = true\n" + sections)
    command = [sys.executable, "-m", "mypy", "--config-file", str(config)]
    for module in modules:
        command += ["-m", module]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
