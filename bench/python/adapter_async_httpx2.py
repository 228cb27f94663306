"""httpx2.AsyncClient by libkeepalive.httpx2.AsyncTransport."""

from harness import run_async
from httpx2_peers import Async

import libkeepalive.httpx2


class Peer(Async):
    transport = libkeepalive.httpx2.AsyncTransport


run_async(Peer)
