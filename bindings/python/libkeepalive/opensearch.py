"""opensearch-py on the engine's pool: ``OpenSearch(hosts, connection_class=libkeepalive.opensearch.Connection)``.

Needs opensearch-py: ``pip install 'libkeepalive[opensearch]'``.
"""

from __future__ import annotations

import ssl
import time
import warnings
from base64 import b64encode
from collections.abc import Callable, Collection, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from ._adapters import fingerprints
from ._adapters.missing import missing as _missing
from ._adapters.pools import TLS, Pool, of_sdk
from ._errors import TimeoutException
from ._errors import _Failure as Failure

try:
    import opensearchpy
    from opensearchpy import exceptions
    from opensearchpy.connection.base import Connection as _Connection
except ModuleNotFoundError as _error:
    raise _missing("opensearch", "opensearch", _error) from _error

__all__ = ["Connection"]


class Connection(_Connection):
    """A connection class for ``OpenSearch``, with the arguments of ``Urllib3HttpConnection``.

    ``http_auth``: ``"user:password"``, a pair, or a signer (a function of method, URL and body that gives
    fields). ``ssl_assert_fingerprint``: of the server's certificate or of one that signed it, which are looked at
    once, before the first request. ``pool_maxsize`` is not looked at: connections are the process's. Errors are opensearch-py's. Any
    number of threads may use one at once.

    ::

        client = OpenSearch("https://localhost:9200", connection_class=libkeepalive.opensearch.Connection)
    """

    def __init__(
        self,
        host: str = "localhost",
        port: int | None = None,
        http_auth: Any = None,
        use_ssl: bool = False,
        verify_certs: bool = True,
        ssl_show_warn: bool = True,
        ca_certs: str | None = None,
        client_cert: str | None = None,
        client_key: str | None = None,
        ssl_context: Any = None,
        ssl_assert_hostname: Any = None,
        ssl_assert_fingerprint: Any = None,
        pool_maxsize: int | None = None,
        headers: dict[str, str] | None = None,
        http_compress: bool | None = None,
        opaque_id: str | None = None,
        metrics: Any = None,
        proxies: Mapping[str, str] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(
            host=host,
            port=port,
            use_ssl=use_ssl,
            headers=headers,
            http_compress=http_compress,
            opaque_id=opaque_id,
            **options,
        )
        self.metrics: Any = metrics if metrics is not None else opensearchpy.MetricsNone()
        self._signer: Callable[..., Mapping[str, str]] | None = None
        self._authorize(http_auth)
        others: dict[str, Any] = {}
        if ssl_assert_hostname is False:
            others["tls_verify_host"] = False
        elif ssl_assert_hostname:
            others["tls_server_name"] = ssl_assert_hostname
        cert: Any = (client_cert, client_key) if client_cert and client_key else client_cert
        self._fingerprint: str | None = None
        if ssl_assert_fingerprint and self.use_ssl:
            if proxies:
                reason = "ssl_assert_fingerprint: cannot be looked at through a proxy; ca_certs can name the certificate"
                raise exceptions.ImproperlyConfigured(reason)
            self._fingerprint = fingerprints.checked(ssl_assert_fingerprint)
        self._cert = cert
        #: ``None`` until the server has shown the certificate with the fingerprint.
        self._engine: Pool | None = None
        if self._fingerprint is None:
            self._engine = of_sdk(
                verify=self._trust(verify_certs, ca_certs, ssl_context, ssl_show_warn),
                cert=cert,
                proxies=dict(proxies or {}),
                **others,
            )

    def _by_fingerprint(self) -> Pool:
        parts = urlsplit(self.host)
        place = parts.hostname or "", parts.port or 443
        try:
            found = fingerprints.options_of(*place, self._fingerprint or "", self._cert, self.timeout)
        except TimeoutError as error:
            raise exceptions.ConnectionTimeout("TIMEOUT", str(error), error) from error
        except ssl.SSLError as error:
            raise exceptions.SSLError("N/A", str(error.args[-1]), error) from error
        except OSError as error:
            raise exceptions.ConnectionError("N/A", str(error), error) from error
        return of_sdk(cert=self._cert, proxies={}, **found)

    def _authorize(self, auth: Any) -> None:
        if callable(auth):
            self._signer = auth
        elif auth is not None:
            text = auth if isinstance(auth, str) else ":".join(auth)
            self.headers["authorization"] = f"Basic {b64encode(text.encode()).decode()}"

    def _trust(self, verify: bool, ca_certs: str | None, context: Any, warn: bool) -> Any:
        if not self.use_ssl:
            return True
        if context is not None:
            return context
        if verify:
            return ca_certs or True
        if ca_certs:
            raise exceptions.ImproperlyConfigured(
                "You cannot pass CA certificates when verify SSL is off."
            )
        if warn:
            warnings.warn(
                f"Connecting to {self.host} using SSL with verify_certs=False is insecure.",
                stacklevel=4,
            )
        return False

    def perform_request(
        self,
        method: str,
        url: str,
        params: Mapping[str, Any] | None = None,
        body: bytes | None = None,
        timeout: float | None = None,
        ignore: Collection[int] = (),
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Sends it; status, fields and body as text. ``timeout``: seconds for each phase."""
        target = self.url_prefix + url
        if params:
            target = f"{target}?{urlencode(params)}"
        full = self.host + target
        fields: dict[str, Any] = {**self.headers, **(headers or {})}
        content = body
        if self.http_compress and body:
            content = self._gzip_compress(body)
            fields["content-encoding"] = "gzip"
        if self._signer is not None:
            fields.update(self._signer(method, full, content))
        arguments: dict[str, Any] = {
            "headers": fields,
            "raw_target": target,
            "timeout": timeout or self.timeout,
            "decode": True,
        }
        if content:
            arguments["content"] = content
        start = time.time()
        try:
            self.metrics.request_start()
            if self._engine is None:
                self._engine = self._by_fingerprint()
            response = self._engine.client.request(method, self.host + "/", **arguments)
        except Failure as error:
            self.log_request_fail(
                method, full, target, body, time.time() - start, exception=error
            )
            raise _host_error(error) from error
        finally:
            self.metrics.request_end()
        return self._answer(response, (method, full, target, body), time.time() - start, ignore)

    def _answer(
        self, response: Any, sent: tuple[Any, ...], duration: float, ignore: Collection[int]
    ) -> Any:
        method, full, target, body = sent
        status, fields = response.status_code, response.headers
        text = response.content.decode("utf-8", "surrogatepass")
        self._raise_warnings(fields.get_list("warning"))
        if not 200 <= status < 300 and status not in ignore:
            self.log_request_fail(method, full, target, body, duration, status, text)
            self._raise_error(status, text, fields.get("content-type"))
        self.log_request_success(method, full, target, body, status, text, duration)
        return status, fields, text

    def close(self) -> None:
        """Connections stay for others."""


def _host_error(error: Failure) -> exceptions.ConnectionError:
    if isinstance(error, TimeoutException):
        return exceptions.ConnectionTimeout("TIMEOUT", str(error), error)
    if error.kind in TLS:
        return exceptions.SSLError("N/A", str(error), error)
    return exceptions.ConnectionError("N/A", str(error), error)
