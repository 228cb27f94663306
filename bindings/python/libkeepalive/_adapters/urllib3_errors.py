"""Failures of the engine as what http.client and urllib3 raise at the same place, so that urllib3's pools
wrap and retry them as theirs."""

from __future__ import annotations

import errno
import http.client
import os
import socket
import ssl
from typing import TYPE_CHECKING, NoReturn

from urllib3.exceptions import (
    ConnectTimeoutError,
    InvalidHeader,
    LocationParseError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
)

from .._errors import _Failure

if TYPE_CHECKING:
    from .urllib3_connection import HTTPConnection

_LIMITS = {"ReadTimeout", "TooSlow", "TotalTimeout"}
_CALLER = {"InvalidHeader", "InvalidMethod", "BodyLengthMismatch"}


def reached_proxy(error: _Failure) -> bool:
    """Whether a request that failed so had got further than to its proxy."""
    if error.kind in ("ProxyFailed", "ProxyAuthenticationRequired"):
        return False
    if "(that is the proxy" in str(error):
        return False
    return error.phase in ("tls", "send", "head", "body")


def of_head(error: _Failure, connection: HTTPConnection) -> BaseException:
    """For a request that got no response."""
    kind, text = error.kind, str(error)
    host = connection.host
    if kind == "ResolveFailed":
        # What the system's resolver said is in the text.
        return NameResolutionError(host, connection, socket.gaierror(socket.EAI_NONAME, text))
    if kind == "ConnectFailed":
        reason = _system(error, errno.ECONNREFUSED)
        failed = NewConnectionError(connection, f"Failed to establish a new connection: {reason}")
        failed.__cause__ = reason
        return failed
    if kind == "ConnectTimeout" and error.phase == "tls":
        return TimeoutError("The handshake operation timed out")
    if kind in ("ConnectTimeout", "PoolTimeout", "QueueFull"):
        limit = connection.connect_limit
        return ConnectTimeoutError(
            connection, f"Connection to {host} timed out. (connect timeout={limit})"
        )
    if kind in _LIMITS:
        return TimeoutError("timed out")
    if kind == "SendTimeout":
        return ProtocolError("Connection aborted.", TimeoutError("timed out"))
    if kind == "CertificateRejected":
        return ssl.SSLCertVerificationError(1, _rejected(text))
    if kind in ("TlsHandshakeFailed", "TlsProtocol"):
        return _tls(text, connection)
    if kind == "ConnectionClosed":
        return http.client.RemoteDisconnected("Remote end closed connection without response")
    if kind == "ConnectionReset":
        return _system(error, errno.ECONNRESET)
    if kind in ("InvalidResponseHead", "HeadTruncated"):
        return http.client.BadStatusLine(text)
    if kind == "HeadTooLarge":
        return http.client.HTTPException(text)
    if kind == "InvalidFraming":
        return InvalidHeader(text) if "content-length" in text.lower() else ProtocolError(text)
    if kind in ("ProxyFailed", "ProxyAuthenticationRequired") and connection.is_over_socks:
        return NewConnectionError(connection, f"Failed to establish a new connection: {text}")
    if kind == "ProxyAuthenticationRequired":
        return OSError("Tunnel connection failed: 407 Proxy Authentication Required")
    if kind == "ProxyFailed":
        return OSError(f"Tunnel connection failed: {text.rpartition('it answered ')[2]}")
    if kind in _CALLER:
        return ValueError(text)
    if kind == "InvalidUrl":
        return LocationParseError(host)
    if kind == "InvalidArgument" and text.startswith("raw_target"):
        return http.client.InvalidURL(text)
    return error


def of_body(error: _Failure, read: bytes, left: int | None, chunked: bool) -> BaseException:
    """For a body that broke off after ``read``, with ``left`` bytes still to come if that is known."""
    kind = error.kind
    if kind in _LIMITS:
        return TimeoutError("timed out")
    if kind in ("BodyTruncated", "ConnectionClosed"):
        if chunked:
            return ProtocolError("Response ended prematurely")
        return http.client.IncompleteRead(read, left)
    if kind == "ConnectionReset":
        return _system(error, errno.ECONNRESET)
    if kind == "TlsProtocol":
        return _tls(str(error), None)
    if kind == "InvalidState":
        return http.client.IncompleteRead(read, left)
    return error if not error.kind else http.client.HTTPException(str(error))


def of_whole(error: _Failure) -> BaseException:
    """What urllib3 raises for a body that it reads together with the head."""
    read = error.partial_body or b""
    failure = of_body(error, read, None, False)
    if isinstance(failure, (http.client.HTTPException, OSError)):
        if isinstance(failure, TimeoutError):
            return failure
        return ProtocolError(f"Connection broken: {failure!r}", failure)
    return failure


def _rejected(text: str) -> str:
    """Likewise: programs look for these words."""
    reason = ""
    if "not valid for this host name" in text or "names no host" in text:
        reason = "Hostname mismatch, "
    elif "issuer is not trusted" in text:
        reason = "unable to get local issuer certificate: "
    return f"[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: {reason}{text}"


def _tls(text: str, connection: HTTPConnection | None) -> ssl.SSLError:
    """In OpenSSL's words where urllib3 looks for them."""
    if "InvalidContentType" in text:
        text = f"[SSL: WRONG_VERSION_NUMBER] wrong version number: {text}"
    if "CertificateRequired" in text and getattr(connection, "ssl_context", None) is not None:
        text += "; certificates loaded into ssl_context cannot be seen there: give cert_file and key_file"
    return ssl.SSLError(1, text)


def _system(error: _Failure, otherwise: int) -> OSError:
    """The system's error, as a socket would have raised it."""
    number = error.errno or otherwise
    return OSError(number, os.strerror(number))


def raised(failure: BaseException, error: BaseException) -> NoReturn:
    """Raises ``failure``, caused by ``error``."""
    if failure is error:
        raise error
    raise failure from (failure.__cause__ or error)
