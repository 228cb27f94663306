"""The server beyond the wire: HTTP/1.1 on every address given, until standard input ends."""

import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        """/ok, or the first half of 1000 bytes and no more."""
        length = 1000 if self.path == "/half" else 2
        self.send_response(200)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        if self.path == "/half":
            self.wfile.write(b"x" * 500)
            self.rfile.read(1)  # until the client goes
            self.close_connection = True
        else:
            self.wfile.write(b"ok")

    def do_POST(self) -> None:
        """Takes the body; answers its length."""
        left = int(self.headers["Content-Length"])
        while left > 0 and (piece := self.rfile.read(min(left, 1 << 16))):
            left -= len(piece)
        body = self.headers["Content-Length"].encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    print("started", flush=True)
    sys.stdin.readline()
    device, *addresses = sys.argv[1:]
    for address in addresses:
        subprocess.run(["ip", "addr", "add", f"{address}/24", "dev", device], check=True)
    subprocess.run(["ip", "link", "set", device, "up"], check=True)
    server = ThreadingHTTPServer(("0.0.0.0", 8080), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print("ready", flush=True)
    sys.stdin.readline()


main()
