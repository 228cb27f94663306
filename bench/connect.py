"""A proxy for CONNECT that costs as little as it can: bytes are moved by splice(2), never looked at.

`python3 connect.py` prints its port and ends with its standard input.
"""

import os
import socket
import sys
import threading

HEAD = 64 * 1024
PIECE = 1 << 20


def move(source: socket.socket, sink: socket.socket) -> None:
    """Everything from one to the other, and then its end."""
    receive, send = os.pipe()
    try:
        while count := os.splice(source.fileno(), send, PIECE):
            while count:
                count -= os.splice(receive, sink.fileno(), count)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass
    finally:
        os.close(receive)
        os.close(send)


def serve(client: socket.socket) -> None:
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        piece = client.recv(HEAD)
        if not piece or len(head) > HEAD:
            return
        head += piece
    host, _, port = head.split(b" ", 2)[1].decode().rpartition(":")
    with client, socket.create_connection((host, int(port))) as server:
        for end in (client, server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        back = threading.Thread(target=move, args=(server, client), daemon=True)
        back.start()
        move(client, server)
        back.join()


def main() -> None:
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    print(listener.getsockname()[1], flush=True)

    def accept() -> None:
        while True:
            client, _ = listener.accept()
            threading.Thread(target=serve, args=(client,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    sys.stdin.read()


if __name__ == "__main__":
    main()
