"""httpx2.Client by libkeepalive.httpx2.Transport."""

from harness import run
from httpx2_peers import Sync

import libkeepalive.httpx2


class Peer(Sync):
    transport = libkeepalive.httpx2.Transport


run(Peer)
