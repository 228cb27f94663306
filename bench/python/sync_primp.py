"""primp.Client, without impersonation."""

import primp
from harness import PIECE, run


class Peer:
    def __init__(self, options):
        self.client = primp.Client(ca_cert_file=options.ca)

    def get(self, url):
        return len(self.client.get(url).content)

    def stream(self, url):
        with self.client.get(url, stream=True) as response:
            return sum(len(piece) for piece in response.iter_bytes(PIECE))

    def upload(self, url, data):
        return len(self.client.post(url, content=data).content)

    def close(self):
        pass


run(Peer)
