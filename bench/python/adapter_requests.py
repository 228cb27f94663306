"""requests.Session with the adapter of libkeepalive.requests; without the look at the environment."""

import sync_requests
from harness import run

import libkeepalive.requests


class Peer(sync_requests.Peer):
    adapter = libkeepalive.requests.Adapter


run(Peer)
