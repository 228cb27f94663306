"""http.client of the standard library: one connection."""

import http.client
import ssl
from urllib.parse import urlsplit

from harness import PIECE, run


class Peer:
    def __init__(self, options):
        parts = urlsplit(options.url)
        self.path = parts.path
        if parts.scheme == "https":
            context = ssl.create_default_context(cafile=options.ca)
            self.connection = http.client.HTTPSConnection(
                parts.hostname, parts.port, context=context
            )
        else:
            self.connection = http.client.HTTPConnection(parts.hostname, parts.port)

    def get(self, url):
        self.connection.request("GET", self.path)
        return len(self.connection.getresponse().read())

    def stream(self, url):
        self.connection.request("GET", self.path)
        response = self.connection.getresponse()
        buffer = bytearray(PIECE)
        got = 0
        while count := response.readinto(buffer):
            got += count
        return got

    def upload(self, url, data):
        self.connection.request("POST", self.path, body=data)
        return len(self.connection.getresponse().read())

    def close(self):
        self.connection.close()


run(Peer)
