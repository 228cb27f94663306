"""Failures of the engine as aiohttp's exceptions."""

from __future__ import annotations

import errno
import os
import socket
import ssl
from typing import TYPE_CHECKING, Any

import aiohttp
from aiohttp import ClientRequest
from aiohttp.client_exceptions import UnixClientConnectorError

from .._errors import _Failure

if TYPE_CHECKING:
    from aiohttp.client_reqrep import ConnectionKey

_TIMEOUTS = {"ReadTimeout", "SendTimeout", "TooSlow", "TotalTimeout"}
_HEADS = {"InvalidResponseHead", "HeadTooLarge", "InvalidFraming"}
_CALLER = {"InvalidHeader", "InvalidMethod", "InvalidArgument"}
_PROXY = {"ProxyFailed", "ProxyAuthenticationRequired"}


def of_head(error: _Failure, request: ClientRequest, unix_socket: str | None) -> BaseException:
    """What aiohttp raises for a request that got no response."""
    kind, text = error.kind, str(error)
    if kind in ("ConnectTimeout", "PoolTimeout", "QueueFull"):
        return aiohttp.ConnectionTimeoutError(f"Connection timeout to host {request.url}")
    if kind in _TIMEOUTS:
        return aiohttp.SocketTimeoutError("Timeout on reading data from socket")
    if kind == "ResolveFailed":
        key = request.connection_key
        return aiohttp.ClientConnectorDNSError(key, socket.gaierror(socket.EAI_NONAME, text))
    if kind in ("ConnectFailed", "CircuitOpen"):
        return _unreached(error, request, unix_socket)
    if kind == "TlsHandshakeFailed":
        return aiohttp.ClientConnectorSSLError(request.connection_key, ssl.SSLError(1, text))
    if kind == "CertificateRejected":
        rejected = ssl.SSLCertVerificationError(1, text)
        return aiohttp.ClientConnectorCertificateError(request.connection_key, rejected)
    if kind in ("ConnectionClosed", "HeadTruncated"):
        return aiohttp.ServerDisconnectedError()
    if kind in ("ConnectionReset", "TlsProtocol"):
        return aiohttp.ClientOSError(error.errno or errno.ECONNRESET, text)
    if kind in _HEADS:
        return aiohttp.ClientResponseError(request.request_info, (), status=400, message=text)
    if kind in _PROXY:
        status = 407 if kind == "ProxyAuthenticationRequired" else _status_in(text)
        info = request.request_info
        connect = aiohttp.RequestInfo(info.url, "CONNECT", info.headers, request.proxy or info.url)
        return aiohttp.ClientHttpProxyError(connect, (), status=status, message=text)
    if kind == "InvalidUrl":
        return aiohttp.InvalidURL(request.url, text)
    if kind in _CALLER:
        return ValueError(text)
    if kind == "InvalidState":
        return RuntimeError(text)
    return aiohttp.ClientConnectionError(text)


def of_body(error: _Failure) -> BaseException:
    """What aiohttp puts into the stream of a response."""
    if error.kind in _TIMEOUTS:
        return aiohttp.SocketTimeoutError("Timeout on reading data from socket")
    return aiohttp.ClientPayloadError(f"Response payload is not completed: {error}")


def of_source(error: Exception, request: ClientRequest) -> BaseException:
    """What aiohttp makes of an exception of a request body's source."""
    if isinstance(error, TimeoutError) and error.errno is None:
        return error
    if isinstance(error, OSError):
        text = f"Can not write request body for {request.url}"
        return aiohttp.ClientOSError(error.errno, text)
    return aiohttp.ClientConnectionError(
        f"Failed to send bytes into the underlying connection: {error!r}"
    )


def _unreached(
    error: _Failure, request: ClientRequest, unix_socket: str | None
) -> aiohttp.ClientConnectorError:
    number = error.errno or errno.ECONNREFUSED
    reason = OSError(number, f"{os.strerror(number)}: {error}")
    key: ConnectionKey = request.connection_key
    if unix_socket is not None:
        return UnixClientConnectorError(unix_socket, key, reason)
    proxy = request.proxy
    if proxy is not None:
        key = key._replace(host=proxy.raw_host or "", port=proxy.port)
        return aiohttp.ClientProxyConnectionError(key, reason)
    return aiohttp.ClientConnectorError(key, reason)


def _status_in(text: str) -> int:
    """The status that a proxy answered with: its message has it alone as three digits behind ``answered``."""
    words: list[Any] = text.rpartition("it answered ")[2].split()
    return int(words[0]) if words and words[0].isdigit() else 0
