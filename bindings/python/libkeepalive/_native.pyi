"""Types of the native module. What each item does is said in its docstring."""

from collections.abc import (
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Generator,
    Iterable,
    Iterator,
    Mapping,
    MutableMapping,
)
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from http.cookiejar import CookieJar
from os import PathLike
from ssl import SSLContext
from typing import (
    IO,
    Any,
    Final,
    Literal,
    Protocol,
    Self,
    TypeAlias,
    TypedDict,
    TypeVar,
    final,
    overload,
)
from uuid import UUID

from typing_extensions import Buffer, Unpack, disjoint_base

from ._auth import Auth
from ._cookies import Cookies
from ._models import Request
from ._params import QueryParams
from ._sse import EventSource

__all__ = [
    "AsyncClient",
    "AsyncStream",
    "AsyncUpgradedStream",
    "Certificate",
    "Client",
    "CookieStore",
    "Headers",
    "Info",
    "Multipart",
    "OPTIONS",
    "Prepared",
    "Progress",
    "Response",
    "Saved",
    "Sender",
    "OriginStats",
    "Stats",
    "Stream",
    "Task",
    "Timeout",
    "Timings",
    "TlsInfo",
    "UpgradedStream",
    "__version__",
    "delete",
    "download",
    "error_table",
    "get",
    "head",
    "options",
    "patch",
    "post",
    "put",
    "request",
    "stream",
]

__version__: Final[str]
OPTIONS: Final[list[tuple[str, str, str, str]]]

_T = TypeVar("_T")

class _Multi(Protocol):
    def multi_items(self) -> Iterable[tuple[Any, Any]]: ...

_Text: TypeAlias = str | bytes
_HeaderTypes: TypeAlias = (
    Headers
    | Mapping[str, str]
    | Mapping[str, bytes]
    | Mapping[bytes, bytes]
    | Iterable[tuple[_Text, _Text]]
    | _Multi
)

_WishTypes: TypeAlias = (
    _HeaderTypes | Mapping[str, str | None] | Mapping[bytes, bytes | None] | Iterable[tuple[_Text, _Text | None]]
)

class _Scalar(Protocol):
    """What numpy's scalars have."""

    def item(self) -> Any: ...

_Primitive: TypeAlias = (
    str | int | float | bool | bytes | date | time | Decimal | UUID | Enum | _Scalar | None
)
_Pairs: TypeAlias = (
    Mapping[str, _Primitive | list[Any] | tuple[Any, ...]] | Iterable[tuple[str, Any]] | _Multi
)

class _Readable(Protocol):
    def read(self, size: int, /) -> Buffer: ...

class _UrlObject(Protocol):
    """What the URLs of httpx, httpx2 and yarl have."""

    @property
    def scheme(self) -> str: ...
    @property
    def host(self) -> Any: ...

_Url: TypeAlias = str | bytes | _UrlObject

class _Limits(Protocol):
    """What httpx's Timeout has."""

    @property
    def connect(self) -> float | None: ...
    @property
    def read(self) -> float | None: ...
    @property
    def write(self) -> float | None: ...
    @property
    def pool(self) -> float | None: ...

class _Flow(Protocol):
    """What httpx's classes have."""

    def auth_flow(self, request: Any, /) -> Generator[Any, Any, None]: ...

_Content: TypeAlias = str | Buffer | IO[bytes] | _Readable | PathLike[str] | Iterable[Buffer]
_FileContent: TypeAlias = str | Buffer | IO[bytes] | _Readable | PathLike[str]
_File: TypeAlias = (
    _FileContent
    | tuple[str | None, _FileContent]
    | tuple[str | None, _FileContent, str | None]
    | tuple[str | None, _FileContent, str | None, Mapping[str, str] | Iterable[tuple[str, str]] | None]
)
_AuthTypes: TypeAlias = (
    tuple[str | bytes, str | bytes]
    | Auth
    | _Flow
    | Callable[[Request], Request]
    | Callable[[Request], Awaitable[Request]]
)
_OnRedirect: TypeAlias = Callable[[Response, str], bool | None]
_Second: TypeAlias = float | None
_TimeoutTypes: TypeAlias = (
    float | Timeout | tuple[_Second, _Second] | tuple[_Second, _Second, _Second, _Second] | _Limits | None
)
_Params: TypeAlias = str | bytes | _Pairs
_Data: TypeAlias = str | Buffer | IO[bytes] | _Pairs
_Trailer: TypeAlias = str | bytes | Callable[[], str | bytes]
_Hooks: TypeAlias = Mapping[str, list[Callable[..., Any]]]
_Transport: TypeAlias = (
    Callable[[Request], Response]
    | Callable[[Request], Awaitable[Response]]
    | Callable[[dict[str, Any], Any], Iterable[bytes]]
    | Callable[[Any, Any, Any], Awaitable[None]]
)
_CookieTypes: TypeAlias = Mapping[str, str] | Iterable[tuple[str, str]] | Cookies | CookieJar

class _Extensions(TypedDict, total=False):
    target: bytes | str
    """``raw_target``."""
    sni_hostname: str
    """``tls_server_name``."""
    timeout: Mapping[str, float | None]
    """Seconds by ``connect``, ``read``, ``write`` and ``pool``; the argument ``timeout`` goes before it."""
    trace: Callable[[str, dict[str, Any]], object]
    """Called with a name and facts of what happens to the request, by httpcore's names, on the thread that
    sends or the event loop; what it raises is raised by the call."""

class _Arguments(TypedDict, total=False):
    headers: _WishTypes | None
    """A field whose value is ``None`` is not sent, also where it would be by default."""
    raw_target: bytes | str | None
    """The request target, sent byte for byte in place of the URL's path and query: for signed URLs, keys
    with ``..`` in them, ``OPTIONS *``. What cannot be sent in one is an ``InvalidArgument``."""
    progress: Callable[[Progress], object] | bool | Literal["tqdm", "rich"] | None
    """Called with how far the request's and the response's body have come, at most ten times a second and at its end; what it
    raises ends the request. ``True``, ``"tqdm"``, ``"rich"``: a bar. Of ``stream()`` while it is read piece by
    piece, between the pieces."""
    extensions: _Extensions | None
    """As httpx has them."""
    trailers: Mapping[str, _Trailer] | Iterable[tuple[str, _Trailer]] | None
    """The fields that follow the body, which is then sent chunked (RFC 9110 6.5). A value may be a function,
    called when the body is over, as for a checksum of what was streamed: on the thread that sends, for
    ``AsyncClient`` on one of the engine's."""
    allow_redirects: bool | None
    """``follow_redirects``, by requests' name."""
    stream: bool | None
    """The body is read on demand, as of ``stream()``: close the response, or use it in a ``with`` block."""
    files: Mapping[str, _File] | Iterable[tuple[str, _File]] | None
    cookies: bool | _CookieTypes | None
    """Names and values are sent beside the cookies that are kept, to the origin that was asked; ``Cookies``
    and a ``CookieJar`` keep those of this request in place of the client's; ``False``: nobody does."""
    timeout: _TimeoutTypes
    follow_redirects: bool | None
    on_redirect: _OnRedirect | None
    """Decides about each redirect that is followed: called with its response (a head without a body) and the
    URL that it leads to. ``False`` refuses, and the request fails with ``RedirectRefused``; ``True`` and
    ``None`` do not; what it raises is raised by the call. It runs on the thread that sends, for asyncio and
    trio on that of the loop, in the context (``contextvars``) of the call."""
    verify: bool | str | PathLike[str] | None
    """As the client's, for this request alone: ``False``, or the file or directory of certificates that
    are trusted instead of the system's. Its connections are never shared with other requests'."""
    cert: (
        str
        | PathLike[str]
        | tuple[str | PathLike[str], str | PathLike[str] | None]
        | tuple[str | PathLike[str], str | PathLike[str] | None, str | None]
        | None
    )
    """As the client's, for this request alone."""
    # <generated request options>
    min_speed: int | None
    """Bytes per second that a body must move at on average over ``min_speed_time``, as curl's
    low-speed limit; slower is an error (KA_TOO_SLOW). Bytes are counted as they are on the wire;
    only time spent on waiting for the peer to send or to take some counts, and the wait for a
    response head does not. 0: any speed. Default: 0."""
    min_speed_time: float | None
    """The time over which ``min_speed`` is to be reached. ``math.inf``: no limit. Default: 30.0."""
    max_speed: int | None
    """Bytes per second that a body, sent or received, moves at on average at most: what comes
    faster is left in the socket, so that TCP slows the sender down. 0: no limit. Default: 0."""
    decode: bool | None
    """Whether gzip, deflate, br and zstd bodies of responses are decoded, and offered in
    Accept-Encoding by requests that have no such field. Without, a body is handed out as it came.
    Python and Node's fetch decode unless told not to, C and Node's request do not. Default: by
    language."""
    redirect: Literal["follow", "manual", "error"] | None
    """What becomes of 301, 302, 303, 307 and 308 with a Location (RFC 9110 15.4): "follow";
    "manual", they are responses like others; "error", they are errors. Empty: "manual".
    Default: not set."""
    redirect_downgrade: bool | None
    """Whether a redirect from https to http is followed: it shows everybody on the way what was to
    be hidden. Without, it is an error. Default: False."""
    sensitive_headers: str | Iterable[str] | None
    """Names of header fields that a redirect takes to no other origin, as X-Api-Key, separated by
    commas or blanks: beside Authorization, Cookie and Proxy-Authorization, which are always among
    them. A request's are in addition to its client's. Default: not set."""
    auth: _AuthTypes | None
    """Who asks, for the origin of the request's URL and no other: "basic USER:PASSWORD" (RFC 7617),
    "bearer TOKEN" (RFC 6750) or "digest USER:PASSWORD" (RFC 7616: MD5, SHA-256 and SHA-512-256,
    answers to a server's 401, and from then on with every request to it). A request's own
    Authorization field goes before it, and it before the URL's user and password. Empty: none,
    whatever the client has. Default: not set."""
    proxy: str | Mapping[str, str | None] | None
    """Proxy for all requests, or for some: a URL (http, https, socks4, socks4a, socks5 or socks5h,
    with a user name and password percent-encoded; without a scheme http), or several entries
    "PATTERN=>URL" separated by blanks, where a pattern is http://, https:// or all:// with or
    without a host (name, *.name, *name) and port, and the URL may be "direct"; the most specific
    one holds, as in httpx's mounts. An empty text: none, whatever the environment says. Plain http
    is forwarded, https goes through CONNECT. Default: not set."""
    no_proxy: str | Iterable[str] | None
    """Hosts that no proxy is used for, separated by commas or blanks: names (and what is below
    them), *.names, addresses, networks as in 10.0.0.0/8, each with or without a port; * for all.
    Unless it is given, the environment's list holds for the environment's proxies. Default: not
    set."""
    proxy_headers: str | _HeaderTypes | None
    """Header fields for the proxy alone: "Name: value" lines. Default: not set."""
    unix_socket: str | None
    """Unix domain socket that every request goes to, whatever host its URL names: a path, or
    "@name" for an abstract one. No proxy is used then. Default: not set."""
    local_address: str | None
    """IP address that connections come from, instead of the system's choice. Default: not set."""
    interface: str | None
    """Network interface that connections go through (SO_BINDTODEVICE), such as eth0, instead of the
    system's choice. Default: not set."""
    connect_to: str | Iterable[str] | None
    """Other places for hosts, as curl's --connect-to: "HOST:PORT:HOST:PORT" entries separated by
    blanks; an empty HOST or PORT means any, or no change. Host field, TLS name and pool stay those
    of the URL. Default: not set."""
    tls_verify: bool | None
    """Whether a server has to prove with its certificate who it is. Without, whoever is on the way
    can read and change everything; ``tls_pins`` still hold. Also: verify in Python,
    rejectUnauthorized in Node. Default: True."""
    tls_verify_host: bool | None
    """Whether the certificate has to be for the host that is asked. Without, any server that a
    trusted authority vouches for will do. Default: True."""
    ca_file: str | PathLike[str] | None
    """PEM file of trusted certificates, in addition to the system's (``ca_only``: instead of them).
    Default: not set."""
    ca_dir: str | PathLike[str] | None
    """Directory whose files are PEM with trusted certificates, as OpenSSL's; in addition to the
    system's. Default: not set."""
    ca_only: bool | None
    """Trust what ``ca_file``, ``ca_dir`` and ``ca_pem`` have and not the system's certificates.
    Default: False."""
    client_cert_file: str | PathLike[str] | None
    """PEM file of the client certificate, its chain behind it; it may hold the private key too.
    Default: not set."""
    client_key_file: str | PathLike[str] | None
    """PEM file of the client certificate's private key. Default: not set."""
    client_key_password: str | None
    """Password of an encrypted private key (PKCS #8). Default: not set."""
    tls_min_version: str | None
    """Oldest version of TLS: "1.2" (which is also the default) or "1.3". Default: not set."""
    tls_max_version: str | None
    """Newest version of TLS: "1.2" or "1.3" (which is also the default). Default: not set."""
    tls_server_name: str | None
    """Name or IP address that is asked for (SNI) and that the certificate has to be for, instead of
    the URL's host. Also: servername in Node. Default: not set."""
    tls_pins: str | None
    """Public keys of which the server has to have one: "sha256//BASE64", several separated by
    semicolons, each the SHA-256 of a SubjectPublicKeyInfo (as curl's CURLOPT_PINNEDPUBLICKEY).
    Checked beside all else, and without ``tls_verify`` too. Default: not set."""
    # </generated>

class _RequestArguments(_Arguments, total=False):
    params: _Params | None
    data: str | Buffer | IO[bytes] | _Pairs | None
    json: Any
    content: _Content | None

class _GetArguments(_Arguments, total=False):
    data: str | Buffer | IO[bytes] | _Pairs | None
    json: Any
    content: _Content | None

class _PostArguments(_Arguments, total=False):
    params: _Params | None
    content: _Content | None

class _PutArguments(_Arguments, total=False):
    params: _Params | None
    json: Any
    content: _Content | None

class _DownloadArguments(_RequestArguments, total=False):
    method: str | None
    fsync: bool | None
    resume: bool | None

class _Writable(Protocol):
    def write(self, data: bytes, /) -> Any: ...

_Target: TypeAlias = str | bytes | PathLike[str] | PathLike[bytes] | int | _Writable

class _AsyncRequestArguments(_Arguments, total=False):
    params: _Params | None
    data: str | Buffer | IO[bytes] | _Pairs | None
    json: Any
    content: _Content | AsyncIterable[Buffer] | None

class _AsyncGetArguments(_Arguments, total=False):
    data: str | Buffer | IO[bytes] | _Pairs | None
    json: Any
    content: _Content | AsyncIterable[Buffer] | None

class _AsyncPostArguments(_Arguments, total=False):
    params: _Params | None
    content: _Content | AsyncIterable[Buffer] | None

class _AsyncPutArguments(_Arguments, total=False):
    params: _Params | None
    json: Any
    content: _Content | AsyncIterable[Buffer] | None

class _AsyncDownloadArguments(_AsyncRequestArguments, total=False):
    method: str | None
    fsync: bool | None
    resume: bool | None

class _ClientOptions(TypedDict, total=False):
    """Times are seconds; ``None`` for an option is its default."""

    headers: _WishTypes | None
    params: _Params | None
    """Parameters of every URL; a request's own of the same name go before them."""
    base_url: _Url | None
    timeout: _TimeoutTypes
    follow_redirects: bool | None
    allow_redirects: bool | None
    """``follow_redirects``, by requests' name."""
    default_encoding: str | Callable[[bytes], str | None] | None
    """The encoding of bodies whose Content-Type names none, or a function of the body that finds it.
    Default: UTF-8."""
    event_hooks: _Hooks | None
    """``{"request": [...], "response": [...]}``: functions that are called with each ``Request`` before it is
    sent, which they may change, and with each ``Response`` before its body is read, those of redirects too; of an
    ``AsyncClient`` they may be asynchronous. What they raise is raised by the call."""
    transport: _Transport | None
    """Who answers in place of servers: a function of a ``Request`` that returns a ``Response`` (of an
    ``AsyncClient`` also asynchronous), a WSGI or an ASGI application, ``testing.MockTransport``. Redirects,
    cookies, ``auth`` and hooks are the client's; limits, retries, proxies and digest answers are for connections."""
    on_redirect: _OnRedirect | None
    """Decides about each redirect that is followed: called with its response (a head without a body) and the
    URL that it leads to. ``False`` refuses, and the request fails with ``RedirectRefused``; ``True`` and
    ``None`` do not; what it raises is raised by the call. It runs on the thread that sends, for asyncio and
    trio on that of the loop, in the context (``contextvars``) of the call."""
    verify: bool | str | PathLike[str] | SSLContext | None
    """``False``: certificates are not verified, with an ``InsecureWarning``. A path: the file or
    directory of certificates that are trusted instead of the system's. A context: its settings as they
    are now; what of it cannot be taken over is an ``InvalidArgument`` that says which part. It does not
    tell of client certificates loaded into it: give those as ``cert``."""
    cert: (
        str
        | PathLike[str]
        | tuple[str | PathLike[str], str | PathLike[str] | None]
        | tuple[str | PathLike[str], str | PathLike[str] | None, str | None]
        | None
    )
    """The client's certificate in PEM: a file that holds its private key too, or the files of both
    and the key's password."""
    # <generated options>
    profile: Literal["default", "service"] | None
    """The defaults that the other options change: ``default`` (the defaults) or ``service`` (calls
    between services)."""
    max_per_host: int | None
    """Connections per origin, in use, idle and being opened: streams hold one for minutes. At least
    1. Default: 128."""
    max_total: int | None
    """Connections of the client over all origins; never more than half of the process's file
    descriptors (RLIMIT_NOFILE when the pool is opened). At least 1. Default: 1024."""
    max_dials_per_host: int | None
    """Connections being opened per origin at a time, so that a cold burst is no SYN flood. At least
    1. Default: 16."""
    pipelining: int | None
    """Requests that a connection carries at a time: with more than one, while all connections that
    the caps allow are in use, a replayable request with no or a small body (16 KiB) is sent behind
    others, on a connection that has answered as HTTP/1.1 (RFC 9112 9.3.2). Answers come in order,
    so that a slow one holds up those behind it: for many small requests over a long way to a server
    that is known to do it well. An origin that mishandles it gets 1 for ten minutes. Not together
    with ``hedge``. 1 to 256. Default: 1."""
    queue_timeout: float | None
    """How long a request waits for a connection at most, however fast the queue moves.
    ``math.inf``: no limit. Default: no limit."""
    queue_stall_timeout: float | None
    """How long a request waits while no connection of its origin is given back: a long queue that
    moves is work, one that stands still is a fault. The error says what holds the connections.
    ``math.inf``: no limit. Default: 10.0."""
    queue_limit: int | None
    """Requests that may wait for a connection; more fail at once. Default: 65536."""
    idle_timeout: float | None
    """How long an idle connection is kept; lowered by the server's Keep-Alive: timeout=N minus 1 s.
    ``math.inf``: no limit. Default: 30.0."""
    max_age: float | None
    """Age after which a connection is not reused (+-20 % jitter), so that DNS changes reach the
    pool. ``math.inf``: no limit. Default: 300.0."""
    dns_ttl: float | None
    """How often the names of pooled connections are looked up again, in the background; also how
    long an answer serves new connections. A connection whose address has left the answer is given
    up after a third to twice this time (10 to 60 s). ``math.inf``: never. Default: 30.0."""
    connect_timeout: float | None
    """DNS, TCP and TLS together. ``math.inf``: no limit. Default: 5.0."""
    header_timeout: float | None
    """From the end of the request to the end of the response head: just above the 60 s after which
    gateways (nginx, load balancers) answer 504. ``math.inf``: no limit. Default: 65.0."""
    stall_timeout: float | None
    """Longest wait without a byte, sending or receiving. ``math.inf``: no limit. Default: 65.0."""
    min_speed: int | None
    """Bytes per second that a body must move at on average over ``min_speed_time``, as curl's
    low-speed limit; slower is an error (KA_TOO_SLOW). Bytes are counted as they are on the wire;
    only time spent on waiting for the peer to send or to take some counts, and the wait for a
    response head does not. 0: any speed. Default: 0."""
    min_speed_time: float | None
    """The time over which ``min_speed`` is to be reached. ``math.inf``: no limit. Default: 30.0."""
    max_speed: int | None
    """Bytes per second that a body, sent or received, moves at on average at most: what comes
    faster is left in the socket, so that TCP slows the sender down. 0: no limit. Default: 0."""
    body_idle_timeout: float | None
    """How long a response may wait for its body to be read on, before its connection is closed:
    longer than servers wait for a reader (60 s), and as long as a connection is kept at all.
    ``math.inf``: for ever. Default: 300.0."""
    total_timeout: float | None
    """The whole exchange with its body, redirects included. ``math.inf``: no limit. Default: no
    limit."""
    max_head_size: int | None
    """Bytes of a response head, 1xx heads counted in. 64 to 1,073,741,824 (1 GiB).
    Default: 65536."""
    max_fields: int | None
    """Fields of a response head or trailer section. At least 1. Default: 512."""
    max_body_size: int | None
    """Bytes, decoded, of a response body that is collected whole; more is an error. Streams have no
    limit. 0: no limit. Default: 2147483648."""
    decode: bool | None
    """Whether gzip, deflate, br and zstd bodies of responses are decoded, and offered in
    Accept-Encoding by requests that have no such field. Without, a body is handed out as it came.
    Python and Node's fetch decode unless told not to, C and Node's request do not. Default: by
    language."""
    drain_limit: int | None
    """Bytes of an unread body that are read to save the connection. Default: 262144."""
    drain_timeout: float | None
    """Time spent on reading the unread rest of a body to save the connection. ``math.inf``: no
    limit. Default: 0.05."""
    busy_poll: int | None
    """Microseconds that a wait for an answer watches the socket before the thread sleeps, on
    connections whose answers come that fast (a server on the same machine or rack; saves the
    wake-up). 0: always sleep. At most 1,000. Default: 50."""
    redirect: Literal["follow", "manual", "error"] | None
    """What becomes of 301, 302, 303, 307 and 308 with a Location (RFC 9110 15.4): "follow";
    "manual", they are responses like others; "error", they are errors. Empty: "manual".
    Default: not set."""
    max_redirects: int | None
    """Redirects followed when following is asked for (RFC 9110 15.4; the number of httpx and
    browsers). Default: 20."""
    redirect_downgrade: bool | None
    """Whether a redirect from https to http is followed: it shows everybody on the way what was to
    be hidden. Without, it is an error. Default: False."""
    sensitive_headers: str | Iterable[str] | None
    """Names of header fields that a redirect takes to no other origin, as X-Api-Key, separated by
    commas or blanks: beside Authorization, Cookie and Proxy-Authorization, which are always among
    them. A request's are in addition to its client's. Default: not set."""
    auth: _AuthTypes | None
    """Who asks, for the origin of the request's URL and no other: "basic USER:PASSWORD" (RFC 7617),
    "bearer TOKEN" (RFC 6750) or "digest USER:PASSWORD" (RFC 7616: MD5, SHA-256 and SHA-512-256,
    answers to a server's 401, and from then on with every request to it). A request's own
    Authorization field goes before it, and it before the URL's user and password. Empty: none,
    whatever the client has. Default: not set."""
    retries: int | None
    """Further tries of a replayable request after a connect failure, a broken connection or
    408, 429, 500, 502, 503, 504; waits are jittered and exponential from 100 ms, or what
    Retry-After says. Default: 0."""
    retry_budget: int | None
    """Retries to an origin as a percentage of the requests to it, above a reserve of 10 retries a
    second that is always there, so that they never multiply an outage (Finagle's budget). 100: no
    bound. At most 100. Default: 20."""
    retry_max_wait: float | None
    """Longest wait for another try. A server that asks for a longer one (Retry-After) gets none:
    its response is returned. ``math.inf``: no limit. Default: 30.0."""
    circuit_breaker: bool | None
    """Fail at once while an origin fails: opens when half of at least 20 requests in 10 s failed,
    lets one probe through after 5 s (doubled up to 60 s). Default: False."""
    expect_threshold: int | None
    """Bytes of a request body above which it, and one of unknown length, waits up to 1 s for the
    server's 100 (Continue), so that one that is refused is not sent (RFC 9110 10.1.1; curl's
    threshold). A server that ignores it is remembered for 10 min. A request asks with a field of
    its own (Expect: 100-continue), and does not with an empty one. 0: never by itself.
    Default: 1048576."""
    hedge: bool | None
    """Send a replayable request a second time, on an idle connection, when its response head has
    taken longer than 95 % of the last ones of its origin; the first response counts, within
    ``retry_budget``. Blocking calls then run on the engine's thread. Default: False."""
    cookies: bool | _CookieTypes | None
    """Whether cookies of answers are kept and sent with later requests, by a jar of the client's
    own (RFC 6265bis). Clients in Python keep them unless told not to, the functions of the module
    do not; a jar that several clients share is given by other means (docs/cookies.md). Default: by
    language."""
    user_agent: str | None
    """User-Agent of requests that give none. Empty: not sent. Default: libkeepalive/VERSION."""
    resolve: str | None
    """Addresses of names, instead of the system's: "host:port:address[,address]", several separated
    by spaces; or "@file" with such entries, which is read again at each lookup. Default: not
    set."""
    proxy: str | Mapping[str, str | None] | None
    """Proxy for all requests, or for some: a URL (http, https, socks4, socks4a, socks5 or socks5h,
    with a user name and password percent-encoded; without a scheme http), or several entries
    "PATTERN=>URL" separated by blanks, where a pattern is http://, https:// or all:// with or
    without a host (name, *.name, *name) and port, and the URL may be "direct"; the most specific
    one holds, as in httpx's mounts. An empty text: none, whatever the environment says. Plain http
    is forwarded, https goes through CONNECT. Default: not set."""
    no_proxy: str | Iterable[str] | None
    """Hosts that no proxy is used for, separated by commas or blanks: names (and what is below
    them), *.names, addresses, networks as in 10.0.0.0/8, each with or without a port; * for all.
    Unless it is given, the environment's list holds for the environment's proxies. Default: not
    set."""
    trust_env: bool | None
    """Whether http_proxy, https_proxy, all_proxy and no_proxy of the environment are used, in lower
    case before upper case; HTTP_PROXY not in a CGI program (REQUEST_METHOD is set). They are read
    when the client is made. Python reads them unless told not to, Node with NODE_USE_ENV_PROXY=1 or
    --use-env-proxy, C with KEEPALIVE_TRUST_ENV=1. Default: by language."""
    proxy_headers: str | _HeaderTypes | None
    """Header fields for the proxy alone: "Name: value" lines. Default: not set."""
    unix_socket: str | None
    """Unix domain socket that every request goes to, whatever host its URL names: a path, or
    "@name" for an abstract one. No proxy is used then. Default: not set."""
    local_address: str | None
    """IP address that connections come from, instead of the system's choice. Default: not set."""
    interface: str | None
    """Network interface that connections go through (SO_BINDTODEVICE), such as eth0, instead of the
    system's choice. Default: not set."""
    connect_to: str | Iterable[str] | None
    """Other places for hosts, as curl's --connect-to: "HOST:PORT:HOST:PORT" entries separated by
    blanks; an empty HOST or PORT means any, or no change. Host field, TLS name and pool stay those
    of the URL. Default: not set."""
    tls_verify: bool | None
    """Whether a server has to prove with its certificate who it is. Without, whoever is on the way
    can read and change everything; ``tls_pins`` still hold. Also: verify in Python,
    rejectUnauthorized in Node. Default: True."""
    tls_verify_host: bool | None
    """Whether the certificate has to be for the host that is asked. Without, any server that a
    trusted authority vouches for will do. Default: True."""
    ca_file: str | PathLike[str] | None
    """PEM file of trusted certificates, in addition to the system's (``ca_only``: instead of them).
    Default: not set."""
    ca_dir: str | PathLike[str] | None
    """Directory whose files are PEM with trusted certificates, as OpenSSL's; in addition to the
    system's. Default: not set."""
    ca_pem: str | Buffer | None
    """PEM bytes of trusted certificates, in addition to the system's. Default: not set."""
    ca_only: bool | None
    """Trust what ``ca_file``, ``ca_dir`` and ``ca_pem`` have and not the system's certificates.
    Default: False."""
    client_cert_file: str | PathLike[str] | None
    """PEM file of the client certificate, its chain behind it; it may hold the private key too.
    Default: not set."""
    client_key_file: str | PathLike[str] | None
    """PEM file of the client certificate's private key. Default: not set."""
    client_cert_pem: str | Buffer | None
    """PEM bytes of the client certificate, its chain behind it; they may hold the private key too.
    Default: not set."""
    client_key_pem: str | Buffer | None
    """PEM bytes of the client certificate's private key. Default: not set."""
    client_key_password: str | None
    """Password of an encrypted private key (PKCS #8). Default: not set."""
    tls_min_version: str | None
    """Oldest version of TLS: "1.2" (which is also the default) or "1.3". Default: not set."""
    tls_max_version: str | None
    """Newest version of TLS: "1.2" or "1.3" (which is also the default). Default: not set."""
    tls_server_name: str | None
    """Name or IP address that is asked for (SNI) and that the certificate has to be for, instead of
    the URL's host. Also: servername in Node. Default: not set."""
    tls_pins: str | None
    """Public keys of which the server has to have one: "sha256//BASE64", several separated by
    semicolons, each the SHA-256 of a SubjectPublicKeyInfo (as curl's CURLOPT_PINNEDPUBLICKEY).
    Checked beside all else, and without ``tls_verify`` too. Default: not set."""
    tls_early_data: bool | None
    """Whether a GET, HEAD or OPTIONS without a body travels with the TLS handshake on a session
    that is resumed, which saves a round trip (0-RTT, RFC 8446 2.3). Whoever is on the way can send
    such a request a second time; what a server does not want so is sent again by itself (425, RFC
    8470). Default: False."""
    keylog_file: str | PathLike[str] | None
    """File to which the secrets of all sessions are appended, for Wireshark and the like (the form
    of SSLKEYLOGFILE, which is not looked at). Whoever can read it can read the traffic; it is made
    for its owner alone. Default: not set."""
    # </generated>

def _body_at_once(response: Response) -> bytes | None: ...
def _bytes_head(response: Response) -> tuple[int, bool, bytes, list[tuple[bytes, bytes]]]: ...
def _latin1_head(
    response: Response, names: dict[bytes, str]
) -> tuple[int, bool, str, list[tuple[str, str]]]: ...
def _utf8_head(
    response: Response, names: dict[bytes, str]
) -> tuple[int, bool, str, list[tuple[str, str]], tuple[tuple[bytes, bytes], ...], int]: ...
def error_table() -> tuple[tuple[str, str, str, str], ...]: ...
def get(url: _Url, params: _Params | None = None, **options: Unpack[_GetArguments]) -> Response: ...
def head(url: _Url, **options: Unpack[_RequestArguments]) -> Response: ...
def options(url: _Url, **options: Unpack[_RequestArguments]) -> Response: ...
def post(
    url: _Url, data: _Data | None = None, json: Any = None, **options: Unpack[_PostArguments]
) -> Response: ...
def put(url: _Url, data: _Data | None = None, **options: Unpack[_PutArguments]) -> Response: ...
def patch(url: _Url, data: _Data | None = None, **options: Unpack[_PutArguments]) -> Response: ...
def delete(url: _Url, **options: Unpack[_RequestArguments]) -> Response: ...
def request(method: str, url: _Url, **options: Unpack[_RequestArguments]) -> Response: ...
def stream(method: str, url: _Url, **options: Unpack[_RequestArguments]) -> Stream: ...
def download(url: _Url, path: _Target, **options: Unpack[_DownloadArguments]) -> Response: ...

@disjoint_base
class Client:
    def __init__(self, **options: Unpack[_ClientOptions]) -> None: ...
    @property
    def headers(self) -> Headers: ...
    @headers.setter
    def headers(self, value: _HeaderTypes | None) -> None: ...
    @property
    def params(self) -> QueryParams: ...
    @params.setter
    def params(self, value: _Params | None) -> None: ...
    @property
    def auth(self) -> Any: ...
    @auth.setter
    def auth(self, value: _AuthTypes | str | None) -> None: ...
    @property
    def timeout(self) -> Timeout: ...
    @timeout.setter
    def timeout(self, value: _TimeoutTypes) -> None: ...
    @property
    def base_url(self) -> str: ...
    @base_url.setter
    def base_url(self, value: _Url | None) -> None: ...
    @property
    def follow_redirects(self) -> bool: ...
    @follow_redirects.setter
    def follow_redirects(self, value: bool | None) -> None: ...
    @property
    def default_encoding(self) -> str | Callable[[bytes], str | None]: ...
    @default_encoding.setter
    def default_encoding(self, value: str | Callable[[bytes], str | None] | None) -> None: ...
    @property
    def event_hooks(self) -> dict[str, list[Callable[..., Any]]]: ...
    @event_hooks.setter
    def event_hooks(self, value: _Hooks | None) -> None: ...
    def build_request(
        self, method: str, url: _Url, **options: Unpack[_RequestArguments]
    ) -> Request: ...
    def send(
        self,
        request: Request,
        *,
        stream: bool = False,
        auth: _AuthTypes | str | None = ...,
        follow_redirects: bool | None = ...,
    ) -> Response: ...
    def sse(
        self,
        url: _Url,
        *,
        method: str = "GET",
        last_event_id: str | None = None,
        max_event_size: int | None = 16777216,
        **options: Unpack[_RequestArguments],
    ) -> AbstractContextManager[EventSource]: ...
    def __reduce__(self) -> tuple[Any, ...]: ...
    def __setstate__(self, state: dict[str, Any]) -> None: ...
    def _get(self, name: str) -> Any: ...
    def _set(self, name: str, value: Any) -> None: ...
    def _prepare(self, method: str, url: _Url, options: dict[str, Any]) -> Prepared: ...
    @staticmethod
    def shared() -> Client: ...
    @property
    def aio(self) -> AsyncClient: ...
    @property
    def cookies(self) -> Cookies | None: ...
    @cookies.setter
    def cookies(self, cookies: _CookieTypes | None) -> None: ...
    def get(
        self, url: _Url, params: _Params | None = None, **options: Unpack[_GetArguments]
    ) -> Response: ...
    def head(self, url: _Url, **options: Unpack[_RequestArguments]) -> Response: ...
    def options(self, url: _Url, **options: Unpack[_RequestArguments]) -> Response: ...
    def post(
        self, url: _Url, data: _Data | None = None, json: Any = None, **options: Unpack[_PostArguments]
    ) -> Response: ...
    def put(
        self, url: _Url, data: _Data | None = None, **options: Unpack[_PutArguments]
    ) -> Response: ...
    def patch(
        self, url: _Url, data: _Data | None = None, **options: Unpack[_PutArguments]
    ) -> Response: ...
    def delete(self, url: _Url, **options: Unpack[_RequestArguments]) -> Response: ...
    def request(self, method: str, url: _Url, **options: Unpack[_RequestArguments]) -> Response: ...
    def download(self, url: _Url, path: _Target, **options: Unpack[_DownloadArguments]) -> Response: ...
    def stream(self, method: str, url: _Url, **options: Unpack[_RequestArguments]) -> Stream: ...
    def stats(self) -> Stats: ...
    def warm(self, url: _Url, count: int = 1) -> int: ...
    def network_changed(self) -> None: ...
    def reset_breaker(self, url: _Url) -> None: ...
    def close(self) -> None: ...
    @property
    def is_closed(self) -> bool: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, *_raised: object) -> None: ...

@disjoint_base
class AsyncClient:
    def __init__(self, **options: Unpack[_ClientOptions]) -> None: ...
    @property
    def headers(self) -> Headers: ...
    @headers.setter
    def headers(self, value: _HeaderTypes | None) -> None: ...
    @property
    def params(self) -> QueryParams: ...
    @params.setter
    def params(self, value: _Params | None) -> None: ...
    @property
    def auth(self) -> Any: ...
    @auth.setter
    def auth(self, value: _AuthTypes | str | None) -> None: ...
    @property
    def timeout(self) -> Timeout: ...
    @timeout.setter
    def timeout(self, value: _TimeoutTypes) -> None: ...
    @property
    def base_url(self) -> str: ...
    @base_url.setter
    def base_url(self, value: _Url | None) -> None: ...
    @property
    def follow_redirects(self) -> bool: ...
    @follow_redirects.setter
    def follow_redirects(self, value: bool | None) -> None: ...
    @property
    def default_encoding(self) -> str | Callable[[bytes], str | None]: ...
    @default_encoding.setter
    def default_encoding(self, value: str | Callable[[bytes], str | None] | None) -> None: ...
    @property
    def event_hooks(self) -> dict[str, list[Callable[..., Any]]]: ...
    @event_hooks.setter
    def event_hooks(self, value: _Hooks | None) -> None: ...
    def build_request(
        self, method: str, url: _Url, **options: Unpack[_AsyncRequestArguments]
    ) -> Request: ...
    async def send(
        self,
        request: Request,
        *,
        stream: bool = False,
        auth: _AuthTypes | str | None = ...,
        follow_redirects: bool | None = ...,
    ) -> Response: ...
    def sse(
        self,
        url: _Url,
        *,
        method: str = "GET",
        last_event_id: str | None = None,
        max_event_size: int | None = 16777216,
        **options: Unpack[_AsyncRequestArguments],
    ) -> AbstractAsyncContextManager[EventSource]: ...
    def __reduce__(self) -> tuple[Any, ...]: ...
    def __setstate__(self, state: dict[str, Any]) -> None: ...
    def _get(self, name: str) -> Any: ...
    def _set(self, name: str, value: Any) -> None: ...
    def _prepare(self, method: str, url: _Url, options: dict[str, Any]) -> Prepared: ...
    @staticmethod
    def shared() -> AsyncClient: ...
    @property
    def cookies(self) -> Cookies | None: ...
    @cookies.setter
    def cookies(self, cookies: _CookieTypes | None) -> None: ...
    async def get(
        self, url: _Url, params: _Params | None = None, **options: Unpack[_AsyncGetArguments]
    ) -> Response: ...
    async def head(self, url: _Url, **options: Unpack[_AsyncRequestArguments]) -> Response: ...
    async def options(
        self, url: _Url, **options: Unpack[_AsyncRequestArguments]
    ) -> Response: ...
    async def post(
        self, url: _Url, data: _Data | None = None, json: Any = None, **options: Unpack[_AsyncPostArguments]
    ) -> Response: ...
    async def put(
        self, url: _Url, data: _Data | None = None, **options: Unpack[_AsyncPutArguments]
    ) -> Response: ...
    async def patch(
        self, url: _Url, data: _Data | None = None, **options: Unpack[_AsyncPutArguments]
    ) -> Response: ...
    async def delete(self, url: _Url, **options: Unpack[_AsyncRequestArguments]) -> Response: ...
    async def request(
        self, method: str, url: _Url, **options: Unpack[_AsyncRequestArguments]
    ) -> Response: ...
    async def download(
        self, url: _Url, path: _Target, **options: Unpack[_AsyncDownloadArguments]
    ) -> Response: ...
    def stream(
        self, method: str, url: _Url, **options: Unpack[_AsyncRequestArguments]
    ) -> AsyncStream: ...
    def stats(self) -> Stats: ...
    async def warm(self, url: _Url, count: int = 1) -> int: ...
    def network_changed(self) -> None: ...
    def reset_breaker(self, url: _Url) -> None: ...
    async def aclose(self) -> None: ...
    @property
    def is_closed(self) -> bool: ...
    async def __aenter__(self) -> Self: ...
    async def __aexit__(self, *_raised: object) -> None: ...

@final
class CookieStore:
    def __new__(cls) -> Self: ...
    def cookies(self) -> list[tuple[str, str, str, bool, str, int | None, bool, bool]]: ...
    def add(
        self,
        name: str,
        value: str,
        domain: str,
        host_only: bool,
        path: str,
        expires: int | None,
        secure: bool,
        http_only: bool,
    ) -> None: ...
    def set(self, url: str, field: str) -> None: ...
    def remove(self, domain: str | None, path: str | None, name: str | None) -> int: ...
    def save(self, path: str | PathLike[str], format: str) -> None: ...
    def load(self, path: str | PathLike[str]) -> int: ...

@final
class Stream:
    def __enter__(self) -> Response: ...
    def __exit__(self, *_raised: object) -> None: ...

@final
class AsyncStream:
    async def __aenter__(self) -> Response: ...
    async def __aexit__(self, *_raised: object) -> None: ...

@final
class Response:
    def __new__(
        cls,
        status_code: int,
        headers: _HeaderTypes | None = None,
        content: str | Buffer | Iterable[bytes] | AsyncIterable[bytes] | None = None,
        *,
        text: str | None = None,
        html: str | None = None,
        json: Any = None,
        stream: Iterable[bytes] | AsyncIterable[bytes] | None = None,
        request: Request | None = None,
        history: Iterable[Response] | None = None,
        extensions: dict[str, Any] | None = None,
        default_encoding: str | Callable[[bytes], str | None] | None = None,
    ) -> Self: ...
    @property
    def status_code(self) -> int: ...
    @property
    def reason_phrase(self) -> str: ...
    @property
    def http_version(self) -> Literal["HTTP/1.0", "HTTP/1.1"]: ...
    @property
    def headers(self) -> Headers: ...
    @property
    def cookies(self) -> Cookies: ...
    @property
    def trailers(self) -> Headers: ...
    @property
    def url(self) -> str: ...
    @property
    def request(self) -> Request: ...
    @request.setter
    def request(self, request: Request) -> None: ...
    @property
    def info(self) -> Info: ...
    @property
    def elapsed(self) -> timedelta: ...
    @property
    def saved(self) -> Saved | None: ...
    @property
    def ok(self) -> bool: ...
    @property
    def reason(self) -> str: ...
    @property
    def is_informational(self) -> bool: ...
    @property
    def is_client_error(self) -> bool: ...
    @property
    def is_server_error(self) -> bool: ...
    @property
    def is_success(self) -> bool: ...
    @property
    def is_error(self) -> bool: ...
    @property
    def is_redirect(self) -> bool: ...
    @property
    def has_redirect_location(self) -> bool: ...
    @property
    def next_request(self) -> Request | None: ...
    @property
    def history(self) -> list[Response]: ...
    @history.setter
    def history(self, history: list[Response]) -> None: ...
    @property
    def extensions(self) -> dict[str, Any]: ...
    @property
    def links(self) -> dict[str, dict[str, str]]: ...
    @property
    def num_bytes_downloaded(self) -> int: ...
    @property
    def charset_encoding(self) -> str | None: ...
    @property
    def is_closed(self) -> bool: ...
    @property
    def content(self) -> bytes: ...
    @property
    def encoding(self) -> str: ...
    @encoding.setter
    def encoding(self, encoding: str) -> None: ...
    @property
    def text(self) -> str: ...
    def json(self, **options: Any) -> Any: ...
    def raise_for_status(self) -> Self: ...
    def read(self) -> bytes: ...
    async def aread(self) -> bytes: ...
    def iter_bytes(self, chunk_size: int | None = None) -> Iterator[bytes]: ...
    def iter_content(self, chunk_size: int | None = None) -> Iterator[bytes]: ...
    def aiter_bytes(self, chunk_size: int | None = None) -> AsyncIterator[bytes]: ...
    def iter_raw(self, chunk_size: int | None = None) -> Iterator[bytes]: ...
    def aiter_raw(self, chunk_size: int | None = None) -> AsyncIterator[bytes]: ...
    def iter_text(self, chunk_size: int | None = None) -> Iterator[str]: ...
    def aiter_text(self, chunk_size: int | None = None) -> AsyncIterator[str]: ...
    def iter_lines(self) -> Iterator[str]: ...
    def aiter_lines(self) -> AsyncIterator[str]: ...
    def take_stream(self) -> UpgradedStream: ...
    def take_async_stream(self) -> AsyncUpgradedStream: ...
    def close(self) -> None: ...
    async def aclose(self) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, *_raised: object) -> None: ...
    async def __aenter__(self) -> Self: ...
    async def __aexit__(self, *_raised: object) -> None: ...
    def _default(self, encoding: Any) -> None: ...
    def _set_content(self, content: bytes) -> bytes: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

@final
class Saved:
    @property
    def bytes(self) -> int: ...
    @property
    def kept(self) -> int: ...
    @property
    def resumes(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...

@final
class Progress:
    @property
    def bytes(self) -> int: ...
    @property
    def total(self) -> int | None: ...
    @property
    def rate(self) -> float: ...
    @property
    def upload(self) -> bool: ...

@final
class UpgradedStream:
    def recv(self, bufsize: int) -> bytes: ...
    def send(self, data: Buffer) -> int: ...
    def sendall(self, data: Buffer) -> None: ...
    def shutdown(self, how: int = 1) -> None: ...
    def close(self) -> None: ...
    def settimeout(self, timeout: float | None) -> None: ...
    def gettimeout(self) -> float | None: ...
    def fileno(self) -> int: ...
    def pending(self) -> int: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, *_raised: object) -> None: ...

@final
class AsyncUpgradedStream:
    async def receive_some(self, max_bytes: int | None = None) -> bytes: ...
    async def send_all(self, data: Buffer) -> None: ...
    async def wait_send_all_might_not_block(self) -> None: ...
    async def send_eof(self) -> None: ...
    async def read(self, max_bytes: int = 65536) -> bytes: ...
    async def write(self, data: Buffer) -> None: ...
    async def aclose(self) -> None: ...
    def close(self) -> None: ...
    def fileno(self) -> int: ...
    async def __aenter__(self) -> Self: ...
    async def __aexit__(self, *_raised: object) -> None: ...
    def __aiter__(self) -> Self: ...
    async def __anext__(self) -> bytes: ...

@final
class Headers(MutableMapping[str, str]):
    def __new__(cls, headers: _HeaderTypes | None = None) -> Self: ...
    def __getitem__(self, name: str, /) -> str: ...
    def __setitem__(self, name: _Text, value: _Text, /) -> None: ...
    def __delitem__(self, name: _Text, /) -> None: ...
    def __or__(self, other: _HeaderTypes, /) -> Headers: ...
    def __ror__(self, other: _HeaderTypes, /) -> Headers: ...
    def __copy__(self) -> Headers: ...
    def add(self, name: _Text, value: _Text) -> None: ...
    def pop(self, name: str, default: Any = ...) -> Any: ...
    def popitem(self) -> tuple[str, str]: ...
    def setdefault(self, name: str, default: str = "") -> str: ...
    def copy(self) -> Headers: ...
    def clear(self) -> None: ...
    def update(self, headers: _HeaderTypes | None = None) -> None: ...  # type: ignore[override]
    def __contains__(self, name: object, /) -> bool: ...
    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[str]: ...
    def __eq__(self, other: object, /) -> bool: ...
    @overload
    def get(self, name: str, default: None = None) -> str | None: ...
    @overload
    def get(self, name: str, default: str | _T) -> str | _T: ...
    def get_list(self, name: str, split_commas: bool = False) -> list[str]: ...
    def keys(self) -> list[str]: ...  # type: ignore[override]
    def values(self) -> list[str]: ...  # type: ignore[override]
    def items(self) -> list[tuple[str, str]]: ...  # type: ignore[override]
    def multi_items(self) -> list[tuple[str, str]]: ...
    @property
    def raw(self) -> list[tuple[bytes, bytes]]: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

@final
class Timeout:
    def __new__(
        cls,
        timeout: float | None = ...,
        *,
        connect: float | None = ...,
        read: float | None = ...,
        write: float | None = ...,
        pool: float | None = ...,
        total: float | None = ...,
    ) -> Self: ...
    @property
    def connect(self) -> Any: ...
    @property
    def read(self) -> Any: ...
    @property
    def write(self) -> Any: ...
    @property
    def pool(self) -> Any: ...
    @property
    def total(self) -> Any: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

@final
class Info:
    # <generated info>
    @property
    def reused(self) -> bool: ...
    @property
    def connection_id(self) -> int: ...
    @property
    def requests(self) -> int: ...
    @property
    def pipelined(self) -> bool: ...
    @property
    def replays(self) -> int: ...
    @property
    def replay_reason(self) -> str | None: ...
    @property
    def retries(self) -> int: ...
    @property
    def redirects(self) -> int: ...
    @property
    def hedged(self) -> bool: ...
    @property
    def hedge_won(self) -> bool: ...
    @property
    def bytes_sent(self) -> int: ...
    @property
    def bytes_received(self) -> int: ...
    @property
    def local_address(self) -> str | None: ...
    @property
    def peer_address(self) -> str | None: ...
    # </generated>
    @property
    def timings(self) -> Timings: ...
    @property
    def tls(self) -> TlsInfo | None: ...
    @property
    def informational(self) -> tuple[tuple[int, Headers], ...]:
        """The 1xx heads that came before the response: pairs of status and ``Headers``."""

@final
class TlsInfo:
    @property
    def version(self) -> str: ...
    @property
    def cipher(self) -> str: ...
    @property
    def group(self) -> str | None: ...
    @property
    def alpn(self) -> str | None: ...
    @property
    def resumed(self) -> bool: ...
    @property
    def early(self) -> bool: ...
    @property
    def chain(self) -> list[bytes]: ...
    @property
    def certificate(self) -> Certificate | None: ...

@final
class Certificate:
    @property
    def subject(self) -> str: ...
    @property
    def issuer(self) -> str: ...
    @property
    def serial(self) -> str: ...
    @property
    def names(self) -> list[str]: ...
    @property
    def not_before(self) -> datetime: ...
    @property
    def not_after(self) -> datetime: ...
    @property
    def pin(self) -> str: ...

@final
class Timings:
    # <generated timings>
    @property
    def queued(self) -> float: ...
    @property
    def stalled(self) -> float: ...
    @property
    def resolve(self) -> float: ...
    @property
    def connect(self) -> float: ...
    @property
    def tls(self) -> float: ...
    @property
    def send(self) -> float: ...
    @property
    def wait(self) -> float: ...
    @property
    def receive(self) -> float: ...
    @property
    def total(self) -> float: ...
    # </generated>

@final
class Stats:
    # <generated totals>
    @property
    def opened(self) -> int: ...
    @property
    def reused(self) -> int: ...
    @property
    def pipelined(self) -> int: ...
    @property
    def stale(self) -> int: ...
    @property
    def replayed(self) -> int: ...
    @property
    def retried(self) -> int: ...
    @property
    def hedged(self) -> int: ...
    @property
    def stuck_lookups(self) -> int: ...
    # </generated>
    @property
    def closed(self) -> dict[str, int]: ...
    # <generated moments>
    @property
    def waiting(self) -> int: ...
    @property
    def idle(self) -> int: ...
    @property
    def active(self) -> int: ...
    @property
    def dialing(self) -> int: ...
    # </generated>
    @property
    def origins(self) -> list[OriginStats]: ...
    def as_dict(self) -> dict[str, Any]: ...
    def __eq__(self, other: object, /) -> bool: ...

@final
class OriginStats:
    def as_dict(self) -> dict[str, Any]: ...
    # <generated origin>
    @property
    def origin(self) -> str: ...
    @property
    def waiting(self) -> int: ...
    @property
    def idle(self) -> int: ...
    @property
    def active(self) -> int: ...
    @property
    def dialing(self) -> int: ...
    @property
    def idle_limit(self) -> float | None: ...
    @property
    def idle_limit_source(self) -> Literal["option", "hint", "learnt"]: ...
    @property
    def breaker(self) -> Literal["closed", "open", "half_open"]: ...
    @property
    def addresses(self) -> list[str]: ...
    # </generated>
    def __eq__(self, other: object, /) -> bool: ...

@final
class Multipart:
    @property
    def content_type(self) -> bytes: ...
    def __new__(cls, content_type: bytes | None) -> Multipart: ...
    def add(
        self,
        place: str,
        name: str,
        filename: str | None,
        content_type: bytes | None,
        headers: list[tuple[bytes, bytes]],
        content: Any,
    ) -> None: ...
    def finish(self) -> list[Any]: ...

@final
class Prepared:
    source: Any
    def view(self) -> tuple[str, str, list[tuple[str, str]], bytes | None]: ...
    @property
    def stream(self) -> bool: ...
    @property
    def path(self) -> Any: ...
    def send(
        self,
        method: str,
        url: str,
        headers: list[tuple[str, str]],
        content: bytes | None = None,
        by_hand: bool = False,
    ) -> Response: ...
    def pending(
        self,
        method: str,
        url: str,
        headers: list[tuple[str, str]],
        content: bytes | None = None,
        by_hand: bool = False,
    ) -> Any: ...
    def following(
        self,
        method: str,
        url: str,
        headers: list[tuple[str, str]],
        content: bytes | None,
        response: Response,
        redirects: int,
    ) -> Prepared | None: ...
    def cookie(
        self, method: str, url: str, headers: list[tuple[str, str]], content: bytes | None = None
    ) -> str | None: ...
    def keep(self, method: str, url: str, response: Response) -> None: ...
    def setting(self, name: str) -> Any: ...
    def own(self, response: Response) -> None: ...
    def finish(self) -> None: ...

@final
class Sender:
    def push(self, piece: Buffer) -> None: ...
    def finish(self) -> None: ...
    def restarted(self) -> None: ...
    def fail(self, reason: str) -> None: ...
    def drop(self) -> None: ...

@final
class Task:
    def __call__(self, *args: Any, **kwargs: Any) -> None: ...
    def abandon(self) -> None: ...
