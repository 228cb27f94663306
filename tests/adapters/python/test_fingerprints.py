"""``ssl_assert_fingerprint`` of elasticsearch and opensearch: of the server's certificate, or of one above it."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import elastic_transport
import opensearchpy.exceptions
import pytest
from elastic_transport import NodeConfig

import libkeepalive.elastic
import libkeepalive.opensearch

END = "-----END CERTIFICATE-----\n"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_arguments: Any) -> None:
        pass


@contextlib.contextmanager
def showing(chain: Path, key: str | Path) -> Iterator[int]:
    """A server that shows these certificates; its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        server.daemon_threads = True
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


@pytest.fixture
def chain(origin: Any, tmp_path: Path) -> Iterator[tuple[int, list[bytes]]]:
    """The port of a server that shows its certificate and its authority's, and these."""
    own = Path(origin.server_cert).read_text().partition(END)[0] + END
    above = Path(origin.ca_file).read_text().partition(END)[0] + END
    file = tmp_path / "chain.pem"
    file.write_text(own + above)
    with showing(file, origin.server_key) as port:
        yield port, [ssl.PEM_cert_to_DER_cert(pem) for pem in (own, above)]


def ask(host: str, port: int, fingerprint: str) -> bytes:
    """The body of an answer, by each of the hosts' classes."""
    if host == "opensearch":
        connection = libkeepalive.opensearch.Connection(
            "127.0.0.1", port, use_ssl=True, ssl_assert_fingerprint=fingerprint
        )
        body: str = connection.perform_request("GET", "/")[2]
        return body.encode()
    config = NodeConfig("https", "127.0.0.1", port, ssl_assert_fingerprint=fingerprint)
    if host == "elastic":
        return libkeepalive.elastic.Node(config).perform_request("GET", "/").body
    return asyncio.run(libkeepalive.elastic.AsyncNode(config).perform_request("GET", "/")).body


HOSTS = pytest.mark.parametrize("host", ["elastic", "elastic-async", "opensearch"])


@HOSTS
def test_what_has_the_fingerprint_is_trusted(chain, host: str) -> None:
    port, certificates = chain
    for certificate in certificates:
        digest = hashlib.sha256(certificate).hexdigest()
        colons = ":".join(digest[at : at + 2] for at in range(0, 64, 2)).upper()
        for fingerprint in (digest, colons, hashlib.sha1(certificate).hexdigest()):
            assert ask(host, port, fingerprint) == b"ok"


@HOSTS
def test_what_has_another_is_not(chain, host: str) -> None:
    port, certificates = chain
    wanted = elastic_transport.TlsError if host != "opensearch" else opensearchpy.exceptions.SSLError
    with pytest.raises(wanted, match="Fingerprints did not match") as raised:
        ask(host, port, "0" * 64)
    assert hashlib.sha256(certificates[1]).hexdigest() in str(raised.value)
    with pytest.raises(ValueError, match="invalid length '4', should be one of '32', '40', '64'"):
        ask(host, port, "00:00")


@HOSTS
def test_an_authority_that_is_only_shown_has_signed_nothing(origin: Any, tmp_path: Path, host: str) -> None:
    # Whoever is on the way can show any certificate behind one of his own.
    key, own = tmp_path / "key.pem", tmp_path / "own.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1", "-days", "2"]
    subprocess.run([*command, "-keyout", key, "-out", own], check=True, capture_output=True)
    above = Path(origin.ca_file).read_text().partition(END)[0] + END
    own.write_text(own.read_text() + above)
    fingerprint = hashlib.sha256(ssl.PEM_cert_to_DER_cert(above)).hexdigest()
    wanted = elastic_transport.TlsError if host != "opensearch" else opensearchpy.exceptions.SSLError
    with showing(own, key) as port, pytest.raises(wanted, match="not trusted|rejected"):
        ask(host, port, fingerprint)


@HOSTS
def test_who_cannot_be_asked(host: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    of_elastic = (elastic_transport.ConnectionError, opensearchpy.exceptions.ConnectionError)
    with pytest.raises(of_elastic[host == "opensearch"]):
        ask(host, port, "0" * 64)
