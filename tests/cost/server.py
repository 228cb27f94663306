"""A server whose answers never differ by a byte, and come when so many requests wait that no client
is ever faster or slower than it: what a request then costs does not depend on the machine's load.

Whoever it is asked for, so that it stands for a proxy that forwards, and after the greetings of SOCKS5 for one that
tunnels. `python3 server.py WIDTH` prints its port. It answers when WIDTH requests wait, or when no other has
come for a while, and ends with its standard input.
"""

import selectors
import socket
import sys

BODY = b'{"id":12345,"name":"keep-alive","active":true}\n'
ANSWER = (
    b"HTTP/1.1 200 OK\r\n"
    b"Server: nginx\r\n"
    b"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
    b"Content-Type: application/json\r\n"
    b"Content-Length: 47\r\n"
    b"Connection: keep-alive\r\n"
    b"\r\n" + BODY
)
assert len(BODY) == 47
PATIENCE = 0.05  # seconds: only the last requests of a run are fewer than WIDTH


def main() -> None:
    width = int(sys.argv[1])
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    selector = selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ)
    selector.register(sys.stdin, selectors.EVENT_READ)
    print(listener.getsockname()[1], flush=True)
    waiting: list[socket.socket] = []
    while True:
        events = selector.select(PATIENCE if waiting else None)
        for key, _ in events:
            if key.fileobj is sys.stdin:
                return
            if key.fileobj is listener:
                connection, _ = listener.accept()
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                selector.register(connection, selectors.EVENT_READ)
                continue
            connection = key.fileobj
            assert isinstance(connection, socket.socket)
            try:
                received = connection.recv(65_536)
            except ConnectionResetError:
                received = b""
            if not received:
                selector.unregister(connection)
                connection.close()
            # SOCKS5 (RFC 1928): no authentication; connected.
            if received[:2] == b"\x05\x01" and len(received) == 3:
                connection.sendall(b"\x05\x00")
            elif received[:3] == b"\x05\x01\x00":
                connection.sendall(b"\x05\x00\x00\x01" + bytes(6))
            waiting += [connection] * received.count(b"\r\n\r\n")
        if len(waiting) >= width or not events:
            for connection in waiting:
                connection.sendall(ANSWER)
            waiting.clear()


if __name__ == "__main__":
    main()
