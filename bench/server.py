"""The one server every client is measured against: nginx on loopback, plain and TLS.

The certificate chain is made here by openssl; nothing of it is trusted outside this benchmark.
"""

import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

JSON = b'{"id":12345,"name":"keep-alive","active":true}\n'
assert len(JSON) == 47

KB, MB = 1_000, 1_000_000
FILES = {"10k": 10 * KB, "1m": MB, "100m": 100 * MB}
MAX_FILES = 65_536
FAR = 0.1  # seconds there and back, of a server that is far away

# `return` answers from memory in one write. `mirror` reads a request body whole before the answer,
# which no other module of a stock nginx does; then the static handler refuses POST to the file
# `upload` with 405, which becomes the 200.
CONFIG = """
daemon off;
{user}
worker_processes {workers};
worker_rlimit_nofile {files};
pid {work}/nginx.pid;
error_log {work}/error.log warn;
events {{ worker_connections {connections}; multi_accept on; }}
http {{
    access_log off;
    server_tokens off;
    sendfile on;
    tcp_nopush on;
    keepalive_timeout 3600s;
    keepalive_requests 1000000000;
    client_max_body_size 0;
    client_body_buffer_size 128m;
    client_body_temp_path {work}/body;
    proxy_temp_path {work}/proxy;
    fastcgi_temp_path {work}/fastcgi;
    uwsgi_temp_path {work}/uwsgi;
    scgi_temp_path {work}/scgi;
    open_file_cache max=16;
    default_type application/octet-stream;
    ssl_certificate {work}/server.pem;
    ssl_certificate_key {work}/server.key;
    ssl_protocols TLSv1.3;
    ssl_prefer_server_ciphers on;
    server {{
        listen 127.0.0.1:{plain} backlog=4096 reuseport;
        listen 127.0.0.1:{tls} ssl backlog=4096 reuseport;
        root {work}/files;
        location = /json {{ default_type application/json; return 200 '{json}'; }}
        location = /upload {{
            mirror /nothing;
            mirror_request_body on;
            error_page 405 =200 @taken;
        }}
        location = /nothing {{ internal; return 204; }}
        location @taken {{ default_type application/json; return 200 '{json}'; }}
        location /held/ {{ proxy_pass http://unix:{work}/holder.sock; proxy_buffering off; }}
    }}
}}
"""


class Server:
    """nginx in `work`; a context manager."""

    def __init__(self, work: Path, workers: int | None = None) -> None:
        self.work = work
        # Half of the cores stay with the client.
        self.workers = workers or max(1, (os.cpu_count() or 1) // 2)
        self.plain_port, self.tls_port = free_ports(2)
        self.process: subprocess.Popen[bytes] | None = None
        self.holder: subprocess.Popen[bytes] | None = None
        self.connect: subprocess.Popen[bytes] | None = None
        self.connect_port = 0
        self.delay: subprocess.Popen[bytes] | None = None
        self.far_port = 0
        self.file_limit = raise_file_limit()

    @property
    def ca(self) -> Path:
        """The PEM file of the certificate authority that clients must trust."""
        return self.work / "ca.pem"

    def url(self, path: str, tls: bool = False) -> str:
        """Absolute URL of `path`, an IP literal so that no peer pays for name resolution."""
        scheme, port = ("https", self.tls_port) if tls else ("http", self.plain_port)
        return f"{scheme}://127.0.0.1:{port}{path}"

    def far_url(self, path: str) -> str:
        """The same by a way of `FAR` seconds there and back, without TLS."""
        return f"http://127.0.0.1:{self.far_port}{path}"

    def __enter__(self) -> "Server":
        self.work.mkdir(parents=True, exist_ok=True)
        self._make_files()
        self._make_certificates()
        (self.work / "error.log").write_bytes(b"")
        self._start_holder()
        self._start_connect()
        self._start_delay()
        config = self.work / "nginx.conf"
        config.write_text(
            CONFIG.format(
                work=self.work,
                # The workers read files of this user, whose directories may be closed to others.
                user="user root;" if os.geteuid() == 0 else "",
                workers=self.workers,
                files=self.file_limit,
                connections=self.file_limit,
                plain=self.plain_port,
                tls=self.tls_port,
                # nginx expands \n inside quotes.
                json=JSON.decode().replace("\n", "\\n"),
            )
        )
        nginx = shutil.which("nginx") or "/usr/sbin/nginx"
        self.process = subprocess.Popen(
            [nginx, "-p", str(self.work), "-c", str(config), "-e", str(self.work / "error.log")]
        )
        self._wait_until_listening()
        return self

    def __exit__(self, *_: object) -> None:
        for process in (self.process, self.holder, self.connect, self.delay):
            if process is not None:
                process.send_signal(signal.SIGTERM)
                process.wait(30)

    @property
    def most_connections(self) -> int:
        """Connections that may be held at once: each takes two descriptors of an nginx worker,
        and the kernel spreads them over the workers only roughly evenly."""
        return min(10_000, self.file_limit - 100, int(self.file_limit * self.workers * 0.4))

    def _start_holder(self) -> None:
        path = self.work / "holder.sock"
        path.unlink(missing_ok=True)
        command = [sys.executable, str(Path(__file__).with_name("holder.py")), str(path)]
        self.holder = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert self.holder.stdout is not None
        if self.holder.stdout.readline() != b"ready\n":
            raise SystemExit("the holding upstream does not start")

    def _start_connect(self) -> None:
        command = [sys.executable, str(Path(__file__).with_name("connect.py"))]
        self.connect = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.connect.stdout is not None
        self.connect_port = int(self.connect.stdout.readline())

    def _start_delay(self) -> None:
        script = str(Path(__file__).with_name("delay.py"))
        command = [sys.executable, script, str(self.plain_port), str(FAR)]
        self.delay = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.delay.stdout is not None
        self.far_port = int(self.delay.stdout.readline())

    def _wait_until_listening(self) -> None:
        assert self.process is not None
        while True:
            for port in (self.plain_port, self.tls_port):
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) != 0:
                        break
            else:
                return
            if self.process.poll() is not None:
                raise SystemExit(f"nginx does not start: see {self.work / 'error.log'}")

    def _make_files(self) -> None:
        files = self.work / "files"
        files.mkdir(exist_ok=True)
        (files / "upload").touch()
        for name, size in FILES.items():
            path = files / name
            if not path.exists() or path.stat().st_size != size:
                # Random, so that nothing on the way can profit from compressing it.
                path.write_bytes(os.urandom(size))

    def _make_certificates(self) -> None:
        if (self.work / "server.pem").exists():
            return
        (self.work / "extensions").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        self._openssl("req", "-x509", *key, "-days", "3650", "-subj", "/CN=benchmark CA",
                      "-keyout", "ca.key", "-out", "ca.pem")  # fmt: skip
        self._openssl("req", *key, "-subj", "/CN=localhost",
                      "-keyout", "server.key", "-out", "server.csr")  # fmt: skip
        self._openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
                      "-CAcreateserial", "-days", "3650", "-extfile", "extensions",
                      "-out", "server.pem")  # fmt: skip

    def _openssl(self, *args: str) -> None:
        subprocess.run(["openssl", *args], cwd=self.work, check=True, capture_output=True)


def raise_file_limit() -> int:
    """Allows this process and its children `MAX_FILES` descriptors, or what it may; returns it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (MAX_FILES, max(hard, MAX_FILES)))
    except (ValueError, PermissionError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def free_ports(count: int) -> list[int]:
    """Ports of loopback that nobody listens on now."""
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports
