"""0-RTT against nginx: what travels with the handshake, and what does not."""

from __future__ import annotations

import asyncio
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import libkeepalive

CONFIG = """
daemon off;
pid {work}/nginx.pid;
error_log {work}/error.log warn;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {work}/a; proxy_temp_path {work}/b; fastcgi_temp_path {work}/c;
    uwsgi_temp_path {work}/d; scgi_temp_path {work}/e;
    ssl_certificate {certificate}; ssl_certificate_key {key};
    ssl_protocols TLSv1.3; ssl_session_cache shared:s:1m; ssl_early_data on;
    server {{
        listen 127.0.0.1:{port} ssl;
        location / {{ return 200 "$ssl_early_data$ssl_session_reused"; }}
        location /late {{ if ($ssl_early_data) {{ return 425; }} return 200 "late"; }}
    }}
}}
"""


@pytest.fixture(scope="module")
def nginx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Says of each request whether it came early (1), and whether its session was resumed (r or .)."""
    work = tmp_path_factory.mktemp("nginx")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    cert, key = work / "cert.pem", work / "key.pem"
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    make = ["openssl", "req", "-x509", *curve, *subject, "-keyout", key, "-out", cert]
    subprocess.run(make, check=True, capture_output=True)
    config = work / "nginx.conf"
    config.write_text(
        CONFIG.format(work=work, port=port, certificate=cert, key=key)
    )
    binary = shutil.which("nginx") or "/usr/sbin/nginx"
    log = work / "error.log"
    with subprocess.Popen([binary, "-p", str(work), "-c", str(config), "-e", str(log)]) as process:
        try:
            while True:
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                assert process.poll() is None, Path(log).read_text()
            yield f"https://127.0.0.1:{port}", str(cert)
        finally:
            process.terminate()


def test_what_may_be_done_twice_goes_early(nginx):
    base, ca_file = nginx
    with libkeepalive.Client(ca_file=ca_file, tls_early_data=True) as client:

        def told(method: str, path: str = "/") -> tuple[str, bool]:
            client.network_changed()  # another connection
            response = client.request(method, base + path)
            # What came behind the first answer, new tickets, is read with the second.
            assert client.get(base).info.reused
            assert response.status_code == 200 and response.info.tls is not None
            # nginx says 1 only while the handshake goes on.
            return response.text.removeprefix("1"), response.info.tls.early

        assert told("GET") == (".", False)
        for _ in range(20):
            assert told("GET") == ("r", True)
        assert told("OPTIONS") == ("r", True)
        assert told("POST") == ("r", False)
        # 425, unless the handshake had ended.
        assert told("GET", "/late")[0] == "late"

        async def asynchronous() -> tuple[str, bool]:
            client.network_changed()
            response = await client.aio.get(base)
            assert response.info.tls is not None
            return response.text.removeprefix("1"), response.info.tls.early

        assert asyncio.run(asynchronous()) == ("r", True)
    with libkeepalive.Client(ca_file=ca_file) as client:
        for reused in (".", "r", "r"):
            client.network_changed()
            assert client.get(base).text == reused
