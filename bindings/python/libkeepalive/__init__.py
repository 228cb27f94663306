"""HTTP/1.1 on one keep-alive connection pool: for threads, asyncio and trio, and across languages.

``get``, ``post`` and the other module functions use one client for the whole process;
``Client`` and ``AsyncClient`` have pools of their own, and ``client.aio`` is the asynchronous form of a
client over that client's very pool. Arguments, responses and exceptions are named as in httpx.
"""

import typing as _typing
from collections.abc import MutableMapping as _MutableMapping

from ._auth import Auth, BasicAuth, BearerAuth, DigestAuth, NetRCAuth
from ._errors import InsecureWarning
from ._errors import (
    # <generated imports>
    BodySourceFailed,
    BodyTooLarge,
    Cancelled,
    CircuitOpen,
    ConnectError,
    ConnectTimeout,
    DecodingError,
    FileFailed,
    HTTPError,
    HTTPStatusError,
    InsecureWarning,
    InternalError,
    Interrupted,
    InvalidArgument,
    InvalidState,
    InvalidURL,
    LocalProtocolError,
    NetworkError,
    PoolTimeout,
    ProtocolError,
    ProxyError,
    ReadError,
    ReadTimeout,
    RedirectRefused,
    RemoteDisconnected,
    RemoteProtocolError,
    RequestError,
    RequestInfo,
    ResponseNotRead,
    ResumeFailed,
    SSLError,
    StreamClosed,
    StreamConsumed,
    StreamError,
    TimeoutException,
    TooManyRedirects,
    TooSlow,
    TotalTimeout,
    TransportError,
    UnsupportedProtocol,
    WriteError,
    WriteTimeout,
    # </generated>
)
from ._native import (
    OPTIONS,
    AsyncClient,
    AsyncStream,
    AsyncUpgradedStream,
    Certificate,
    Client,
    Headers,
    Info,
    OriginStats,
    Progress,
    Response,
    Saved,
    Stats,
    Stream,
    Timeout,
    Timings,
    TlsInfo,
    UpgradedStream,
    __version__,
    delete,
    download,
    get,
    head,
    options,
    patch,
    post,
    put,
    request,
    stream,
)

_MutableMapping.register(Headers)

__all__ = [
    "OPTIONS",
    "AsyncClient",
    "AsyncStream",
    "AsyncUpgradedStream",
    "Auth",
    "BasicAuth",
    "BearerAuth",
    "Certificate",
    "Client",
    "CookieConflict",
    "Cookies",
    "DigestAuth",
    "EventSource",
    "Headers",
    "Info",
    "InsecureWarning",
    "NetRCAuth",
    "OriginStats",
    "Progress",
    "QueryParams",
    "Request",
    "Response",
    "SSEError",
    "Saved",
    "ServerSentEvent",
    "Stats",
    "Stream",
    "Timeout",
    "Timings",
    "TlsInfo",
    "USE_CLIENT_DEFAULT",
    "UpgradedStream",
    "__version__",
    "codes",
    "delete",
    "download",
    "get",
    "head",
    "options",
    "patch",
    "patch_all",
    "post",
    "put",
    "request",
    "stream",
    "unpatch_all",
    # <generated names>
    "BodySourceFailed",
    "BodyTooLarge",
    "Cancelled",
    "CircuitOpen",
    "ConnectError",
    "ConnectTimeout",
    "DecodingError",
    "FileFailed",
    "HTTPError",
    "HTTPStatusError",
    "InsecureWarning",
    "InternalError",
    "Interrupted",
    "InvalidArgument",
    "InvalidState",
    "InvalidURL",
    "LocalProtocolError",
    "NetworkError",
    "PoolTimeout",
    "ProtocolError",
    "ProxyError",
    "ReadError",
    "ReadTimeout",
    "RedirectRefused",
    "RemoteDisconnected",
    "RemoteProtocolError",
    "RequestError",
    "RequestInfo",
    "ResponseNotRead",
    "ResumeFailed",
    "SSLError",
    "StreamClosed",
    "StreamConsumed",
    "StreamError",
    "TimeoutException",
    "TooManyRedirects",
    "TooSlow",
    "TotalTimeout",
    "TransportError",
    "UnsupportedProtocol",
    "WriteError",
    "WriteTimeout",
    # </generated>
]

if _typing.TYPE_CHECKING:
    from . import testing as testing
    from ._codes import codes
    from ._cookies import CookieConflict, Cookies
    from ._methods import USE_CLIENT_DEFAULT
    from ._models import Request
    from ._params import QueryParams
    from ._patch import patch_all, unpatch_all
    from ._sse import EventSource, ServerSentEvent, SSEError

#: What a request's header fields are.
RequestHeaders = Headers

# What few programs use, and what rests on much of the standard library.
_LATER = {
    "CookieConflict": "_cookies",
    "Cookies": "_cookies",
    "EventSource": "_sse",
    "QueryParams": "_params",
    "Request": "_models",
    "SSEError": "_sse",
    "ServerSentEvent": "_sse",
    "USE_CLIENT_DEFAULT": "_methods",
    "codes": "_codes",
    "patch_all": "_patch",
    "unpatch_all": "_patch",
}


if not _typing.TYPE_CHECKING:
    # Checkers would take it for a promise that there is every name.
    def __getattr__(name: str) -> _typing.Any:
        from importlib import import_module

        if name == "testing":
            return import_module(f"{__name__}.{name}")
        if name not in _LATER:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        found = getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
        if hasattr(found, "__qualname__"):
            found.__module__ = "libkeepalive"
        globals()[name] = found
        return found


for _name in __all__:
    # As users import them: for repr, pickle and whoever looks a class up by its module.
    if hasattr(globals().get(_name), "__module__"):
        globals()[_name].__module__ = "libkeepalive"
