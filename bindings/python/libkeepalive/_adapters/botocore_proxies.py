"""botocore's ``proxies_config``, as far as the engine has it: a proxy and the server behind it have one trust."""

from __future__ import annotations

import os
import ssl
from pathlib import Path
from typing import Any

from botocore.exceptions import InvalidProxiesConfigError
from botocore.httpsession import get_cert_path


def forwards_https(settings: dict[str, Any], proxy: str | None) -> bool:
    """Whether ``proxy`` gets requests for https to send them on itself: as to botocore, only one that is spoken
    to by TLS."""
    return _is_secure(proxy) and bool(settings.get("proxy_use_forwarding_for_https"))


def check(settings: dict[str, Any], proxy: str | None, verify: Any, cert: Any) -> None:
    """Raises ``ValueError`` when the TLS of an https proxy is to be another than that of the server behind it.

    A proxy without TLS has no use for either setting."""
    if not _is_secure(proxy):
        return
    bundle, own = settings.get("proxy_ca_bundle"), settings.get("proxy_client_cert")
    name = None
    if bundle is not None and not (verify and _is_same(bundle, get_cert_path(verify))):
        name = "proxy_ca_bundle"
    elif own is not None and _pair(own) != _pair(cert):
        name = "proxy_client_cert"
    if name is not None:
        raise ValueError(
            f"proxies_config: {name}: libkeepalive trusts an https proxy as it trusts the server behind it, and "
            "shows both the same certificate; expected what verify and client_cert say, or a client with the "
            "trust of both (libkeepalive.botocore.install(aws, client))"
        )


def of_forwarding(settings: dict[str, Any], verify: Any) -> tuple[Any, Any]:
    """Trust and certificate for a proxy that is the only one TLS is spoken with."""
    bundle = settings.get("proxy_ca_bundle")
    return (verify if bundle is None else bundle), _pair(settings.get("proxy_client_cert"))


def load(settings: dict[str, Any]) -> None:
    """Raises botocore's exception for files that cannot be used."""
    bundle, cert = settings.get("proxy_ca_bundle"), _pair(settings.get("proxy_client_cert"))
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if bundle is not None:
            context.load_verify_locations(cafile=bundle)
        if cert is not None:
            context.load_cert_chain(*cert)
    except OSError as error:
        raise InvalidProxiesConfigError(error=error) from error


def _is_secure(proxy: str | None) -> bool:
    return (proxy or "").lower().startswith("https:")


def _pair(cert: Any) -> tuple[str, str | None] | None:
    """Files of certificate and key."""
    if isinstance(cert, str):
        return cert, None
    return None if cert is None else tuple(cert)


def _is_same(one: str, other: str) -> bool:
    try:
        return os.path.samefile(one, other) or Path(one).read_bytes() == Path(other).read_bytes()
    except OSError:
        return one == other
