"""pyreqwest.Client."""

from pathlib import Path

from harness import run_async
from pyreqwest.client import ClientBuilder


class Peer:
    def __init__(self, options):
        builder = ClientBuilder().http1_only().max_connections(options.connections)
        if options.ca:
            builder = builder.add_root_certificate_pem(Path(options.ca).read_bytes())
        self.client = builder.build()

    async def get(self, url):
        response = await self.client.get(url).build().send()
        return len(await response.bytes())

    async def close(self):
        await self.client.close()


run_async(Peer)
