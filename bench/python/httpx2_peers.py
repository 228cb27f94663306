"""httpx2 by its own transports, and by those of libkeepalive.httpx2."""

import ssl

import httpx2
from harness import PIECE


def _options(options, transport):
    limits = httpx2.Limits(
        max_connections=options.connections, max_keepalive_connections=options.connections
    )
    if transport is httpx2.HTTPTransport or transport is httpx2.AsyncHTTPTransport:
        verify = ssl.create_default_context(cafile=options.ca) if options.ca else True
    else:
        verify = options.ca or True
    made = transport(verify=verify, trust_env=False, limits=limits)
    return {"transport": made, "trust_env": False, "timeout": 60}


class Sync:
    transport = httpx2.HTTPTransport

    def __init__(self, options):
        self.client = httpx2.Client(**_options(options, self.transport))

    def get(self, url):
        return len(self.client.get(url).content)

    def stream(self, url):
        with self.client.stream("GET", url) as response:
            return sum(len(piece) for piece in response.iter_bytes(PIECE))

    def upload(self, url, data):
        return len(self.client.post(url, content=data).content)

    def close(self):
        self.client.close()


class Async:
    transport = httpx2.AsyncHTTPTransport

    def __init__(self, options):
        self.client = httpx2.AsyncClient(**_options(options, self.transport))

    async def get(self, url):
        return len((await self.client.get(url)).content)

    async def close(self):
        await self.client.aclose()
