"""httpx.AsyncClient."""

import ssl

import httpx
from harness import run_async


class Peer:
    def __init__(self, options):
        limit = options.connections
        self.client = httpx.AsyncClient(
            verify=ssl.create_default_context(cafile=options.ca) if options.ca else True,
            trust_env=False,
            timeout=60,
            limits=httpx.Limits(max_connections=limit, max_keepalive_connections=limit),
        )

    async def get(self, url):
        return len((await self.client.get(url)).content)

    async def close(self):
        await self.client.aclose()


run_async(Peer)
