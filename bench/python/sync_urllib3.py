"""urllib3.PoolManager."""

import urllib3
from harness import PIECE, run


class Peer:
    manager = urllib3.PoolManager

    def __init__(self, options):
        self.pool = self.manager(maxsize=options.connections, block=True, ca_certs=options.ca)

    def get(self, url):
        return len(self.pool.request("GET", url).data)

    def stream(self, url):
        response = self.pool.request("GET", url, preload_content=False)
        got = sum(len(piece) for piece in response.stream(PIECE))
        response.release_conn()
        return got

    def upload(self, url, data):
        return len(self.pool.request("POST", url, body=data).data)

    def close(self):
        self.pool.clear()


if __name__ == "__main__":
    run(Peer)
