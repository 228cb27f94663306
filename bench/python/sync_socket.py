"""A plain socket: the least Python can do."""

import re
import socket
from urllib.parse import urlsplit

from harness import PIECE, run

LENGTH = re.compile(rb"\r\nContent-Length: (\d+)")


class Peer:
    def __init__(self, options):
        parts = urlsplit(options.url)
        self.socket = socket.create_connection((parts.hostname, parts.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = bytearray(PIECE)
        head = f"{{}} {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
        self.get_head = (head.format("GET") + "\r\n").encode()
        length = f"Content-Length: {options.upload}\r\n\r\n"
        self.post_head = (head.format("POST") + length).encode()

    def head(self):
        """Returns the length of the body and what of it has come already."""
        data = self.socket.recv(65536)
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self.socket.recv(65536)
        return int(LENGTH.search(data, 0, end)[1]), data[end + 4 :]

    def get(self, url):
        self.socket.sendall(self.get_head)
        return self.body()

    def body(self):
        length, start = self.head()
        if len(start) == length:
            return length
        body = bytearray(length)
        got = len(start)
        body[:got] = start
        view = memoryview(body)
        while got < length:
            got += self.socket.recv_into(view[got:])
        return len(body)

    def stream(self, url):
        self.socket.sendall(self.get_head)
        length, start = self.head()
        got = len(start)
        while got < length:
            got += self.socket.recv_into(self.buffer)
        return got

    def upload(self, url, data):
        self.socket.sendall(self.post_head)
        self.socket.sendall(data)
        return self.body()

    def close(self):
        self.socket.close()


run(Peer)
