"""primp.AsyncClient, without impersonation."""

import primp
from harness import run_async


class Peer:
    def __init__(self, options):
        self.client = primp.AsyncClient(ca_cert_file=options.ca)

    async def get(self, url):
        response = await self.client.get(url)
        return len(response.content)

    async def close(self):
        pass


run_async(Peer)
