"""HTTP/1.1 on one keep-alive connection pool: for threads, asyncio and trio, and across languages.

``get``, ``post`` and the other module functions use one client for the whole process;
``Client`` and ``AsyncClient`` have pools of their own, and ``client.aio`` is the asynchronous form of a
client over that client's very pool. Arguments, responses and exceptions are named as in httpx.
"""

from collections.abc import Mapping as _Mapping
from typing import TYPE_CHECKING as _TYPE_CHECKING
from typing import Any as _Any

from ._auth import (
    Auth,
    BasicAuth,
    BearerAuth,
    DigestAuth,
    NetRCAuth,
    Request,
    RequestHeaders,
)
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
    StreamClosed,
    StreamConsumed,
    StreamError,
    TimeoutException,
    TooManyRedirects,
    TooSlow,
    TotalTimeout,
    TransportError,
    UnsupportedProtocol,
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

from ._patch import patch_all, unpatch_all

_Mapping.register(Headers)

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
    "Headers",
    "Info",
    "InsecureWarning",
    "NetRCAuth",
    "OriginStats",
    "Progress",
    "Request",
    "RequestHeaders",
    "Response",
    "Saved",
    "Stats",
    "Stream",
    "Timeout",
    "Timings",
    "TlsInfo",
    "UpgradedStream",
    "__version__",
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
    "StreamClosed",
    "StreamConsumed",
    "StreamError",
    "TimeoutException",
    "TooManyRedirects",
    "TooSlow",
    "TotalTimeout",
    "TransportError",
    "UnsupportedProtocol",
    "WriteTimeout",
    # </generated>
]

if _TYPE_CHECKING:
    from ._cookies import CookieConflict, Cookies

# They rest on http.cookiejar, which brings half of the standard library.
_LATER = ("CookieConflict", "Cookies")


def __getattr__(name: str) -> _Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import _cookies

    for later in _LATER:
        globals()[later] = getattr(_cookies, later)
        globals()[later].__module__ = "libkeepalive"
    return globals()[name]


for _name in __all__:
    # As users import them: for repr, pickle and whoever looks a class up by its module.
    if hasattr(globals().get(_name), "__module__"):
        globals()[_name].__module__ = "libkeepalive"
