"""aiohttp.ClientSession."""

import ssl

import aiohttp
from harness import PIECE, run_async


class Peer:
    def __init__(self, options, **more):
        context = ssl.create_default_context(cafile=options.ca) if options.ca else True
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=3600, ssl=context)
        self.session = aiohttp.ClientSession(connector=connector, **more)

    async def get(self, url):
        async with self.session.get(url) as response:
            return len(await response.read())

    async def stream(self, url):
        async with self.session.get(url) as response:
            got = 0
            async for piece in response.content.iter_chunked(PIECE):
                got += len(piece)
            return got

    async def upload(self, url, data):
        async with self.session.post(url, data=data) as response:
            return len(await response.read())

    async def hold(self, url):
        return await self.session.get(url)

    async def release(self, held):
        async with held:
            return len(await held.read())

    async def close(self):
        await self.session.close()


if __name__ == "__main__":
    run_async(Peer)
