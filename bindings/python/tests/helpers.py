"""What the tests share beside the servers: programs of their own, what a process holds, counters."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

import libkeepalive

#: For programs: `peak()`, the most bytes of memory that the process has had.
PEAK = """
def peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) * 1024
"""


def printed(program: str, *arguments: str, before: str = "", quiet: bool = True) -> str:
    """What a program prints, in a fresh process where a warning is an error. It has to end well and,
    if `quiet`, without a word on standard error; `before` is its beginning."""
    source = textwrap.dedent(before) + textwrap.dedent(program)
    command = [sys.executable, "-W", "error", "-c", source, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0 and not (quiet and done.stderr), done.stderr
    return done.stdout


def eventually(
    client: libkeepalive.Client, what: Callable[[libkeepalive.Stats], bool]
) -> libkeepalive.Stats:
    """Polls the counters, as a user watching them would."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        stats = client.stats()
        if what(stats):
            return stats
        threading.Event().wait(0.002)
    pytest.fail(str(client.stats()))


def echoed(client: Any, origin: Any, **arguments: Any) -> tuple[bytes, dict[str, str]]:
    """The body and the fields, in lower case, of a POST as the origin received it."""
    echo = client.post(origin.http + "/echo", **arguments).json()
    return base64.b64decode(echo["body_b64"]), {k.lower(): v for k, v in echo["headers"]}


def eventfds() -> int:
    """How many of them this process has."""
    names = [f"/proc/self/fd/{name}" for name in os.listdir("/proc/self/fd")]
    return sum("eventfd" in os.readlink(name) for name in names if os.path.islink(name))
