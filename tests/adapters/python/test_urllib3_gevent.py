"""requests on the adapter in a process that gevent has patched: the hub goes on while greenlets wait."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
from gevent import monkey

monkey.patch_all()
import gevent
import requests

import libkeepalive

assert libkeepalive.patch_all(httpx=False, httpx2=False, aiohttp=False, botocore=False) == ["requests", "urllib3"]
origin = sys.argv[1]
session = requests.Session()
session.trust_env = False

# Each of these is answered only once all of them wait: none of them keeps the others from asking.
waiting = [gevent.spawn(session.get, origin + "/gate/gevent") for _ in range(5)]
opener = gevent.spawn(lambda: session.get(origin + "/_gate/gevent/wait?n=5") and session.get(origin + "/_gate/gevent/open"))
gevent.joinall([*waiting, opener], timeout=20, raise_error=True)
assert [greenlet.get(block=False).text for greenlet in waiting] == ["ok"] * 5

# A stream, read piece by piece.
with session.get(origin + "/drip?count=3&ms=10&size=10", stream=True) as answer:
    assert len(b"".join(answer.iter_content(7))) == 30

# A limit of gevent's own ends a request.
try:
    with gevent.Timeout(0.1):
        session.get(origin + "/stall")
except gevent.Timeout:
    print("ended")
try:
    session.get(origin + "/stall", timeout=0.1)
except requests.exceptions.ReadTimeout:
    print("timed out")
"""


def test_a_patched_process(origin) -> None:
    origin.reset()
    command = [sys.executable, "-c", PROGRAM, origin.http]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n")[:2] == ["ended", "timed out"]
