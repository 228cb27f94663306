"""What a urllib3 connection says about TLS, as a client of the engine.

Connections that say the same share a client, and so a pool; the usual trust is the process's client."""

from __future__ import annotations

import os
import ssl
import threading
import weakref
from collections import OrderedDict
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from urllib3.exceptions import SSLError
from urllib3.util.ssl_ import resolve_cert_reqs, resolve_ssl_version

from .. import _tls
from .._errors import InvalidArgument
from .._native import Client
from . import clients, pools
from .urllib3_pins import pin_of

if TYPE_CHECKING:
    from .urllib3_connection import HTTPSConnection

#: Clients kept although no connection object refers to them: `requests.get()` makes and drops its pools.
KEPT = 64

_lock = threading.Lock()
_clients: OrderedDict[Any, Client] = OrderedDict()
_contexts: weakref.WeakKeyDictionary[ssl.SSLContext, tuple[Any, dict[str, Any]]] = (
    weakref.WeakKeyDictionary()
)


def _renew() -> None:
    global _lock
    _lock = threading.Lock()


# In a child that was forked while a thread held it.
os.register_at_fork(after_in_child=_renew)


def client_of(connection: Any) -> Client:
    """The client that trusts whom ``connection`` trusts, and shows its certificate.

    ``InvalidArgument`` names what of it this library cannot do; ``OSError`` and urllib3's ``SSLError`` are
    for files, as in urllib3."""
    options = options_of(connection)
    if not options:
        return clients.usual()
    if options == {"tls_verify": False}:
        return clients.unverified()
    # A file that was replaced is another trust.
    key = tuple((name, options[name], _stamp(name, options[name])) for name in sorted(options))
    with _lock:
        client = _clients.get(key)
        if client is not None:
            _clients.move_to_end(key)
            return client
    client = _made(dict(options))
    with _lock:
        client = _clients.setdefault(key, client)
        while len(_clients) > KEPT:
            _clients.popitem(last=False)
    return client


def _made(options: dict[str, Any]) -> Client:
    # As contexts of urllib3's do.
    options.setdefault("keylog_file", os.environ.get("SSLKEYLOGFILE") or None)
    try:
        return pools.Pool({**clients.OPTIONS, **options}).client
    except InvalidArgument as error:
        raise SSLError(ssl.SSLError(1, str(error))) from error


def proxy_policy(connection: HTTPSConnection) -> Any:
    """What a connection says about the certificate of its proxy, as urllib3 reads it."""
    config = connection.proxy_config
    own = None if config is None else config.ssl_context
    policy = SimpleNamespace(
        _dns_host=connection._dns_host,
        port=connection.port,
        proxy=None,
        timeout=connection.timeout,
        ssl_context=own or (connection.ssl_context if connection.proxy_is_forwarding else None),
        cert_reqs=own.verify_mode if own is not None else connection.cert_reqs,
        assert_hostname=config and config.assert_hostname,
        assert_fingerprint=config and config.assert_fingerprint,
        server_hostname=None,
        cert_file=None,
        key_file=None,
        key_password=None,
    )
    for name in ("ca_certs", "ca_cert_dir", "ca_cert_data"):
        setattr(policy, name, None if own is not None else getattr(connection, name))
    for name in ("ssl_version", "ssl_minimum_version", "ssl_maximum_version"):
        setattr(policy, name, None if own is not None else getattr(connection, name))
    return policy


def refuse_other_proxy_policy(connection: HTTPSConnection) -> None:
    """The proxy of a tunnel is verified like the server behind it."""
    own = options_of(proxy_policy(connection))
    servers = options_of(connection)
    for name in ("client_cert_file", "client_key_file", "client_key_password"):
        servers.pop(name, None)
    if own != servers:
        config = connection.proxy_config
        named = [
            f"proxy_{name}"
            for name in ("ssl_context", "assert_hostname", "assert_fingerprint")
            if getattr(config, name, None) is not None
        ]
        raise InvalidArgument(
            f"{', '.join(named) or 'server_hostname'}: behind an https proxy the server is verified with "
            "what the proxy is verified with; give both the same"
        )


def options_of(connection: Any) -> dict[str, Any]:
    """The options of a client that stand for the TLS parts of ``connection``; none for the usual trust."""
    options: dict[str, Any] = {}
    context = connection.ssl_context
    if context is not None:
        options.update(_of_context(context))
    _add_authorities(connection, options)
    _add_versions(connection, options)
    reqs = resolve_cert_reqs(connection.cert_reqs)
    fingerprint = connection.assert_fingerprint
    if fingerprint:
        # The key of the certificate that has it is all that is trusted.
        options["tls_pins"] = pin_of(connection, fingerprint)
        options["tls_verify_host"] = False
    elif connection.assert_hostname is False:
        options["tls_verify_host"] = False
    if reqs == ssl.CERT_NONE:
        for name in ("ca_file", "ca_dir", "ca_pem", "ca_only", "tls_verify_host"):
            options.pop(name, None)
        options["tls_verify"] = False
    server_name = _name(connection)
    if server_name is not None:
        options["tls_server_name"] = server_name
    if connection.cert_file:
        options["client_cert_file"] = _readable(connection.cert_file)
        if connection.key_file:
            options["client_key_file"] = _readable(connection.key_file)
        if connection.key_password is not None:
            options["client_key_password"] = connection.key_password
    return options


def _name(connection: Any) -> str | None:
    asserted: str | None = connection.assert_hostname
    asked: str | None = connection.server_hostname
    if not asserted or connection.assert_fingerprint:
        return asked
    if asked is not None and asked != asserted:
        raise InvalidArgument(
            "server_hostname and assert_hostname: they differ, and the name that is asked for is the one "
            "that the certificate has to be for; give one of them"
        )
    return asserted


def _add_authorities(connection: Any, options: dict[str, Any]) -> None:
    if connection.ca_certs:
        options["ca_file"] = _authority(connection.ca_certs)
    if connection.ca_cert_dir:
        options["ca_dir"] = _authority(connection.ca_cert_dir)
    if connection.ca_cert_data:
        data = connection.ca_cert_data
        pem = data if isinstance(data, str) else ssl.DER_cert_to_PEM_cert(data)
        options["ca_pem"] = options.get("ca_pem", "") + pem
    if not options.keys().isdisjoint(("ca_file", "ca_dir", "ca_pem")):
        options["ca_only"] = True


def _add_versions(connection: Any, options: dict[str, Any]) -> None:
    version: Any = connection.ssl_version
    oldest: Any = connection.ssl_minimum_version
    newest: Any = connection.ssl_maximum_version
    if connection.ssl_context is not None:
        return  # urllib3 does not look at them then
    if version is not None:
        version = resolve_ssl_version(version)
        if version == ssl.PROTOCOL_TLSv1_2:
            oldest = newest = ssl.TLSVersion.TLSv1_2
        elif version not in (ssl.PROTOCOL_TLS, ssl.PROTOCOL_TLS_CLIENT):
            raise InvalidArgument(
                "ssl_version: neither SSL nor TLS 1.0 and 1.1 are spoken; TLS 1.2 and 1.3 are"
            )
    if newest is not None and newest > 0:
        if newest < ssl.TLSVersion.TLSv1_2:
            raise InvalidArgument(
                "ssl_maximum_version: neither SSL nor TLS 1.0 and 1.1 are spoken; TLS 1.2 and 1.3 are"
            )
        if newest == ssl.TLSVersion.TLSv1_2:
            options["tls_max_version"] = "1.2"
    if oldest is not None and oldest == ssl.TLSVersion.TLSv1_3:
        options["tls_min_version"] = "1.3"


def _of_context(context: ssl.SSLContext) -> dict[str, Any]:
    """What a context says beside verify_mode and check_hostname, which urllib3 sets."""
    state = (
        context.verify_flags,
        context.options,
        context.minimum_version,
        context.maximum_version,
        context.keylog_filename,
        tuple(sorted(context.cert_store_stats().items())),
    )
    with _lock:
        known = _contexts.get(context)
    if known is not None and known[0] == state:
        return known[1]
    carried = _tls.carried(context)
    if isinstance(carried, str):
        raise InvalidArgument(f"ssl_context: {carried}")
    options = {
        name: value
        for name, value in carried.items()
        if name not in ("tls_verify", "tls_verify_host", "ca_pem", "ca_only")
    }
    if authorities := context.get_ca_certs(binary_form=True):
        options["ca_pem"] = "".join(map(ssl.DER_cert_to_PEM_cert, authorities))
    with _lock:
        _contexts[context] = (state, options)
    return options


def _stamp(name: str, value: Any) -> Any:
    if name not in ("ca_file", "ca_dir", "client_cert_file", "client_key_file"):
        return None
    try:
        status = os.stat(value)
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns


def _authority(path: str) -> str:
    """The path, if it can be read; what urllib3 raises if not."""
    try:
        return _readable(path)
    except OSError as error:
        raise SSLError(error) from error


def _readable(path: str) -> str:
    if not os.path.isdir(path):
        with open(path, "rb"):
            pass
    return path
