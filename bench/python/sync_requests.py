"""requests.Session; without the look at the environment that it makes for every request."""

import requests
from harness import PIECE, run
from requests.adapters import HTTPAdapter


class Peer:
    adapter = HTTPAdapter

    def __init__(self, options):
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = options.ca or True
        adapter = self.adapter(pool_maxsize=options.connections, pool_block=True)
        self.session.mount("http://", adapter)
        self.session.mount("https://", adapter)

    def get(self, url):
        return len(self.session.get(url).content)

    def stream(self, url):
        with self.session.get(url, stream=True) as response:
            return sum(len(piece) for piece in response.iter_content(PIECE))

    def upload(self, url, data):
        return len(self.session.post(url, data=data).content)

    def close(self):
        self.session.close()


if __name__ == "__main__":
    run(Peer)
