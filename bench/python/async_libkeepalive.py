"""libkeepalive.AsyncClient."""

import libkeepalive
from harness import run_async


class Peer:
    def __init__(self, options):
        limits = {"max_per_host": max(64, options.connections)}
        if options.mode == "idle":
            limits["max_total"] = options.connections
        if options.ca:
            limits["verify"] = options.ca
        self.client = libkeepalive.AsyncClient(**limits)

    async def get(self, url):
        return len((await self.client.get(url)).content)

    async def hold(self, url):
        held = self.client.stream("GET", url)
        return held, await held.__aenter__()

    async def release(self, held):
        manager, response = held
        length = len(await response.aread())
        await manager.__aexit__(None, None, None)
        return length

    async def close(self):
        await self.client.aclose()


run_async(Peer)
