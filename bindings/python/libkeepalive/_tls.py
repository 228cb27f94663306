"""What an ``ssl.SSLContext`` says, as options of a client."""

from __future__ import annotations

import ssl
from typing import Any

#: What no system's trust has.
_CRL = ssl.VERIFY_CRL_CHECK_LEAF | ssl.VERIFY_CRL_CHECK_CHAIN


def carried(context: ssl.SSLContext) -> dict[str, Any] | str:
    """Options that stand for ``context`` as it is now, or what of it cannot be taken over.

    A context does not tell of client certificates that were loaded into it. One without any authority
    of its own is taken to trust the system's: contexts with the default paths report none before
    OpenSSL has looked there.
    """
    if problem := _problem(context):
        return problem
    if context.verify_mode == ssl.CERT_NONE:
        options: dict[str, Any] = {"tls_verify": False}
    else:
        options = {"tls_verify_host": context.check_hostname}
        if authorities := context.get_ca_certs(binary_form=True):
            options["ca_pem"] = "".join(map(ssl.DER_cert_to_PEM_cert, authorities))
            options["ca_only"] = True
    oldest, newest = _versions(context)
    if oldest > ssl.TLSVersion.TLSv1_3 or newest < ssl.TLSVersion.TLSv1_2 or oldest > newest:
        return "the context allows neither TLS 1.2 nor 1.3 (minimum_version, maximum_version)"
    if oldest == ssl.TLSVersion.TLSv1_3:
        options["tls_min_version"] = "1.3"
    if newest == ssl.TLSVersion.TLSv1_2:
        options["tls_max_version"] = "1.2"
    if context.keylog_filename is not None:
        options["keylog_file"] = context.keylog_filename
    return options


def _problem(context: ssl.SSLContext) -> str | None:
    if context.protocol == ssl.PROTOCOL_TLS_SERVER:
        return "the context is for servers (PROTOCOL_TLS_SERVER)"
    if context.sni_callback is not None:
        return "sni_callback of the context cannot be taken over"
    if context.verify_flags & _CRL:
        return "verify_flags of the context ask for revocation lists, which are not looked at"
    usual = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if _ciphers(context) != _ciphers(usual):
        return "ciphers of the context were changed (set_ciphers), which cannot be taken over"
    level = getattr(context, "security_level", None)
    if level != getattr(usual, "security_level", None):
        return "security_level of the context was changed, which cannot be taken over"
    return None


def _ciphers(context: ssl.SSLContext) -> set[str]:
    return {cipher["name"] for cipher in context.get_ciphers()}


def _versions(context: ssl.SSLContext) -> tuple[int, int]:
    """The oldest and the newest version, as numbers on the wire."""
    oldest: int = max(context.minimum_version, ssl.TLSVersion.TLSv1_2)
    newest: int = context.maximum_version
    if newest == ssl.TLSVersion.MAXIMUM_SUPPORTED:
        newest = ssl.TLSVersion.TLSv1_3
    if context.options & ssl.OP_NO_TLSv1_3:
        newest = min(newest, ssl.TLSVersion.TLSv1_2)
    if context.options & ssl.OP_NO_TLSv1_2:
        oldest = max(oldest, ssl.TLSVersion.TLSv1_3)
    return oldest, newest
