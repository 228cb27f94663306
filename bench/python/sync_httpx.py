"""httpx.Client."""

import ssl

import httpx
from harness import PIECE, run


class Peer:
    def __init__(self, options):
        limit = options.connections
        self.client = httpx.Client(
            verify=ssl.create_default_context(cafile=options.ca) if options.ca else True,
            trust_env=False,
            limits=httpx.Limits(max_connections=limit, max_keepalive_connections=limit),
        )

    def get(self, url):
        return len(self.client.get(url).content)

    def stream(self, url):
        with self.client.stream("GET", url) as response:
            return sum(len(piece) for piece in response.iter_bytes())

    def upload(self, url, data):
        return len(self.client.post(url, content=data).content)

    def close(self):
        self.client.close()


run(Peer)
