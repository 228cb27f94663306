"""curl_cffi.Session, without impersonation."""

from curl_cffi import CurlHttpVersion, requests
from harness import run


class Peer:
    def __init__(self, options):
        self.session = requests.Session(
            http_version=CurlHttpVersion.V1_1, verify=options.ca or True, trust_env=False
        )

    def get(self, url):
        return len(self.session.get(url).content)

    def stream(self, url):
        got = 0

        def count(piece):
            nonlocal got
            got += len(piece)
            return len(piece)

        self.session.get(url, content_callback=count)
        return got

    def upload(self, url, data):
        return len(self.session.post(url, data=data).content)

    def close(self):
        self.session.close()


run(Peer)
