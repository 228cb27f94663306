"""pycurl: one easy handle, its options set once."""

from io import BytesIO

import pycurl
from harness import run

BULK_BUFFER = 512 * 1024
UPLOAD_BUFFER = 2 * 1024 * 1024  # libcurl's largest


class Peer:
    def __init__(self, options):
        self.curl = curl = pycurl.Curl()
        curl.setopt(pycurl.URL, options.url)
        curl.setopt(pycurl.NOSIGNAL, 1)
        curl.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1)
        if options.ca:
            curl.setopt(pycurl.CAINFO, options.ca)
        if options.length > 16384:
            curl.setopt(pycurl.BUFFERSIZE, BULK_BUFFER)
        if options.upload:
            curl.setopt(pycurl.POSTFIELDS, options.data)
            curl.setopt(pycurl.HTTPHEADER, ["Expect:"])
            if options.upload > 65536:
                curl.setopt(pycurl.UPLOAD_BUFFERSIZE, UPLOAD_BUFFER)
        if options.mode == "stream":
            curl.setopt(pycurl.WRITEFUNCTION, self.count)

    def count(self, piece):
        self.got += len(piece)

    def get(self, url):
        body = BytesIO()
        self.curl.setopt(pycurl.WRITEDATA, body)
        self.curl.perform()
        return len(body.getvalue())

    def stream(self, url):
        self.got = 0
        self.curl.perform()
        return self.got

    def upload(self, url, data):
        return self.get(url)

    def close(self):
        self.curl.close()


run(Peer)
