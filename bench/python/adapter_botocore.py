"""boto3's S3 client with the session of libkeepalive.botocore."""

import sync_botocore
from harness import run

import libkeepalive.botocore


class Peer(sync_botocore.Peer):
    def __init__(self, options):
        super().__init__(options)
        libkeepalive.botocore.install(self.client)


run(Peer)
