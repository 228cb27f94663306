"""elasticsearch 9 on the engine's pool: ``Elasticsearch(url, node_class=libkeepalive.elastic.Node)``.

Needs elastic-transport: ``pip install 'libkeepalive[elastic]'``.
"""

from __future__ import annotations

import contextlib
import gzip
import ssl
import time
import warnings
from typing import Any

from ._adapters import fingerprints
from ._adapters.missing import missing as _missing
from ._adapters.pools import TLS, Pool, of_sdk
from ._aio import _away
from ._errors import TimeoutException
from ._errors import _Failure as Failure
from ._native import __version__

try:
    import elastic_transport
    from elastic_transport import BaseAsyncNode, BaseNode, HttpHeaders, NodeConfig
    from elastic_transport._node import NodeApiResponse
    from elastic_transport.client_utils import DEFAULT, DefaultType, client_meta_version
except ModuleNotFoundError as _error:
    raise _missing("elastic", "elastic", _error) from _error

__all__ = ["AsyncNode", "Node"]


def _pool(config: NodeConfig, base_url: str) -> Pool | None:
    """The pool of a node; ``None`` until the server has shown the certificate with its fingerprint."""
    proxies: dict[str, str | None] = {}  # elastic-transport uses none, whatever the environment says
    if config.scheme != "https":
        return of_sdk(proxies=proxies)
    if config.ssl_assert_fingerprint and config.ssl_assert_hostname:
        raise ValueError("Can't specify both 'ssl_assert_hostname' and 'ssl_assert_fingerprint'")
    others = _of_version(config)
    if config.ssl_assert_fingerprint:
        fingerprints.checked(config.ssl_assert_fingerprint)
        return None
    verify: Any = config.ssl_context
    if verify is None:
        verify = (config.ca_certs or True) if config.verify_certs else False
        assert_hostname: Any = config.ssl_assert_hostname
        if assert_hostname is False:
            others["tls_verify_host"] = False
        elif assert_hostname:
            others["tls_server_name"] = assert_hostname
        if not config.verify_certs and config.ssl_show_warn:
            warnings.warn(
                f"Connecting to {base_url!r} using TLS with verify_certs=False is insecure",
                category=elastic_transport.SecurityWarning,
                stacklevel=4,
            )
    return of_sdk(verify=verify, cert=_cert(config), proxies=proxies, **others)


def _pool_by_fingerprint(config: NodeConfig) -> Pool:
    """Asks the server, on this thread. Raises elastic-transport's errors."""
    wanted = fingerprints.checked(config.ssl_assert_fingerprint or "")
    cert = _cert(config)
    try:
        found = fingerprints.options_of(config.host, config.port, wanted, cert, config.request_timeout)
    except TimeoutError as error:
        raise elastic_transport.ConnectionTimeout(
            f"Connection timed out during request: {error}", errors=(error,)
        ) from error
    except ssl.SSLError as error:
        raise elastic_transport.TlsError(error.args[-1], errors=(error,)) from error
    except OSError as error:
        raise elastic_transport.ConnectionError(str(error), errors=(error,)) from error
    return of_sdk(cert=cert, proxies={}, **found, **_of_version(config))


def _cert(config: NodeConfig) -> Any:
    if config.client_cert and config.client_key:
        return config.client_cert, config.client_key
    return config.client_cert or None


def _of_version(config: NodeConfig) -> dict[str, Any]:
    if config.ssl_version is None or _version(config.ssl_version) != ssl.TLSVersion.TLSv1_3:
        return {}
    return {"tls_min_version": "1.3"}


def _version(given: Any) -> ssl.TLSVersion:
    """The oldest version of TLS that is spoken, as elastic-transport has it said; of those below 1.2 none is."""
    with contextlib.suppress(KeyError, TypeError):
        return _VERSIONS[given]
    raise ValueError(
        f"Unsupported value for 'ssl_version': {given!r}. Must be either "
        "'ssl.PROTOCOL_TLSvX' or 'ssl.TLSVersion.TLSvX'"
    )


_VERSIONS: dict[Any, ssl.TLSVersion] = {
    **{version: version for version in ssl.TLSVersion if version >= ssl.TLSVersion.TLSv1},
    ssl.PROTOCOL_TLSv1: ssl.TLSVersion.TLSv1,
    ssl.PROTOCOL_TLSv1_1: ssl.TLSVersion.TLSv1_1,
    ssl.PROTOCOL_TLSv1_2: ssl.TLSVersion.TLSv1_2,
}


def _host_error(error: Failure) -> elastic_transport.TransportError:
    if isinstance(error, TimeoutException):
        return elastic_transport.ConnectionTimeout(
            f"Connection timed out during request: {error}", errors=(error,)
        )
    if error.kind in TLS:
        return elastic_transport.TlsError(str(error), errors=(error,))
    return elastic_transport.ConnectionError(str(error), errors=(error,))


class _Sending:
    """What both nodes do around a request."""

    _CLIENT_META_HTTP_CLIENT = ("ka", client_meta_version(__version__))

    def __init__(self, config: NodeConfig) -> None:
        super().__init__(config)  # type: ignore[call-arg]
        node: Any = self
        self._engine = _pool(config, node.base_url)

    def _arguments(self, target: str, body: bytes | None, headers: Any, limit: Any) -> Any:
        node: Any = self
        fields = node._headers.copy()
        fields.update(headers or {})
        content = body
        if body and node._http_compress:
            content = gzip.compress(body)
            fields["content-encoding"] = "gzip"
        arguments: dict[str, Any] = {
            "headers": dict(fields),
            "decode": True,
            "timeout": node.config.request_timeout if limit is DEFAULT else limit,
            "raw_target": (node.path_prefix + target) or "/",
        }
        if content:
            arguments["content"] = content
        host = f"[{node.host}]" if ":" in node.host else node.host
        return f"{node.scheme}://{host}:{node.port}/", arguments, fields

    def _answer(
        self, sent: tuple[str, str, Any, bytes | None], start: float, response: Any
    ) -> NodeApiResponse:
        node: Any = self
        method, target, fields, body = sent
        meta = elastic_transport.ApiResponseMeta(
            response.status_code,
            response.http_version.removeprefix("HTTP/"),
            HttpHeaders(response.headers.items()),
            time.perf_counter() - start,
            node.config,
        )
        node._log_request(
            method=method,
            target=target,
            headers=fields,
            body=body,
            meta=meta,
            response=response.content,
        )
        return NodeApiResponse(meta, response.content)

    def _failed(
        self, sent: tuple[str, str, Any, bytes | None], failure: Failure
    ) -> elastic_transport.TransportError:
        node: Any = self
        method, target, fields, body = sent
        error = _host_error(failure)
        node._log_request(method=method, target=target, headers=fields, body=body, exception=error)
        return error


class Node(_Sending, BaseNode):
    """A node for ``Elasticsearch(node_class=...)``.

    Takes what ``config``, a ``NodeConfig``, says, except ``connections_per_node``: connections are the process's.
    With ``ssl_assert_fingerprint`` the server's certificates are looked at once, before the first request. Errors
    are elastic-transport's. Any number of
    threads may use one at once.

    ::

        client = Elasticsearch("https://localhost:9200", node_class=libkeepalive.elastic.Node)
    """

    def perform_request(
        self,
        method: str,
        target: str,
        body: bytes | None = None,
        headers: HttpHeaders | None = None,
        request_timeout: DefaultType | float | None = DEFAULT,
    ) -> NodeApiResponse:
        """Sends it; the body of the answer is decoded. ``request_timeout``: seconds for each phase."""
        url, arguments, fields = self._arguments(target, body, headers, request_timeout)
        sent, start = (method, target, fields, body), time.perf_counter()
        try:
            engine = self._engine
            if engine is None:
                engine = self._engine = _pool_by_fingerprint(self.config)
            response = engine.client.request(method, url, **arguments)
        except Failure as failure:
            raise self._failed(sent, failure) from failure
        return self._answer(sent, start, response)

    def close(self) -> None:
        """Connections stay for others."""


class AsyncNode(_Sending, BaseAsyncNode):
    """The same for ``AsyncElasticsearch(node_class=...)``, on asyncio and trio; arguments as of ``Node``.

    ::

        client = AsyncElasticsearch("https://localhost:9200", node_class=libkeepalive.elastic.AsyncNode)
    """

    async def perform_request(  # type: ignore[override]
        self,
        method: str,
        target: str,
        body: bytes | None = None,
        headers: HttpHeaders | None = None,
        request_timeout: DefaultType | float | None = DEFAULT,
    ) -> NodeApiResponse:
        """Sends it; the body of the answer is decoded. ``request_timeout``: seconds for each phase."""
        url, arguments, fields = self._arguments(target, body, headers, request_timeout)
        sent, start = (method, target, fields, body), time.perf_counter()
        try:
            engine = self._engine
            if engine is None:
                engine = self._engine = await _away(lambda: _pool_by_fingerprint(self.config))
            response = await engine.aio.request(method, url, **arguments)
        except Failure as failure:
            raise self._failed(sent, failure) from failure
        return self._answer(sent, start, response)

    async def close(self) -> None:  # type: ignore[override]
        """Connections stay for others."""
