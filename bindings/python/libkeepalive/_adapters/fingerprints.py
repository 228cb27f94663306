"""Fingerprints of certificates, for hosts that trust by them. The engine's pins are of keys and its authorities are
certificates: what has the fingerprint is looked for once, in the chain that the server shows, and trusted from then on."""

from __future__ import annotations

import base64
import hashlib
import socket
import ssl
from typing import Any

_HASHES = {32: hashlib.md5, 40: hashlib.sha1, 64: hashlib.sha256}


def checked(fingerprint: str) -> str:
    """The fingerprint in small letters without colons; ``ValueError`` where it can be none."""
    bare = fingerprint.replace(":", "").lower()
    if len(bare) not in _HASHES:
        lengths = "', '".join(map(str, _HASHES))
        raise ValueError(f"Fingerprint of invalid length '{len(bare)}', should be one of '{lengths}'")
    bytes.fromhex(bare)
    return bare


def options_of(host: str, port: int, fingerprint: str, cert: Any, limit: float | None) -> dict[str, Any]:
    """Options of a client that trusts who has the certificate with ``fingerprint``, or one that it signed.

    Raises ``OSError`` where the server cannot be asked, and ``ssl.SSLError`` when it shows no such certificate."""
    shown = _chain(host, port, cert, limit)
    digest = _HASHES[len(fingerprint)]
    found = [digest(certificate).hexdigest() for certificate in shown]
    if fingerprint not in found:
        got = '", "'.join(found)
        raise ssl.SSLError(1, f'Fingerprints did not match. Expected "{fingerprint}", got "{got}".')
    at = found.index(fingerprint)
    if at == 0:
        key = hashlib.sha256(public_key(shown[0])).digest()
        pin = "sha256//" + base64.b64encode(key).decode()
        return {"verify": False, "tls_pins": pin}
    return {"ca_pem": ssl.DER_cert_to_PEM_cert(shown[at]), "ca_only": True, "tls_verify_host": False}


def _chain(host: str, port: int, cert: Any, limit: float | None) -> list[bytes]:
    """The certificates that the server shows, its own first."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if cert is not None:
        context.load_cert_chain(*([cert] if isinstance(cert, str) else cert))
    with (
        socket.create_connection((host, port), limit) as plain,
        context.wrap_socket(plain, server_hostname=host) as channel,
    ):
        own = channel.getpeercert(binary_form=True)
        asked: Any = channel
        if not hasattr(asked, "get_unverified_chain"):
            # Before Python 3.13 it is the inner object's.
            asked = asked._sslobj
        rest = [_der(certificate) for certificate in asked.get_unverified_chain() or ()]
    shown = [certificate for certificate in rest if certificate != own]
    return shown if own is None else [own, *shown]


def _der(certificate: Any) -> bytes:
    if isinstance(certificate, bytes):
        return certificate
    # An object of _ssl's, whose constant for DER is 2 (SSL_FILETYPE_ASN1).
    found: bytes = certificate.public_bytes(2)
    return found


def public_key(certificate: bytes) -> bytes:
    """The SubjectPublicKeyInfo of a certificate in DER (RFC 5280 4.1)."""
    start, _, _ = _element(certificate, 0)  # Certificate
    at, _, _ = _element(certificate, start)  # TBSCertificate
    if certificate[at] == 0xA0:  # the version, where it is not the first
        _, at, _ = _element(certificate, at)
    for _ in range(5):  # serial number, algorithm, issuer, validity, subject
        _, at, _ = _element(certificate, at)
    _, end, begin = _element(certificate, at)
    return certificate[begin:end]


def _element(data: bytes, at: int) -> tuple[int, int, int]:
    """Where the content of the element at ``at`` begins and ends, and ``at``."""
    length, begin = data[at + 1], at + 2
    if length & 0x80:
        count = length & 0x7F
        length = int.from_bytes(data[begin : begin + count], "big")
        begin += count
    if begin + length > len(data):
        raise ValueError("the certificate is cut off")
    return begin, begin + length, at
