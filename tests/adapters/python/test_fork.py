"""A process that forks while another of its threads holds what the adapters lock."""

from __future__ import annotations

import os

import pytest

from libkeepalive._adapters import clients, pools


@pytest.mark.parametrize("module", [clients, pools])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_child_can_take_the_lock(module) -> None:
    with module._lock:
        child = os.fork()
        if child == 0:
            os._exit(0 if module._lock.acquire(timeout=5) else 1)
    assert os.waitpid(child, 0)[1] == 0
