"""pyreqwest.SyncClient."""

from pathlib import Path

from harness import PIECE, run
from pyreqwest.client import SyncClientBuilder


class Peer:
    def __init__(self, options):
        builder = SyncClientBuilder().http1_only().max_connections(options.connections)
        if options.ca:
            builder = builder.add_root_certificate_pem(Path(options.ca).read_bytes())
        self.client = builder.build()

    def get(self, url):
        return len(self.client.get(url).build().send().bytes())

    def stream(self, url):
        got = 0
        with self.client.get(url).build_streamed() as response:
            reader = response.body_reader
            while piece := reader.read(PIECE):
                got += len(piece)
        return got

    def upload(self, url, data):
        return len(self.client.post(url).body_bytes(data).build().send().bytes())

    def close(self):
        self.client.close()


run(Peer)
