"""libkeepalive.Client."""

import libkeepalive
from harness import run


class Peer:
    def __init__(self, options):
        limits = {"max_per_host": max(64, options.connections)}
        if options.mode == "idle":
            limits["max_total"] = options.connections
        if options.ca:
            limits["verify"] = options.ca
        self.client = libkeepalive.Client(**limits)

    def get(self, url):
        return len(self.client.get(url).content)

    def stream(self, url):
        with self.client.stream("GET", url) as response:
            return sum(len(piece) for piece in response.iter_bytes())

    def upload(self, url, data):
        return len(self.client.post(url, content=data).content)

    def hold(self, url):
        held = self.client.stream("GET", url)
        return held, held.__enter__()

    def release(self, held):
        manager, response = held
        length = len(response.read())
        manager.__exit__(None, None, None)
        return length

    def close(self):
        self.client.close()


run(Peer)
