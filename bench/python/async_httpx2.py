"""httpx2.AsyncClient."""

from harness import run_async
from httpx2_peers import Async

run_async(Async)
