"""requests.Session with the adapter of libkeepalive.requests; without the look at the environment."""

import requests
from harness import PIECE, run

import libkeepalive.requests


class Peer:
    def __init__(self, options):
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = options.ca or True
        libkeepalive.requests.install(
            self.session, pool_maxsize=options.connections, pool_block=True
        )

    def get(self, url):
        return len(self.session.get(url).content)

    def stream(self, url):
        with self.session.get(url, stream=True) as response:
            return sum(len(piece) for piece in response.iter_content(PIECE))

    def upload(self, url, data):
        return len(self.session.post(url, data=data).content)

    def close(self):
        self.session.close()


run(Peer)
