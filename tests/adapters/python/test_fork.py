"""A process that forks while another of its threads holds what the adapters lock."""

from __future__ import annotations

import os
import threading

import pytest

import libkeepalive._patch as patch
from libkeepalive._adapters import clients, pools, urllib3_inject, urllib3_pins, urllib3_trust


@pytest.mark.parametrize("module", [clients, pools, urllib3_inject, urllib3_pins, urllib3_trust, patch])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_child_can_take_the_lock(module) -> None:
    held, forked = threading.Event(), threading.Event()

    def hold() -> None:
        with module._lock:
            held.set()
            forked.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    child = os.fork()
    if child == 0:
        os._exit(0 if module._lock.acquire(timeout=5) else 1)
    forked.set()
    thread.join()
    assert os.waitpid(child, 0)[1] == 0
