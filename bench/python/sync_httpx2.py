"""httpx2.Client."""

from harness import run
from httpx2_peers import Sync

run(Sync)
