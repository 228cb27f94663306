"""urllib3.PoolManager on the pool of libkeepalive."""

import sync_urllib3
from harness import run

import libkeepalive.urllib3


class Peer(sync_urllib3.Peer):
    manager = libkeepalive.urllib3.PoolManager


run(Peer)
