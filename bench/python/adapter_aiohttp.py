"""aiohttp.ClientSession with the middleware of libkeepalive.aiohttp."""

import async_aiohttp
from harness import run_async

import libkeepalive.aiohttp


class Peer(async_aiohttp.Peer):
    def __init__(self, options):
        super().__init__(options, middlewares=[libkeepalive.aiohttp.middleware()])


run_async(Peer)
