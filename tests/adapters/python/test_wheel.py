"""The wheel beside the hosts: importing it loads none of them."""

from __future__ import annotations

import subprocess
import sys

HOSTS = ("httpx", "httpx2", "requests", "urllib3", "aiohttp", "botocore", "stripe", "azure")


def test_no_host_is_imported_with_the_library() -> None:
    program = f"import libkeepalive, sys; print([name for name in {HOSTS!r} if name in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_the_origin_answers(origin) -> None:
    origin.reset()
    assert isinstance(origin.connections(), dict)
