"""niquests.Session, kept to HTTP/1.1."""

import niquests
from harness import PIECE, run


class Peer:
    def __init__(self, options):
        self.session = niquests.Session(
            disable_http2=True, disable_http3=True, pool_maxsize=options.connections
        )
        self.session.trust_env = False
        self.session.verify = options.ca or True

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
