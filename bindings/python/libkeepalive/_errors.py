"""The exceptions. Names are httpx's; what failed, where and whether to retry comes from the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Self

if TYPE_CHECKING:
    from ._native import Info, Response


class InsecureWarning(UserWarning):
    """A client does not verify the certificates of its servers (``verify=False``)."""


class RequestInfo(NamedTuple):
    """The request that an exception or a response belongs to: its ``method``, and its ``url`` without user and
    password.

    >>> libkeepalive.RequestInfo("GET", "http://example.com/").url
    'http://example.com/'
    """

    method: str
    url: str


class _Failure(Exception):
    """What every exception of this library has, whether a request failed or was never possible."""

    #: Name in the engine's error table, such as ``"ConnectTimeout"``; ``""`` where it has none.
    kind: str = ""
    #: The table's code in C and Node, such as ``"KA_CONNECT_TIMEOUT"``.
    code: str = ""
    #: ``request pool resolve connect tls send head body``: where in the exchange it happened.
    phase: str = ""
    #: Whether it happened on a connection that had carried a response before.
    reused: bool = False
    #: Whether sending the request again cannot make the server act twice (RFC 9110 9.2.2).
    retry_safe: bool = False
    #: How much of the request was written: ``nothing``, ``part`` or ``all``.
    sent: str = "nothing"
    #: The operating system's error number, if there was one.
    errno: int | None = None
    #: Body bytes that came before the failure, if the whole body was asked for.
    partial_body: bytes | None = None
    #: How often the request was tried in all (option ``retries``); 1 without further tries.
    tries: int = 1
    #: How the exchange went until it failed, and where its time went; ``None`` if none had begun, and
    #: after pickling.
    info: Info | None = None
    #: Method and URL (without user and password), if the request got that far.
    request: RequestInfo | None = None

    @classmethod
    def _of(cls, message: str, facts: tuple[Any, ...]) -> Self:
        error = cls(message)
        error._restore(dict(zip(_FACTS, facts, strict=True)))
        return error

    def _restore(self, facts: dict[str, Any]) -> None:
        for name, value in facts.items():
            setattr(self, name, value)

    def __reduce__(self) -> tuple[Any, ...]:
        # OSError, a base of some classes, would lose everything but the message.
        facts = {name: getattr(self, name) for name in _FACTS if name != "info"}
        own = {name: value for name, value in self.__dict__.items() if name != "info"}
        return _rebuild, (type(self), self.args, {**own, **facts})


_FACTS = (
    "kind",
    "code",
    "phase",
    "reused",
    "retry_safe",
    "sent",
    "errno",
    "partial_body",
    "tries",
    "info",
    "request",
)


def _rebuild(cls: type[_Failure], args: tuple[Any, ...], facts: dict[str, Any]) -> _Failure:
    error = cls(*args)
    error._restore(facts)
    return error


class HTTPError(_Failure):
    """A request failed on its way, or had a status that ``raise_for_status()`` refuses.

    Misuse is not below it, as in httpx: ``InvalidURL``, ``InvalidArgument``, ``InvalidState`` and
    ``TypeError`` are for the programmer. Decide by class or by the attributes; the text is for people
    and may change.

    >>> try:
    ...     libkeepalive.get("http://example.com/missing").raise_for_status()
    ... except libkeepalive.HTTPStatusError as error:
    ...     error.response.status_code
    404
    """


class InvalidState(_Failure, RuntimeError):
    """The object is closed, in use elsewhere, or there is no running event loop."""


class StreamError(InvalidState):
    """A streamed response was used in an order that cannot work."""


class StreamConsumed(StreamError):
    """The streamed body was read before."""


class StreamClosed(StreamError):
    """The response was closed before its body was read."""


class ResponseNotRead(StreamError):
    """``content``, ``text`` or ``json()`` of a streamed response before ``read()`` or ``aread()``."""


class RequestError(HTTPError):
    """A request failed."""


class TransportError(RequestError):
    """The request failed on its way to the response."""


class TimeoutException(TransportError, TimeoutError):
    """A time limit passed."""


class PoolTimeout(TimeoutException):
    """No connection became free in time, or too many requests already wait."""


class NetworkError(TransportError, ConnectionError):
    """The network failed."""


class ConnectError(NetworkError):
    """The host could not be resolved, connected to or trusted."""


class SSLError(ConnectError):
    """TLS could not be agreed on with the host, or its certificate is not trusted."""


class WriteError(NetworkError):
    """The connection broke while the request was sent."""


class ReadError(NetworkError):
    """The connection broke while the response was received."""


class ProtocolError(TransportError):
    """HTTP was broken."""


class LocalProtocolError(ProtocolError, ValueError):
    """This request would break HTTP: method, header or body length."""


class RemoteProtocolError(ProtocolError):
    """The server broke HTTP, or ended the connection early."""


class RemoteDisconnected(RemoteProtocolError, ConnectionError):
    """The server closed the connection before its response was complete."""


class ProxyError(TransportError):
    """The proxy refused or failed."""


class InternalError(HTTPError, RuntimeError):
    """A bug in this library, or a failure of the operating system."""


# Those of one kind of error each, from the tables in core/tables; `make generate` writes them.
# <generated exceptions>
class InvalidArgument(_Failure, ValueError):
    """An argument or option has a value that is not allowed; the message names it."""


class InvalidURL(_Failure, ValueError):
    """The URL cannot be parsed or lacks a host."""


class UnsupportedProtocol(TransportError, ValueError):
    """The URL's scheme is not http or https."""


class BodySourceFailed(RequestError):
    """The source of a streamed request body failed."""


class FileFailed(RequestError):
    """What a body was to be written to failed: no permission, no room, a directory, gone; the
    system's number says which."""


class ConnectTimeout(TimeoutException):
    """Resolving, connecting and the TLS handshake took too long."""


class WriteTimeout(TimeoutException):
    """The server accepted no byte of the request for too long."""


class ReadTimeout(TimeoutException):
    """No byte of the response came for too long."""


class TooSlow(TimeoutException):
    """A body moved at less than ``min_speed`` over ``min_speed_time``."""


class DecodingError(RequestError):
    """The response body does not decode by its Content-Encoding."""


class BodyTooLarge(RequestError):
    """The response body, decoded, exceeds ``max_body_size`` and was to be collected whole."""


class ResumeFailed(RequestError):
    """What the server sends is no part of what is there of a download, also when asked for all of
    it again."""


class TotalTimeout(TimeoutException):
    """The whole exchange took too long."""


class Cancelled(RequestError):
    """The caller cancelled the request."""


class Interrupted(RequestError):
    """A signal handler asked for the wait to end."""


class CircuitOpen(TransportError):
    """The origin's circuit breaker is open."""


class TooManyRedirects(RequestError):
    """More redirects than allowed."""


class RedirectRefused(RequestError):
    """A redirect was not followed: the caller's function refused it, or it leads from https to http
    without ``redirect_downgrade``."""
# </generated>


class HTTPStatusError(HTTPError):
    """``raise_for_status()`` on a response outside 2xx; the response is in ``response``."""

    response: Response

    def __init__(self, message: str, response: Response | None = None) -> None:
        super().__init__(message)
        if response is not None:
            self.response = response


def status_error(response: Response) -> HTTPStatusError:
    """The exception of ``response.raise_for_status()``."""
    what = {
        1: "Informational response",
        3: "Redirect response",
        4: "Client error",
        5: "Server error",
    }.get(response.status_code // 100, "Unknown status")
    request: RequestInfo | None = None
    whom = ""
    try:
        asked = response.request
    except InvalidState:
        pass  # one that a program made
    else:
        request = RequestInfo(asked.method, asked.url)
        whom = f" for {request.method} {response.url}"
    reason = f" {response.reason_phrase}" if response.reason_phrase else ""
    error = HTTPStatusError(f"{what} {response.status_code}{reason}{whom}", response)
    error.request = request
    return error
