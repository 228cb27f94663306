"""``assert_fingerprint`` is of a certificate, the engine's pins are of its key: the certificate that has the
fingerprint is fetched once, on a connection of urllib3's own, and its key is what is trusted from then on."""

from __future__ import annotations

import base64
import hashlib
import os
import threading
from typing import TYPE_CHECKING, Any

from urllib3.connection import HTTPSConnection as HostConnection

from .._errors import InvalidArgument
from .fingerprints import public_key

if TYPE_CHECKING:
    from .urllib3_connection import HTTPSConnection

_lock = threading.Lock()
_pins: dict[tuple[str, int, str], str] = {}

#: Most fingerprints remembered.
KEPT = 1024


def _renew() -> None:
    global _lock
    _lock = threading.Lock()


# In a child that was forked while a thread held it.
os.register_at_fork(after_in_child=_renew)


def pin_of(connection: HTTPSConnection, fingerprint: str) -> str:
    """The pin of the key whose certificate, shown by the server of ``connection``, has ``fingerprint``.

    Raises what urllib3 raises when it cannot be reached, or shows another."""
    if connection.proxy is not None:
        raise InvalidArgument(
            "assert_fingerprint: cannot be carried over for a server behind a proxy; trust its authority "
            "by ca_certs"
        )
    place = (connection._dns_host, connection.port, fingerprint.replace(":", "").lower())
    pin = _pins.get(place)
    if pin is None:
        pin = _fetched(connection, fingerprint)
        with _lock:
            while len(_pins) >= KEPT:
                del _pins[next(iter(_pins))]
            _pins[place] = pin
    return pin


def forget(connection: HTTPSConnection) -> None:
    """The server has another key than it had."""
    with _lock:
        for place in [place for place in _pins if place[:2] == (connection._dns_host, connection.port)]:
            del _pins[place]


def _fetched(connection: HTTPSConnection, fingerprint: str) -> str:
    probe = HostConnection(
        connection._dns_host,
        connection.port,
        timeout=connection.timeout,
        cert_reqs="CERT_NONE",
        assert_fingerprint=fingerprint,
        server_hostname=connection.server_hostname,
        cert_file=connection.cert_file,
        key_file=connection.key_file,
        key_password=connection.key_password,
    )
    try:
        probe.connect()
        channel: Any = probe.sock
        certificate = channel.getpeercert(binary_form=True)
    finally:
        probe.close()
    digest = hashlib.sha256(public_key(certificate)).digest()
    return "sha256//" + base64.b64encode(digest).decode()
