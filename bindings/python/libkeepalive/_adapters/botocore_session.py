"""What botocore sends its requests by, on the engine."""

from __future__ import annotations

import io
import logging
import os
from collections.abc import Generator, Iterator
from typing import Any
from urllib.parse import urlsplit

from botocore.awsrequest import AWSResponse
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    ProxyConnectionError,
    ReadTimeoutError,
    SSLError,
)
from botocore.httpsession import (
    DEFAULT_TIMEOUT,
    MAX_POOL_CONNECTIONS,
    ProxyConfiguration,
    ensure_boolean,
    get_cert_path,
    mask_proxy_url,
)
from urllib3._collections import HTTPHeaderDict
from urllib3.response import HTTPResponse

from .._errors import _Failure
from .._native import Client, Timeout
from . import botocore_proxies, clients

logger = logging.getLogger(__name__)

#: Bytes that are read from a body at a time, as botocore has urllib3 do it.
_PIECE = 128 * 1024

_TLS = {"TlsHandshakeFailed", "CertificateRejected", "TlsProtocol"}
_UNREACHED = {"ConnectFailed", "ResolveFailed", "CircuitOpen"}
_PROXY = {"ProxyFailed", "ProxyAuthenticationRequired"}
_CONNECT_TIMEOUTS = {"ConnectTimeout", "PoolTimeout", "QueueFull"}
_READ_TIMEOUTS = {"ReadTimeout", "SendTimeout", "TooSlow", "TotalTimeout"}
_BROKEN = {
    "BodyTruncated",
    "ConnectionClosed",
    "ConnectionReset",
    "HeadTooLarge",
    "HeadTruncated",
    "InvalidChunk",
    "InvalidFraming",
    "InvalidResponseHead",
}


class HTTPSession:
    """In place of ``botocore.httpsession.URLLib3Session``; its arguments are that one's.

    ``proxies_config`` for a tunnel through an https proxy has to say of it what ``verify`` and ``client_cert`` say of
    the server, else it is a ``ValueError``; an https proxy that forwards is trusted as it says. ``socket_options`` are the engine's own (keep-alive is on), and
    ``max_pool_connections`` is no limit, as it is none to urllib3.

    ::

        session = libkeepalive.botocore.HTTPSession(timeout=(5, 60))   # seconds: to connect, and between bytes
        response = session.send(request)   # an AWSPreparedRequest
    """

    def __init__(
        self,
        verify: bool | str = True,
        proxies: dict[str, str] | None = None,
        timeout: float | tuple[float, float] | list[float] | None = None,
        max_pool_connections: int = MAX_POOL_CONNECTIONS,
        socket_options: Any = None,
        client_cert: str | tuple[str, str] | None = None,
        proxies_config: dict[str, Any] | None = None,
        *,
        client: Client | None = None,
    ) -> None:
        self._verify = verify
        self._proxy_config = ProxyConfiguration(proxies, proxies_config)
        if timeout is None:
            timeout = DEFAULT_TIMEOUT
        both: Any = timeout if isinstance(timeout, (tuple, list)) else (timeout, timeout)
        self._connect: float | None = both[0]
        self._read: float | None = both[1]
        self._cert = (client_cert, None) if isinstance(client_cert, str) else client_cert
        self._own = client
        self._check_proxies()
        self._limits = self._timeout(self._read)

    def _check_proxies(self) -> None:
        settings = self._proxy_config.settings
        proxy = self._proxy_config.proxy_url_for("https://server/")
        self._forwards_https = botocore_proxies.forwards_https(settings, proxy)
        if self._own is None and not self._forwards_https:
            botocore_proxies.check(settings, proxy, self._verify, self._cert)
        named = ("proxy_ca_bundle", "proxy_client_cert")
        #: Whether there are files to be tried before the first request by a proxy.
        self._has_files = any(settings.get(name) is not None for name in named)

    def close(self) -> None:
        """Nothing: the pool is the process's."""

    def send(self, request: Any) -> AWSResponse:
        """Sends ``request``, an ``AWSPreparedRequest``; raises botocore's exceptions."""
        url: str = request.url
        proxy = self._proxy_config.proxy_url_for(url)
        try:
            if proxy is not None and self._has_files:
                botocore_proxies.load(self._proxy_config.settings)
                self._has_files = False
            return self._sent(request, url, proxy)
        except _Failure as error:
            raise _translated(error, request, proxy) from error
        except Exception as error:
            logger.debug("Exception received when sending HTTP request", exc_info=True)
            raise HTTPClientError(error=error) from error

    def _sent(self, request: Any, url: str, proxy: str | None) -> AWSResponse:
        options: dict[str, Any] = {"timeout": self._limits_of(request)}
        origin, options["raw_target"] = _divided(url)
        fields = list(request.headers.items())
        client = self._client(origin, proxy)
        if proxy is not None:
            options["proxy"] = proxy
            if ensure_boolean(os.environ.get("BOTO_EXPERIMENTAL__ADD_PROXY_HOST_HEADER", "")):
                options["proxy_headers"] = [("host", urlsplit(origin).hostname)]
            if self._forwards_https and origin.startswith("https"):
                # The proxy gets what another one gets for http: the engine would ask for a tunnel.
                options["raw_target"] = origin + options["raw_target"]
                if "Host" not in request.headers:
                    fields.append(("Host", _host(origin)))
                origin = "http" + origin[5:]
        if "Accept-Encoding" not in request.headers:
            fields.append(("Accept-Encoding", "identity"))
        options["headers"] = fields
        if request.body is not None:
            options["content"] = _content(request.body)
        stream = client.stream(request.method, origin, **options)
        response = stream.__enter__()
        headers = HTTPHeaderDict(response.headers.multi_items())
        raw = Raw(response, headers, request.method)
        made = AWSResponse(url, response.status_code, headers, raw)
        if not request.stream_output:
            made._content = response.read()
            raw._fp.over = True  # type: ignore[union-attr]
        return made

    def _client(self, origin: str, proxy: str | None) -> Client:
        if self._own is not None:
            return self._own
        if not origin.startswith("https") and not (proxy or "").startswith("https"):
            return clients.usual()
        verify, cert = self._verify, self._cert
        if proxy is not None and (self._forwards_https or not origin.startswith("https")):
            verify, cert = botocore_proxies.of_forwarding(self._proxy_config.settings, verify)
        return clients.of_files(get_cert_path(verify) if verify else False, cert)

    def _limits_of(self, request: Any) -> Timeout:
        context = getattr(request, "context", None)
        read = None if context is None else context.get("read_timeout")
        return self._limits if read is None else self._timeout(read)

    def _timeout(self, read: float | None) -> Timeout:
        return Timeout(None, connect=self._connect, read=read, write=read)


def of_session(session: Any, client: Client | None) -> HTTPSession:
    """One with the settings of a ``URLLib3Session``."""
    timeout = session._timeout
    if not isinstance(timeout, (int, float)):
        timeout = (timeout.connect_timeout, timeout.read_timeout)
    cert = session._cert_file
    if cert is not None:
        cert = (cert, session._key_file)
    proxies = session._proxy_config
    return HTTPSession(
        session._verify,
        proxies._proxies,
        timeout,
        client_cert=cert,
        proxies_config=proxies.settings,
        client=client,
    )


def _divided(url: str) -> tuple[str, str]:
    """The origin of a URL, and the target that is sent for it byte for byte: it is what was signed."""
    url = url.partition("#")[0]
    start = url.find("/", url.find("://") + 3)
    query = url.find("?")
    if start < 0 or 0 <= query < start:
        return (url, "/") if query < 0 else (url[:query], "/" + url[query:])
    return url[:start], url[start:]


def _host(origin: str) -> str:
    """As botocore and urllib3 write it: without the port that is usual."""
    return origin.partition("://")[2].rpartition("@")[2].removesuffix(":443")


def _content(body: Any) -> Any:
    if isinstance(body, (bytes, bytearray, str)):
        return body
    if hasattr(body, "read"):
        return _pieces(body)
    return body


def _pieces(body: Any) -> Iterator[bytes]:
    # Not as a file: those of botocore and s3transfer count and check what is read and how they are moved.
    while piece := body.read(_PIECE):
        yield piece.encode("utf-8") if isinstance(piece, str) else piece


class _File(io.RawIOBase):
    """The body of a response, as it came; fails with what urllib3 makes its own exceptions of."""

    def __init__(self, response: Any) -> None:
        self._response = response
        self._pieces: Any = None
        self._rest = b""
        self.over = False

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1) -> bytes:
        """Up to ``size`` bytes, fewer only at the end."""
        everything = size is None or size < 0
        found = [self._rest]
        count = len(self._rest)
        while everything or count < (size or 0):
            piece = self._next(everything)
            if not piece:
                break
            found.append(piece)
            count += len(piece)
        whole = b"".join(found) if len(found) > 1 else found[0]
        if everything or count <= (size or 0):
            self._rest = b""
            return whole
        self._rest = whole[size:]
        return whole[:size]

    def readinto(self, buffer: Any) -> int:
        """Fills ``buffer``."""
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Ends the response; what is short is read to keep the connection."""
        self._response.close()
        super().close()

    def _next(self, everything: bool) -> bytes:
        if self.over:
            return b""
        try:
            if self._pieces is None:
                self._pieces = self._response.iter_raw()
            piece: bytes = next(self._pieces, b"")
        except _Failure as error:
            self.over = True
            if error.kind in _READ_TIMEOUTS:
                raise TimeoutError("Read timed out.") from error
            sized = error.kind == "BodyTruncated" and "content-length" in self._response.headers
            if sized and not everything:
                # As http.client: it leaves comparing lengths to botocore.
                return b""
            raise ConnectionError(error.errno or 0, str(error)) from error
        if not piece:
            self.over = True
        return piece


class Raw(HTTPResponse):
    """``AWSResponse.raw``: urllib3's response over a body of the engine's."""

    def __init__(self, response: Any, headers: HTTPHeaderDict, method: str) -> None:
        super().__init__(
            body=_File(response),
            headers=headers,
            status=response.status_code,
            reason=response.reason_phrase,
            version=10 if response.http_version == "HTTP/1.0" else 11,
            preload_content=False,
            decode_content=False,
            enforce_content_length=False,
            request_method=method,
        )

    def stream(
        self, amt: int | None = 2**16, decode_content: bool | None = None
    ) -> Generator[bytes, None, None]:
        """Pieces of the body; the engine has taken chunked coding off."""
        while not self.closed and (piece := self.read(amt=amt, decode_content=decode_content)):
            yield piece


def _translated(error: _Failure, request: Any, proxy: str | None) -> Any:
    kind, url = error.kind, request.url
    if kind in _TLS:
        return SSLError(endpoint_url=url, error=error)
    if kind in _PROXY or (proxy is not None and kind in _UNREACHED):
        return ProxyConnectionError(proxy_url=mask_proxy_url(proxy), error=error)
    if kind in _UNREACHED:
        return EndpointConnectionError(endpoint_url=url, error=error)
    if kind in _CONNECT_TIMEOUTS:
        return ConnectTimeoutError(endpoint_url=url, error=error)
    if kind in _READ_TIMEOUTS:
        return ReadTimeoutError(endpoint_url=url, error=error)
    if kind in _BROKEN:
        return ConnectionClosedError(error=error, request=request, endpoint_url=url)
    return HTTPClientError(error=error)
