"""Types of the native module. Its docstrings are the module's: scripts/stub_docs.py writes them."""

from collections.abc import Set as AbstractSet
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
    Sequence,
)
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from http.cookiejar import CookieJar
from os import PathLike
from ssl import SSLContext
from types import EllipsisType
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
from ._methods import UseClientDefault
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
# What iterates over pairs, and is no mapping: so that checkers see what a dict is to be.
_PairsOf: TypeAlias = Sequence[_T] | Iterator[_T] | AbstractSet[_T]
_Pairs: TypeAlias = (
    Mapping[str, _Primitive | list[Any] | tuple[Any, ...]] | _PairsOf[tuple[str, Any]] | _Multi
)

class _Readable(Protocol):
    def read(self, size: int, /) -> Buffer: ...

class _UrlObject(Protocol):
    """What the URLs of httpx and httpx2 have."""

    @property
    def scheme(self) -> str: ...
    @property
    def host(self) -> Any: ...

class _YarlUrl(Protocol):
    """What checkers see of yarl's: its properties are of a class of its own."""

    def human_repr(self) -> str: ...

_Url: TypeAlias = str | bytes | _UrlObject | _YarlUrl

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
_Files: TypeAlias = Mapping[str, _File] | _PairsOf[tuple[str, _File]]
_Wsgi: TypeAlias = Callable[[dict[str, Any], Any], Iterable[bytes]]
_Asgi: TypeAlias = Callable[[Any, Any, Any], Awaitable[None]]
_Transport: TypeAlias = Callable[[Request], Response] | _Wsgi
_AsyncTransport: TypeAlias = (
    Callable[[Request], Response] | Callable[[Request], Awaitable[Response]] | _Wsgi | _Asgi
)
_CookieTypes: TypeAlias = Mapping[str, str] | Iterable[tuple[str, str]] | Cookies | CookieJar

class _GivenHooks(TypedDict, total=False):
    request: Sequence[Callable[[Request], object]]
    response: Sequence[Callable[[Response], object]]

class _Hooks(TypedDict):
    """What ``client.event_hooks`` is."""

    request: list[Callable[[Request], object]]
    response: list[Callable[[Response], object]]

class _Extensions(TypedDict, total=False):
    target: bytes | str
    """``raw_target``."""
    sni_hostname: str
    """``tls_server_name``."""
    timeout: Mapping[str, float | None]
    """Seconds by ``connect``, ``read``, ``write`` and ``pool``; the argument ``timeout`` goes before it."""

class _SyncExtensions(_Extensions, total=False):
    trace: Callable[[str, dict[str, Any]], None]
    """Called with a name and facts of what happens to the request, by httpcore's names, on the thread that
    sends; what it raises is raised by the call."""

class _AsyncExtensions(_Extensions, total=False):
    trace: Callable[[str, dict[str, Any]], Awaitable[None]]
    """Awaited with a name and facts of what happens to the request, by httpcore's names, in the task that
    sends; what it raises is raised by the call."""

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
    trailers: Mapping[str, _Trailer] | _PairsOf[tuple[str, _Trailer]] | None
    """The fields that follow the body, which is then sent chunked (RFC 9110 6.5). A value may be a function,
    called when the body is over, as for a checksum of what was streamed: on the thread that sends, for
    ``AsyncClient`` on one of the engine's."""
    allow_redirects: bool | None
    """``follow_redirects``, by requests' name."""
    stream: bool | None
    """The body is read on demand, as of ``stream()``: close the response, or use it in a ``with`` block."""
    files: _Files | None
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

class _SyncArguments(_Arguments, total=False):
    extensions: _SyncExtensions | None
    """As httpx has them."""

class _AsyncArguments(_Arguments, total=False):
    extensions: _AsyncExtensions | None
    """As httpx has them."""

class _RequestArguments(_SyncArguments, total=False):
    params: _Params | None
    data: str | Buffer | IO[bytes] | _Pairs | None
    json: Any
    content: _Content | None

class _GetArguments(_SyncArguments, total=False):
    data: str | Buffer | IO[bytes] | _Pairs | None
    json: Any
    content: _Content | None

class _PostArguments(_SyncArguments, total=False):
    params: _Params | None
    content: _Content | None

class _PutArguments(_SyncArguments, total=False):
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

class _AsyncRequestArguments(_AsyncArguments, total=False):
    params: _Params | None
    data: str | Buffer | IO[bytes] | _Pairs | None
    json: Any
    content: _Content | AsyncIterable[Buffer] | None

class _AsyncGetArguments(_AsyncArguments, total=False):
    data: str | Buffer | IO[bytes] | _Pairs | None
    json: Any
    content: _Content | AsyncIterable[Buffer] | None

class _AsyncPostArguments(_AsyncArguments, total=False):
    params: _Params | None
    content: _Content | AsyncIterable[Buffer] | None

class _AsyncPutArguments(_AsyncArguments, total=False):
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
    event_hooks: _GivenHooks | _Hooks | None
    """``{"request": [...], "response": [...]}``: functions that are called with each ``Request`` before it is
    sent, which they may change, and with each ``Response`` before its body is read, those of redirects too; of an
    ``AsyncClient`` they may be asynchronous. What they raise is raised by the call."""
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

class _SyncOptions(_ClientOptions, total=False):
    transport: _Transport | None
    """Who answers in place of servers: a function of a ``Request`` that returns a ``Response``, a WSGI
    application, ``testing.MockTransport``. Redirects, cookies, ``auth`` and hooks are the client's; limits,
    retries, proxies and digest answers are for connections."""

class _AsyncOptions(_ClientOptions, total=False):
    transport: _AsyncTransport | None
    """Who answers in place of servers: a function of a ``Request`` that returns a ``Response``, also an
    asynchronous one, a WSGI or an ASGI application, ``testing.MockTransport``. Redirects, cookies, ``auth`` and
    hooks are the client's; limits, retries, proxies and digest answers are for connections."""

def _body_at_once(response: Response) -> bytes | None: ...
def _bytes_head(response: Response) -> tuple[int, bool, bytes, list[tuple[bytes, bytes]]]: ...
def _latin1_head(
    response: Response, names: dict[bytes, str]
) -> tuple[int, bool, str, list[tuple[str, str]]]: ...
def _utf8_head(
    response: Response, names: dict[bytes, str]
) -> tuple[int, bool, str, list[tuple[str, str]], tuple[tuple[bytes, bytes], ...], int]: ...
def error_table() -> tuple[tuple[str, str, str, str], ...]: ...
def get(url: _Url, params: _Params | None = None, **options: Unpack[_GetArguments]) -> Response:
    """Sends a GET request to ``url`` on the process-wide client. ``params`` are added to its query.

    Other arguments, and errors, are those of ``Client.request``.

    >>> libkeepalive.get("http://example.com/users", {"page": 1}, timeout=5.0).status_code
    200
    """
def head(url: _Url, **options: Unpack[_RequestArguments]) -> Response:
    """Sends a HEAD request to ``url`` on the process-wide client.

    Other arguments, and errors, are those of ``Client.request``.

    >>> libkeepalive.head("http://example.com/").headers["content-type"]
    'application/json'
    """
def options(url: _Url, **options: Unpack[_RequestArguments]) -> Response:
    """Sends an OPTIONS request to ``url`` on the process-wide client.

    Other arguments, and errors, are those of ``Client.request``.

    >>> libkeepalive.options("http://example.com/").is_success
    True
    """
def post(
    url: _Url, data: _Data | None = None, json: Any = None, **options: Unpack[_PostArguments]
) -> Response:
    """Sends a POST request to ``url`` on the process-wide client. ``data`` (form fields or bytes) or ``json`` is its body.

    Other arguments, and errors, are those of ``Client.request``.

    >>> libkeepalive.post("http://example.com/users", json={"name": "A"}).json()
    {'name': 'A'}
    """
def put(url: _Url, data: _Data | None = None, **options: Unpack[_PutArguments]) -> Response:
    """Sends a PUT request to ``url`` on the process-wide client. ``data`` (form fields or bytes) is its body.

    Other arguments, and errors, are those of ``Client.request``.

    >>> libkeepalive.put("http://example.com/file", b"content").is_success
    True
    """
def patch(url: _Url, data: _Data | None = None, **options: Unpack[_PutArguments]) -> Response:
    """Sends a PATCH request to ``url`` on the process-wide client. ``data`` (form fields or bytes) is its body.

    Other arguments, and errors, are those of ``Client.request``.

    >>> libkeepalive.patch("http://example.com/users/1", json={"name": "B"}).json()
    {'name': 'B'}
    """
def delete(url: _Url, **options: Unpack[_RequestArguments]) -> Response:
    """Sends a DELETE request to ``url`` on the process-wide client.

    Other arguments, and errors, are those of ``Client.request``.

    >>> libkeepalive.delete("http://example.com/users/1").status_code
    200
    """
def request(method: str, url: _Url, **options: Unpack[_RequestArguments]) -> Response:
    """Sends a request by ``method`` to ``url`` on the process-wide client.

    Other arguments, and errors, are those of ``Client.request``.

    >>> libkeepalive.request("PURGE", "http://example.com/file", headers={"X-Key": "a"}).status_code
    200
    """
def stream(method: str, url: _Url, **options: Unpack[_RequestArguments]) -> Stream:
    """``with libkeepalive.stream(method, url) as response`` on the process-wide client: the body is read on demand.

    Other arguments, and errors, are those of ``Client.stream``.

    >>> with libkeepalive.stream("GET", "http://example.com/file") as response:
    ...     sum(len(piece) for piece in response.iter_bytes())
    7
    """
def download(url: _Url, path: _Target, **options: Unpack[_DownloadArguments]) -> Response:
    """Sends a request to ``url`` on the process-wide client and writes the body of the response to ``path``.

    Other arguments, and errors, are those of ``Client.download``.

    >>> libkeepalive.download("http://example.com/file", "file", fsync=True).saved.bytes
    7
    """

@disjoint_base
class Client:
    """An HTTP client with a keep-alive pool of its own. Any number of threads may use it at once.

    Keyword options: those of the engine (``libkeepalive.OPTIONS`` lists name, default and meaning;
    times are seconds as float, ``None`` is no limit), and ``headers``, ``params``, ``auth``, ``base_url``,
    ``timeout``, ``default_encoding``, ``on_redirect`` and ``follow_redirects`` as defaults of its requests, which
    can be read and changed by these names, ``event_hooks`` (``{"request": [...], "response": [...]}``), ``transport``
    (who answers in place of servers: a function of a ``Request``, a WSGI or an ASGI application), ``profile`` (``"service"``: short
    limits, retries and a circuit breaker for calls between services), and as httpx spells them
    ``verify`` (a CA file) and ``cert`` (certificate and key file). ``TypeError`` names an unknown option,
    ``InvalidArgument`` one with a value that is not allowed.

    >>> with libkeepalive.Client(base_url="http://example.com", timeout=5.0, retries=2) as client:
    ...     client.get("/users").raise_for_status().json()
    {'path': '/users'}
    """
    def __init__(self, **options: Unpack[_SyncOptions]) -> None: ...
    @property
    def headers(self) -> Headers:
        """The header fields that every request gets: a ``Headers``, to be changed or replaced."""
    @headers.setter
    def headers(self, value: _HeaderTypes | None) -> None: ...
    @property
    def params(self) -> QueryParams:
        """The parameters that every URL gets: a ``QueryParams``, to be changed or replaced."""
    @params.setter
    def params(self, value: _Params | None) -> None: ...
    @property
    def auth(self) -> _AuthTypes | None:
        """Who asks, as it was given; ``None`` for nobody."""
    @auth.setter
    def auth(self, value: _AuthTypes | None) -> None: ...
    @property
    def timeout(self) -> Timeout:
        """The time limits of requests that have none of their own: a ``Timeout``; set as in ``Client``."""
    @timeout.setter
    def timeout(self, value: _TimeoutTypes) -> None: ...
    @property
    def base_url(self) -> str:
        """What URLs are relative to; empty for nothing."""
    @base_url.setter
    def base_url(self, value: _Url | None) -> None: ...
    @property
    def follow_redirects(self) -> bool:
        """Whether redirects are followed where a request does not say."""
    @follow_redirects.setter
    def follow_redirects(self, value: bool | None) -> None: ...
    @property
    def default_encoding(self) -> str | Callable[[bytes], str | None]:
        """The encoding of bodies whose Content-Type names none, or a function of the body."""
    @default_encoding.setter
    def default_encoding(self, value: str | Callable[[bytes], str | None] | None) -> None: ...
    @property
    def event_hooks(self) -> _Hooks:
        """Functions that are called with each request before it is sent and with each response before its
        body is read, those of redirects too: ``{"request": [...], "response": [...]}``.
        """
    @event_hooks.setter
    def event_hooks(self, value: _GivenHooks | _Hooks | None) -> None: ...
    def build_request(
        self, method: str, url: _Url, **options: Unpack[_RequestArguments]
    ) -> Request:
        """The request by ``method`` to ``url`` that the arguments make, with the client's defaults, for ``send()``: a
        ``Request`` to be looked at and changed. Other arguments, and errors, are those of ``request``; nothing is sent.

        >>> client = libkeepalive.Client(base_url="http://example.com", headers={"X-Key": "a"})
        >>> request = client.build_request("POST", "/users", json={"name": "A"})
        >>> request.url, request.headers["x-key"], request.content
        ('http://example.com/users', 'a', b'{"name":"A"}')
        """
    def send(
        self,
        request: Request,
        *,
        stream: bool = False,
        auth: _AuthTypes | UseClientDefault | None = ...,
        follow_redirects: bool | UseClientDefault | None = ...,
    ) -> Response:
        """Sends ``request``, a ``Request``, as it is: the client's header fields, parameters and base URL are not added.

        With ``stream`` the body is read on demand: close the response, or use it in a ``with`` block. ``auth`` and
        ``follow_redirects`` in place of the client's. Raises what ``request()`` does.

        >>> client = libkeepalive.Client()
        >>> client.send(libkeepalive.Request("GET", "http://example.com/users")).json()
        {'path': '/users'}
        """
    def sse(
        self,
        url: _Url,
        *,
        method: str = "GET",
        last_event_id: str | None = None,
        max_event_size: int | None = 16777216,
        **options: Unpack[_RequestArguments],
    ) -> AbstractContextManager[EventSource]:
        """``with client.sse(url) as events``: server-sent events, one ``ServerSentEvent`` at a time. ``events`` has
        ``response``, and ``last_event_id`` and ``retry`` to go on later with ``sse(last_event_id=...)``.

        ``method`` and ``url`` are asked, and other arguments are those of ``stream()``; a stream may be silent for as
        long as the read timeout says. Raises ``SSEError`` when the response is none of events, or one is larger than
        ``max_event_size`` bytes.

        >>> with libkeepalive.Client().sse("http://example.com/events") as events:
        ...     [event.data for event in events]
        ['1', '2']
        """
    def __reduce__(self) -> tuple[Any, ...]: ...
    def __setstate__(self, state: dict[str, Any]) -> None: ...
    def _init_beside(self, keeper: Any, options: dict[str, Any]) -> None: ...
    def _beside(self) -> Any: ...
    def _get(self, name: str) -> Any: ...
    def _set(self, name: str, value: Any) -> None: ...
    def _prepare(self, method: str, url: _Url, options: dict[str, Any]) -> Prepared: ...
    @staticmethod
    def shared() -> Client:
        """The process-wide client: one pool for all threads, event loops and module functions.
        Closing it only closes its idle connections.
        """
    @property
    def aio(self) -> AsyncClient:
        """An ``AsyncClient`` over this client's very pool."""
    @property
    def cookies(self) -> Cookies | None:
        """The cookies that the client keeps: a ``Cookies``; ``None`` when it keeps none. What is set here
        replaces them.
        """
    @cookies.setter
    def cookies(self, cookies: _CookieTypes | None) -> None: ...
    def get(
        self, url: _Url, params: _Params | None = None, **options: Unpack[_GetArguments]
    ) -> Response:
        """Sends a GET request to ``url``; ``params`` are added to its query. Other arguments, and errors,
        are those of ``request``.
        """
    def head(self, url: _Url, **options: Unpack[_RequestArguments]) -> Response:
        """Sends a HEAD request to ``url``. Other arguments, and errors,
        are those of ``request``.
        """
    def options(self, url: _Url, **options: Unpack[_RequestArguments]) -> Response:
        """Sends an OPTIONS request to ``url``. Other arguments, and errors,
        are those of ``request``.
        """
    def post(
        self, url: _Url, data: _Data | None = None, json: Any = None, **options: Unpack[_PostArguments]
    ) -> Response:
        """Sends a POST request to ``url``; ``data`` (form fields or bytes) or ``json`` is its body.
        Other arguments, and errors, are those of ``request``.
        """
    def put(
        self, url: _Url, data: _Data | None = None, **options: Unpack[_PutArguments]
    ) -> Response:
        """Sends a PUT request to ``url``; ``data`` (form fields or bytes) is its body. Other arguments, and errors,
        are those of ``request``.
        """
    def patch(
        self, url: _Url, data: _Data | None = None, **options: Unpack[_PutArguments]
    ) -> Response:
        """Sends a PATCH request to ``url``; ``data`` (form fields or bytes) is its body. Other arguments, and errors,
        are those of ``request``.
        """
    def delete(self, url: _Url, **options: Unpack[_RequestArguments]) -> Response:
        """Sends a DELETE request to ``url``. Other arguments, and errors,
        are those of ``request``.
        """
    def request(self, method: str, url: _Url, **options: Unpack[_RequestArguments]) -> Response:
        """Sends a request by ``method`` to ``url`` and returns the response with its whole body.

        Keyword arguments, as in httpx: ``params`` (appended to the URL's query), ``headers``,
        ``content`` (str, bytes, any buffer, a binary file or an iterable of bytes), ``data`` (form
        fields), ``json``, ``files`` (multipart; a file is content or (name, content[, media type[,
        headers]])), ``auth`` ((user, password), an ``Auth`` such as ``DigestAuth``, or a function of a
        ``Request``; ``None`` switches the client's off), ``on_redirect`` (a function of the response
        and the URL that it leads to, which refuses by ``False`` or an exception), ``timeout``
        (seconds for each phase, a ``Timeout``, (connect, read), (connect, read, write, pool), or ``None`` for no
        limit), ``cookies`` (names and values beside those that are kept, a ``Cookies`` or
        ``http.cookiejar.CookieJar`` in place of the client's, ``False`` for none), ``follow_redirects``
        (default False), ``trailers`` (fields that follow the body; a value may be a function that tells it
        then), ``stream`` (True: the body is read on demand; close the response), and ``extensions``:
        ``target`` is ``raw_target``, ``trace`` a function that is told what happens (of an ``AsyncClient`` an
        asynchronous one), ``timeout`` and ``sni_hostname`` as in httpx. A header whose value is
        ``None`` is not sent, also one that would be by default. ``raw_target`` (bytes or str) is sent as
        the request target byte for byte, in place of the URL's path and query; ``decode=False`` leaves
        the body as it comes. ``None`` for any other is as if it were left out.

        A body that can be produced again is sent again by replays, retries and redirects: bytes,
        lists and tuples of bytes, seekable files (from where they stood), iterables that give a fresh
        iterator each time, and forms of these. A generator is sent once. Files are streamed, at most
        256 KiB at a time in memory, with the length they have.

        Raises ``TypeError`` for an unknown argument or wrong type, ``InvalidURL``,
        ``InvalidArgument`` or ``InvalidState`` for misuse, and ``HTTPError`` when the request fails;
        what the source of a streamed body or a signal handler raises comes through. HTTP statuses
        are never errors here; see ``Response.raise_for_status``.

        >>> client = libkeepalive.Client()
        >>> client.request("POST", "http://example.com/users", json={"name": "A"}, timeout=5.0).json()
        {'name': 'A'}
        """
    def download(self, url: _Url, path: _Target, **options: Unpack[_DownloadArguments]) -> Response:
        """Sends a request to ``url`` and writes the body of the response to ``path``: a path, a file descriptor, or
        an object with ``write()``. Other arguments are those of ``request``, ``method`` (default GET), and:

        ``fsync`` (default False): the file is on the disk before the call ends. ``resume`` (default
        False): what came before a failure stays as ``PATH.part`` and is gone on with by the next call for
        the same URL and path. ``progress``: called with a ``Progress``; ``True``, ``"tqdm"`` or ``"rich"``
        show a bar.

        A path gets the whole body or keeps what it had: it is written beside and put in its place.
        Descriptors and objects are written to in place. Where the connection breaks, the rest is asked for,
        if the request is a GET and the response had a strong validator; a file is never made of two
        versions. ``response.saved`` tells what was written; it is ``None`` when nothing was, as for a status
        that is not 2xx: call ``raise_for_status()``.

        Raises what ``request`` does, ``FileFailed`` and ``ResumeFailed``; what ``write()`` or ``progress``
        raises comes through.

        >>> libkeepalive.Client().download("http://example.com/file", "file", resume=True).saved.bytes
        7
        """
    def stream(self, method: str, url: _Url, **options: Unpack[_RequestArguments]) -> Stream:
        """``with client.stream(method, url) as response``: the body is read on demand. The request is sent when the
        block is entered, and the response closed when it is left.

        Other arguments, and errors, are those of ``request``; while the body is read, ``HTTPError`` too.

        >>> with libkeepalive.Client().stream("GET", "http://example.com/file") as response:
        ...     list(response.iter_text())
        ['content']
        """
    def stats(self) -> Stats:
        """Counters of the pool: a ``Stats``.

        >>> libkeepalive.Client().stats().opened
        0
        """
    def warm(self, url: _Url, count: int = 1) -> int:
        """Opens connections to the origin of ``url`` until ``count`` are idle, within the client's
        limits; returns how many were opened. Raises the error of the first that failed.

        >>> libkeepalive.Client().warm("http://example.com/", 2)
        2
        """
    def network_changed(self) -> None:
        """Tells that the network is another one: idle connections are closed, failures forgotten."""
    def reset_breaker(self, url: _Url) -> None:
        """Closes the circuit breaker of the origin of ``url``, for the whole process."""
    def close(self) -> None:
        """Closes idle connections and refuses new requests; requests under way finish. The
        process-wide client stays usable.
        """
    @property
    def is_closed(self) -> bool:
        """Whether ``close()`` was called."""
    def __enter__(self) -> Self: ...
    def __exit__(self, *_raised: object) -> None: ...

@disjoint_base
class AsyncClient:
    """An HTTP client with a keep-alive pool of its own, for asyncio and trio.

    Options and arguments are those of ``Client``. It works in any event loop, in any thread, and
    across ``asyncio.run`` and ``trio.run`` calls. A request starts when it is awaited; cancelling
    the task or scope that awaits it cancels it and gives its connection slot back.

    ::

        async with libkeepalive.AsyncClient(timeout=5.0) as client:
            response = await client.get("http://example.com/")
            print(response.json())
    """
    def __init__(self, **options: Unpack[_AsyncOptions]) -> None: ...
    @property
    def headers(self) -> Headers:
        """The header fields that every request gets: a ``Headers``, to be changed or replaced."""
    @headers.setter
    def headers(self, value: _HeaderTypes | None) -> None: ...
    @property
    def params(self) -> QueryParams:
        """The parameters that every URL gets: a ``QueryParams``, to be changed or replaced."""
    @params.setter
    def params(self, value: _Params | None) -> None: ...
    @property
    def auth(self) -> _AuthTypes | None:
        """Who asks, as it was given; ``None`` for nobody."""
    @auth.setter
    def auth(self, value: _AuthTypes | None) -> None: ...
    @property
    def timeout(self) -> Timeout:
        """The time limits of requests that have none of their own: a ``Timeout``; set as in ``Client``."""
    @timeout.setter
    def timeout(self, value: _TimeoutTypes) -> None: ...
    @property
    def base_url(self) -> str:
        """What URLs are relative to; empty for nothing."""
    @base_url.setter
    def base_url(self, value: _Url | None) -> None: ...
    @property
    def follow_redirects(self) -> bool:
        """Whether redirects are followed where a request does not say."""
    @follow_redirects.setter
    def follow_redirects(self, value: bool | None) -> None: ...
    @property
    def default_encoding(self) -> str | Callable[[bytes], str | None]:
        """The encoding of bodies whose Content-Type names none, or a function of the body."""
    @default_encoding.setter
    def default_encoding(self, value: str | Callable[[bytes], str | None] | None) -> None: ...
    @property
    def event_hooks(self) -> _Hooks:
        """Functions that are called with each request before it is sent and with each response before its
        body is read, those of redirects too: ``{"request": [...], "response": [...]}``.
        """
    @event_hooks.setter
    def event_hooks(self, value: _GivenHooks | _Hooks | None) -> None: ...
    def build_request(
        self, method: str, url: _Url, **options: Unpack[_AsyncRequestArguments]
    ) -> Request:
        """The request by ``method`` to ``url`` that the arguments make, with the client's defaults, for ``send()``: a
        ``Request`` to be looked at and changed. Other arguments, and errors, are those of ``request``; nothing is sent.

        >>> client = libkeepalive.Client(base_url="http://example.com", headers={"X-Key": "a"})
        >>> request = client.build_request("POST", "/users", json={"name": "A"})
        >>> request.url, request.headers["x-key"], request.content
        ('http://example.com/users', 'a', b'{"name":"A"}')
        """
    async def send(
        self,
        request: Request,
        *,
        stream: bool = False,
        auth: _AuthTypes | UseClientDefault | None = ...,
        follow_redirects: bool | UseClientDefault | None = ...,
    ) -> Response:
        """Sends ``request``, a ``Request``, as it is: the client's header fields, parameters and base URL are not added.

        With ``stream`` the body is read on demand: close the response, or use it in a ``with`` block. ``auth`` and
        ``follow_redirects`` in place of the client's. Raises what ``request()`` does.

        ::

            response = await client.send(libkeepalive.Request("GET", "http://example.com/users"))
        """
    def sse(
        self,
        url: _Url,
        *,
        method: str = "GET",
        last_event_id: str | None = None,
        max_event_size: int | None = 16777216,
        **options: Unpack[_AsyncRequestArguments],
    ) -> AbstractAsyncContextManager[EventSource]:
        """``async with client.sse(url) as events``: server-sent events, one ``ServerSentEvent`` at a time. ``events`` has
        ``response``, and ``last_event_id`` and ``retry`` to go on later with ``sse(last_event_id=...)``.

        ``method`` and ``url`` are asked, and other arguments are those of ``stream()``; a stream may be silent for as
        long as the read timeout says. Raises ``SSEError`` when the response is none of events, or one is larger than
        ``max_event_size`` bytes.

        ::

            async with client.sse("http://example.com/events") as events:
                async for event in events:
                    print(event.data)
        """
    def __reduce__(self) -> tuple[Any, ...]: ...
    def __setstate__(self, state: dict[str, Any]) -> None: ...
    def _init_beside(self, keeper: Any, options: dict[str, Any]) -> None: ...
    def _beside(self) -> Any: ...
    def _get(self, name: str) -> Any: ...
    def _set(self, name: str, value: Any) -> None: ...
    def _prepare(self, method: str, url: _Url, options: dict[str, Any]) -> Prepared: ...
    @staticmethod
    def shared() -> AsyncClient:
        """The process-wide client, the same pool as ``Client.shared()``."""
    @property
    def cookies(self) -> Cookies | None:
        """The cookies that the client keeps: a ``Cookies``; ``None`` when it keeps none. What is set here
        replaces them.
        """
    @cookies.setter
    def cookies(self, cookies: _CookieTypes | None) -> None: ...
    async def get(
        self, url: _Url, params: _Params | None = None, **options: Unpack[_AsyncGetArguments]
    ) -> Response:
        """Sends a GET request to ``url``; ``params`` are added to its query.

        Other arguments, and errors, are those of ``request``.
        """
    async def head(self, url: _Url, **options: Unpack[_AsyncRequestArguments]) -> Response:
        """Sends a HEAD request to ``url``.

        Other arguments, and errors, are those of ``request``.
        """
    async def options(
        self, url: _Url, **options: Unpack[_AsyncRequestArguments]
    ) -> Response:
        """Sends an OPTIONS request to ``url``.

        Other arguments, and errors, are those of ``request``.
        """
    async def post(
        self, url: _Url, data: _Data | None = None, json: Any = None, **options: Unpack[_AsyncPostArguments]
    ) -> Response:
        """Sends a POST request to ``url``; ``data`` (form fields or bytes) or ``json`` is its body.

        Other arguments, and errors, are those of ``request``.
        """
    async def put(
        self, url: _Url, data: _Data | None = None, **options: Unpack[_AsyncPutArguments]
    ) -> Response:
        """Sends a PUT request to ``url``; ``data`` (form fields or bytes) is its body.

        Other arguments, and errors, are those of ``request``.
        """
    async def patch(
        self, url: _Url, data: _Data | None = None, **options: Unpack[_AsyncPutArguments]
    ) -> Response:
        """Sends a PATCH request to ``url``; ``data`` (form fields or bytes) is its body.

        Other arguments, and errors, are those of ``request``.
        """
    async def delete(self, url: _Url, **options: Unpack[_AsyncRequestArguments]) -> Response:
        """Sends a DELETE request to ``url``.

        Other arguments, and errors, are those of ``request``.
        """
    async def request(
        self, method: str, url: _Url, **options: Unpack[_AsyncRequestArguments]
    ) -> Response:
        """Sends a request by ``method`` to ``url``; returns the response with its whole body.

        Other arguments, and errors, are those of ``Client.request``; ``content`` may also be an async
        iterable of bytes. Files and plain iterables are read on a thread, in a copy of the caller's
        context (``contextvars``), async iterables on the event loop.

        ::

            async with libkeepalive.AsyncClient() as client:
                response = await client.request("POST", "http://example.com/users", json={"name": "A"})
        """
    async def download(
        self, url: _Url, path: _Target, **options: Unpack[_AsyncDownloadArguments]
    ) -> Response:
        """Sends a request to ``url`` and writes the body of the response to ``path``; on helper threads of the
        engine's, where an object's ``write()`` is called too. Other arguments, and errors, are those of
        ``Client.download``; ``progress`` is called on the event loop.
        """
    def stream(
        self, method: str, url: _Url, **options: Unpack[_AsyncRequestArguments]
    ) -> AsyncStream:
        """``async with client.stream(method, url) as response``: the body is read on demand. Other arguments, and
        errors, are those of ``Client.stream``.

        ::

            async with client.stream("GET", "http://example.com/file") as response:
                async for piece in response.aiter_bytes():
                    print(len(piece))
        """
    def stats(self) -> Stats:
        """Counters of the pool: a ``Stats``."""
    async def warm(self, url: _Url, count: int = 1) -> int:
        """Opens connections to the origin of ``url`` until ``count`` are idle, within the client's
        limits; returns how many were opened. Raises the error of the first that failed.
        """
    def network_changed(self) -> None:
        """Tells that the network is another one: idle connections are closed, failures forgotten."""
    def reset_breaker(self, url: _Url) -> None:
        """Closes the circuit breaker of the origin of ``url``, for the whole process."""
    async def aclose(self) -> None:
        """Closes idle connections and refuses new requests; requests under way finish. The
        process-wide client stays usable.
        """
    @property
    def is_closed(self) -> bool:
        """Whether ``aclose()`` was called."""
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
    """What ``stream()`` returns: sends when entered, closes the response when left.

    >>> with libkeepalive.stream("GET", "http://example.com/file") as response:
    ...     response.read()
    b'content'
    """
    def __enter__(self) -> Response: ...
    def __exit__(self, *_raised: object) -> None: ...

@final
class AsyncStream:
    """What ``AsyncClient.stream()`` returns: sends the request when it is entered, up to the response head; closes
    the response when left.

    ::

        async with client.stream("GET", "http://example.com/file") as response:
            print(await response.aread())
    """
    async def __aenter__(self) -> Response: ...
    async def __aexit__(self, *_raised: object) -> None: ...

@final
class Response:
    """A response.

    Of a plain request, the whole body is in ``content``, ``text`` and ``json()``. Of ``stream()``,
    read it once with ``read()``, ``iter_bytes()``, ``iter_text()`` or ``iter_lines()``, or with their
    asyncio forms ``aread()``, ``aiter_bytes()``, ``aiter_text()`` and ``aiter_lines()``.

    Programs make one for tests, caches and transports: ``content`` is bytes, str, or an iterable or async
    iterable of bytes, which is read like a streamed body; or give ``text``, ``html`` or ``json``.

    >>> response = libkeepalive.get("http://example.com/users")
    >>> response.status_code, response.headers["content-type"], response.json()
    (200, 'application/json', {'path': '/users'})
    """
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
    def status_code(self) -> int:
        """100 to 999."""
    @property
    def reason_phrase(self) -> str:
        """The reason phrase as sent; may be empty."""
    @property
    def http_version(self) -> Literal["HTTP/1.0", "HTTP/1.1"]:
        """``"HTTP/1.1"`` or ``"HTTP/1.0"``."""
    @property
    def headers(self) -> Headers:
        """The header fields."""
    @property
    def cookies(self) -> Cookies:
        """The cookies that this response set: a ``Cookies`` of its own."""
    @property
    def trailers(self) -> Headers:
        """The trailer fields; empty until the body was read to its end."""
    @property
    def url(self) -> str:
        """The URL it is from, after redirects; without userinfo and fragment."""
    @property
    def request(self) -> Request:
        """The request that was answered: a ``Request`` with its method, URL, header fields and, if it was in
        memory, content. After redirects it is the last one. ``InvalidState`` of a response that a program
        made without one.
        """
    @request.setter
    def request(self, request: Request) -> None: ...
    @property
    def info(self) -> Info:
        """How the exchange went: connection, replays, redirects, seconds by phase."""
    @property
    def elapsed(self) -> timedelta:
        """From the call to the response head, as a ``timedelta``."""
    @property
    def saved(self) -> Saved | None:
        """What ``download()`` wrote of the body; ``None`` when it wrote nothing, and of other requests."""
    @property
    def ok(self) -> bool:
        """Whether the status is below 400, as requests has it."""
    @property
    def reason(self) -> str:
        """``reason_phrase``, by requests' name."""
    @property
    def is_informational(self) -> bool:
        """Whether the status is 1xx."""
    @property
    def is_client_error(self) -> bool:
        """Whether the status is 4xx."""
    @property
    def is_server_error(self) -> bool:
        """Whether the status is 5xx."""
    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
    @property
    def is_error(self) -> bool:
        """Whether the status is 4xx or 5xx."""
    @property
    def is_redirect(self) -> bool:
        """Whether the status is 301, 302, 303, 307 or 308 and there is a Location."""
    @property
    def has_redirect_location(self) -> bool:
        """``is_redirect``, by httpx's name."""
    @property
    def next_request(self) -> Request | None:
        """The request that the redirect leads to, for ``client.send()``; ``None`` if the response leads nowhere."""
    @property
    def history(self) -> list[Response]:
        """The responses that led here by redirects, the first one first, without their bodies; the last 64."""
    @history.setter
    def history(self, history: list[Response]) -> None: ...
    @property
    def extensions(self) -> dict[str, Any]:
        """httpx's extensions: ``http_version`` and ``reason_phrase`` as bytes, or what a program gave."""
    @property
    def links(self) -> dict[str, dict[str, str]]:
        """The links of the Link fields (RFC 8288) by their relation, or by their URL: dicts with ``url`` and the parameters, as requests and httpx have them."""
    @property
    def num_bytes_downloaded(self) -> int:
        """Bytes of the body that have been received. Of a coded body that was decoded, Content-Length says how
        many; without that, and while it is read piece by piece, they are counted decoded.
        """
    @property
    def charset_encoding(self) -> str | None:
        """The charset that Content-Type names; ``None`` if it names none."""
    @property
    def is_closed(self) -> bool:
        """Whether the body was read to its end or the response was closed."""
    @property
    def content(self) -> bytes:
        """The body as bytes, decoded from gzip, deflate, br or zstd."""
    @property
    def encoding(self) -> str:
        """The charset of Content-Type, or ``"utf-8"``; set it to read ``text`` differently."""
    @encoding.setter
    def encoding(self, encoding: str) -> None: ...
    @property
    def text(self) -> str:
        """The body as text; bytes that do not decode become U+FFFD, an unknown charset is read as UTF-8."""
    def json(self, **options: Any) -> Any:
        """The body parsed as JSON; keyword arguments go to ``json.loads``."""
    def raise_for_status(self) -> Self:
        """Returns the response if its status is 2xx, else raises ``HTTPStatusError``."""
    def read(self) -> bytes:
        """The whole body; afterwards ``content``, ``text`` and ``json()`` work."""
    async def aread(self) -> bytes:
        """``read()`` for asyncio and trio."""
    def iter_bytes(self, chunk_size: int | None = None) -> Iterator[bytes]:
        """The body piece by piece; with ``chunk_size`` in pieces of that many bytes, else as it comes."""
    def iter_content(self, chunk_size: int | None = None) -> Iterator[bytes]:
        """``iter_bytes(chunk_size)``, by requests' name."""
    def aiter_bytes(self, chunk_size: int | None = None) -> AsyncIterator[bytes]:
        """``iter_bytes()`` for asyncio and trio; ``chunk_size`` as of it."""
    def iter_raw(self, chunk_size: int | None = None) -> Iterator[bytes]:
        """The body piece by piece as it came, not decoded; with ``chunk_size`` in pieces of that many bytes.
        Of a plain request only with ``decode=False``, or where nothing was coded: else ``StreamConsumed``.
        """
    def aiter_raw(self, chunk_size: int | None = None) -> AsyncIterator[bytes]:
        """``iter_raw()`` for asyncio and trio; ``chunk_size`` as of it."""
    def iter_text(self, chunk_size: int | None = None) -> Iterator[str]:
        """The body decoded piece by piece; ``chunk_size`` bytes at a time, else as it comes."""
    def aiter_text(self, chunk_size: int | None = None) -> AsyncIterator[str]:
        """``iter_text()`` for asyncio and trio; ``chunk_size`` as of it."""
    def iter_lines(self) -> Iterator[str]:
        """The body line by line, without line ends; these are CR, LF and CR LF, nothing else."""
    def aiter_lines(self) -> AsyncIterator[str]:
        """``iter_lines()`` for asyncio."""
    def take_stream(self) -> UpgradedStream:
        """The connection of a response of 101, or of 2xx to CONNECT, as a socket for threads, with what came
        behind the head. It leaves the client's pool; once. Raises ``InvalidState``, which names the status,
        when the response did not switch protocols.
        """
    def take_async_stream(self) -> AsyncUpgradedStream:
        """``take_stream()`` for asyncio and trio."""
    def close(self) -> None:
        """Ends the response early. A short rest of the body is drained to save the connection."""
    async def aclose(self) -> None:
        """``close()`` for asyncio and trio."""
    def __enter__(self) -> Self: ...
    def __exit__(self, *_raised: object) -> None: ...
    async def __aenter__(self) -> Self: ...
    async def __aexit__(self, *_raised: object) -> None: ...
    @property
    def _trace(self) -> Any: ...
    @_trace.setter
    def _trace(self, trace: Any) -> None: ...
    def _default(self, encoding: Any) -> None: ...
    def _set_content(self, content: bytes) -> bytes: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

@final
class Saved:
    """What was written of a response's body: ``saved`` of the response of a ``download()``.

    >>> saved = libkeepalive.download("http://example.com/file", "file").saved
    >>> saved.bytes, saved.resumes
    (7, 0)
    """
    @property
    def bytes(self) -> int:
        """Bytes of the whole body."""
    @property
    def kept(self) -> int:
        """Of these, those that an earlier download had left."""
    @property
    def resumes(self) -> int:
        """How often the connection broke and the rest was asked for."""
    def __eq__(self, other: object, /) -> bool: ...

@final
class Progress:
    """How far a body has come, as ``progress=`` is told.

    >>> told = []
    >>> _ = libkeepalive.get("http://example.com/file", progress=told.append)
    >>> told[-1].bytes, told[-1].total
    (7, 7)
    """
    @property
    def bytes(self) -> int:
        """Bytes so far, as they are on the wire: of a coded body before it is decoded. Of a download that was
        taken up again, those that were there count too.
        """
    @property
    def total(self) -> int | None:
        """All bytes; ``None`` while that is not known."""
    @property
    def rate(self) -> float:
        """Bytes per second, of the last few seconds."""
    @property
    def upload(self) -> bool:
        """Whether it is a request's body."""

@final
class UpgradedStream:
    """The connection of a response that switched protocols (101, or 2xx to CONNECT), named as a socket's
    methods are. It has left the client's pool; ``close()`` it, use it in a ``with`` block, or forget it.

    One thread may read while another writes. Limits are at first those of the request (``read`` and
    ``write`` of its timeout). In a forked child it is of no use, and closing it leaves the parent's.

    ::

        response = client.get("http://example.com/", headers={"Upgrade": "echo", "Connection": "upgrade"})
        with response.take_stream() as stream:
            stream.sendall(b"hello")
            print(stream.recv(1024))
    """
    def recv(self, bufsize: int) -> bytes:
        """Up to ``bufsize`` bytes, waiting for at least one; ``b""`` is the end of what the peer sends.

        Raises ``ReadTimeout`` (it can be read on), and ``ReadError`` for a reset and for TLS that ended
        without close_notify.
        """
    def send(self, data: Buffer) -> int:
        """Writes all of ``data``; returns how many bytes that is."""
    def sendall(self, data: Buffer) -> None:
        """Writes all of ``data``. After a failure, how much was sent is not known."""
    def shutdown(self, how: int = 1) -> None:
        """Ends the sending half (``how`` is ``socket.SHUT_WR``, the default), with TLS by close_notify: the peer reads
        an end, and what it sends can still be read. ``socket.SHUT_RDWR`` ends both.
        """
    def close(self) -> None:
        """Closes it; reads and writes under way on other threads raise ``InvalidState``."""
    def settimeout(self, timeout: float | None) -> None:
        """Sets how long, in seconds, a read may wait for a byte and a write until one is taken; ``timeout=None``: for
        ever.
        """
    def gettimeout(self) -> float | None:
        """How long, in seconds, a read may wait for a byte."""
    def fileno(self) -> int:
        """The descriptor, -1 once it is closed. Without TLS it is readable when ``recv()`` would not wait,
        unless ``pending()`` bytes are here already; do not read it, write it or close it.
        """
    def pending(self) -> int:
        """How many bytes ``recv()`` has without waiting that the descriptor does not tell of."""
    def __enter__(self) -> Self: ...
    def __exit__(self, *_raised: object) -> None: ...

@final
class AsyncUpgradedStream:
    """The connection of a response that switched protocols (101, or 2xx to CONNECT), for asyncio and trio,
    with the methods of trio's ``HalfCloseableStream``. It has left the client's pool; ``aclose()`` it, use
    it in an ``async with`` block, or forget it.

    One task may read while another writes. There is no limit of time: use ``asyncio.timeout()`` or a cancel
    scope. A read that is cancelled loses nothing, a write may have sent some of its data.

    ::

        response = await client.get("http://example.com/", headers={"Upgrade": "echo", "Connection": "upgrade"})
        async with response.take_async_stream() as stream:
            await stream.send_all(b"hello")
            print(await stream.receive_some())
    """
    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        """Waits for bytes and returns at most ``max_bytes`` of them (default 64 KiB); ``b""`` is the end of
        what the peer sends. Raises ``ReadError`` for a reset and for TLS that ended without close_notify.
        """
    async def send_all(self, data: Buffer) -> None:
        """Writes all of ``data``."""
    async def wait_send_all_might_not_block(self) -> None:
        """Returns at once, as trio allows where that is not known."""
    async def send_eof(self) -> None:
        """Ends the sending half, with TLS by close_notify; what the peer sends can still be read."""
    async def read(self, max_bytes: int = 65536) -> bytes:
        """``receive_some(max_bytes)``, named as of ``asyncio.StreamReader``."""
    async def write(self, data: Buffer) -> None:
        """``send_all(data)``: waits until it is written, as ``asyncio.StreamWriter``'s ``drain()`` does."""
    async def aclose(self) -> None:
        """``close()`` for asyncio and trio."""
    def close(self) -> None:
        """Closes it at once; reads and writes under way raise ``InvalidState``."""
    def fileno(self) -> int:
        """The descriptor, -1 once it is closed; do not read it, write it or close it."""
    async def __aenter__(self) -> Self: ...
    async def __aexit__(self, *_raised: object) -> None: ...
    def __aiter__(self) -> Self: ...
    async def __anext__(self) -> bytes: ...

@final
class Headers(MutableMapping[str, str]):
    """Header fields: ordered, duplicates kept, names compared without case; any thread may read and change them.

    Made of ``headers``: a mapping, pairs, or other header fields. Reads like a mapping, in which fields of one name are joined with ``", "`` (RFC 9110 5.3);
    ``get_list`` and ``multi_items`` keep them apart. What is set takes the place of all fields of that
    name. Text is latin-1; ``raw`` has the bytes. ``repr()`` shows no credentials and no cookies.

    >>> headers = libkeepalive.Headers([("Accept", "text/html"), ("Accept", "text/plain")])
    >>> headers["accept"], headers.get_list("accept")
    ('text/html, text/plain', ['text/html', 'text/plain'])
    """
    def __new__(cls, headers: _HeaderTypes | None = None) -> Self: ...
    def __getitem__(self, name: str, /) -> str: ...
    def __setitem__(self, name: _Text, value: _Text, /) -> None: ...
    def __delitem__(self, name: _Text, /) -> None: ...
    def __or__(self, other: _HeaderTypes, /) -> Headers: ...
    def __ror__(self, other: _HeaderTypes, /) -> Headers: ...
    def __copy__(self) -> Headers: ...
    def add(self, name: _Text, value: _Text) -> None:
        """Adds a field ``name: value`` beside those of its ``name``; ``value`` is str or bytes."""
    @overload
    def pop(self, name: str) -> str:
        """Removes all fields of that ``name``; their values joined, or ``default``. Raises ``KeyError`` without both."""
    @overload
    def pop(self, name: str, default: _T) -> str | _T: ...
    def popitem(self) -> tuple[str, str]:
        """Removes all fields of one name: that, and their values joined."""
    def setdefault(self, name: str, default: str = "") -> str:
        """The values of that ``name`` joined; ``default``, which is set, where there is none."""
    def copy(self) -> Headers:
        """The same fields, on their own."""
    def clear(self) -> None:
        """Removes all fields."""
    def update(self, headers: _HeaderTypes | None = None) -> None:  # type: ignore[override]
        """Sets what ``headers``, a mapping or pairs, have: their names lose the fields that they had here."""
    def __contains__(self, name: object, /) -> bool: ...
    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[str]: ...
    def __eq__(self, other: object, /) -> bool: ...
    @overload
    def get(self, name: str, default: None = None) -> str | None:
        """The values of ``name`` joined with ``", "``, or ``default``."""
    @overload
    def get(self, name: str, default: str | _T) -> str | _T: ...
    def get_list(self, name: str, split_commas: bool = False) -> list[str]:
        """The values of ``name``, one for each field; with ``split_commas`` also split at commas."""
    def keys(self) -> list[str]:  # type: ignore[override]
        """The names in lower case, each once."""
    def values(self) -> list[str]:  # type: ignore[override]
        """The joined values, one for each name."""
    def items(self) -> list[tuple[str, str]]:  # type: ignore[override]
        """Name and joined value, one pair for each name."""
    def multi_items(self) -> list[tuple[str, str]]:
        """Name in lower case and value of each field."""
    @property
    def raw(self) -> list[tuple[bytes, bytes]]:
        """Name and value of each field as the bytes they came in, case kept."""
    def __reduce__(self) -> tuple[Any, ...]: ...

@final
class Timeout:
    """Time limits of a request, in seconds; ``None`` is no limit, a phase left out takes the client's.

    ``Timeout(timeout=5.0)`` limits each phase to 5 s; ``Timeout(5.0, read=60.0, total=90.0)`` differs by
    phase. ``connect`` covers DNS, TCP and TLS; ``read`` the wait for the response head and each wait
    without a byte of the body; ``write`` each wait without a byte taken; ``pool`` the wait for a
    connection; ``total`` the whole exchange, redirects and body included.

    >>> libkeepalive.Timeout(5.0, read=60.0).read
    60.0
    """
    def __new__(
        cls,
        timeout: float | None | EllipsisType = ...,
        *,
        connect: float | None | EllipsisType = ...,
        read: float | None | EllipsisType = ...,
        write: float | None | EllipsisType = ...,
        pool: float | None | EllipsisType = ...,
        total: float | None | EllipsisType = ...,
    ) -> Self: ...
    @property
    def connect(self) -> float | None | EllipsisType:
        """Seconds, ``None`` for no limit, ``...`` for the client's."""
    @property
    def read(self) -> float | None | EllipsisType:
        """Seconds, ``None`` for no limit, ``...`` for the client's."""
    @property
    def write(self) -> float | None | EllipsisType:
        """Seconds, ``None`` for no limit, ``...`` for the client's."""
    @property
    def pool(self) -> float | None | EllipsisType:
        """Seconds, ``None`` for no limit, ``...`` for the client's."""
    @property
    def total(self) -> float | None | EllipsisType:
        """Seconds, ``None`` for no limit, ``...`` for the client's."""
    def __eq__(self, other: object, /) -> bool: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

@final
class Info:
    """How an exchange went.

    >>> libkeepalive.get("http://example.com/").info.replays
    0
    """
    # <generated info>
    @property
    def reused(self) -> bool:
        """
        Whether the connection had carried a response before.
        """
    @property
    def connection_id(self) -> int:
        """
        Number of the connection, unique in the process.
        """
    @property
    def requests(self) -> int:
        """
        Requests that the connection has carried, this one counted in.
        """
    @property
    def pipelined(self) -> bool:
        """
        Whether it was sent behind other requests on its connection (option ``pipelining``).
        """
    @property
    def replays(self) -> int:
        """
        How often the request was sent again on a fresh connection: 0 or 1.
        """
    @property
    def replay_reason(self) -> str | None:
        """
        Why it was sent again: the kind of the error that it met. Such as "ConnectionClosed"; None:
        it was not.
        """
    @property
    def retries(self) -> int:
        """
        Tries before this one that failed and were worth another (option ``retries``).
        """
    @property
    def redirects(self) -> int:
        """
        Redirects followed before this response.
        """
    @property
    def hedged(self) -> bool:
        """
        Whether a second try was sent because the first took long (option ``hedge``).
        """
    @property
    def hedge_won(self) -> bool:
        """
        Whether the response is the second try's.
        """
    @property
    def bytes_sent(self) -> int:
        """
        What was sent of the request, in bytes: head and body as they stood in the connection,
        before TLS.
        """
    @property
    def bytes_received(self) -> int:
        """
        What has come of the response, in bytes: 1xx heads, head and body as they stood in the
        connection, chunked and coded, after TLS. While the body is being read, what came with the
        head.
        """
    @property
    def local_address(self) -> str | None:
        """
        Address and port of this end of the connection. None where there is none.
        """
    @property
    def peer_address(self) -> str | None:
        """
        Address and port that the connection leads to, which are a proxy's where there is one; of a
        Unix domain socket its path, as the option ``unix_socket`` has it. None where there is none.
        """
    # </generated>
    @property
    def timings(self) -> Timings:
        """Seconds by phase."""
    @property
    def tls(self) -> TlsInfo | None:
        """How TLS was agreed on when the connection was opened; None without TLS."""
    @property
    def informational(self) -> tuple[tuple[int, Headers], ...]:
        """The 1xx heads that came before the response: pairs of status and ``Headers``."""

@final
class TlsInfo:
    """How TLS was agreed on when the connection of a response was opened.

    ::

        tls = libkeepalive.get("https://example.com/").info.tls
        print(tls.version, tls.cipher, tls.certificate.subject)
    """
    @property
    def version(self) -> str:
        """``TLSv1.2`` or ``TLSv1.3``."""
    @property
    def cipher(self) -> str:
        """The cipher suite by its IANA name, such as ``TLS_AES_128_GCM_SHA256``."""
    @property
    def group(self) -> str | None:
        """The group of the key exchange, such as ``X25519``; None when a session of TLS 1.2 was resumed,
        which exchanges no keys.
        """
    @property
    def alpn(self) -> str | None:
        """The protocol that the server chose by ALPN; None: it chose none."""
    @property
    def resumed(self) -> bool:
        """Whether an earlier session was resumed. The certificates are then those of that session."""
    @property
    def early(self) -> bool:
        """Whether the request travelled with the handshake (0-RTT): always False in this version."""
    @property
    def chain(self) -> list[bytes]:
        """The certificates that the server sent, in DER, its own first."""
    @property
    def certificate(self) -> Certificate | None:
        """What the server's own certificate says; None when it is malformed, as an unverified one may be."""

@final
class Certificate:
    """What a server's certificate says.

    ::

        certificate = libkeepalive.get("https://example.com/").info.tls.certificate
        print(certificate.names, certificate.not_after)
    """
    @property
    def subject(self) -> str:
        """Whose it is (RFC 4514), such as ``CN=example.com,O=Example``."""
    @property
    def issuer(self) -> str:
        """Who vouches for it, in the same form."""
    @property
    def serial(self) -> str:
        """The serial number in hexadecimal."""
    @property
    def names(self) -> list[str]:
        """The host names and IP addresses that it is for."""
    @property
    def not_before(self) -> datetime:
        """From when on it is valid, as a ``datetime`` in UTC."""
    @property
    def not_after(self) -> datetime:
        """Until when, likewise."""
    @property
    def pin(self) -> str:
        """Its public key as option ``tls_pins`` takes it: ``sha256//...``."""

@final
class Timings:
    """Seconds by phase; 0.0 where a phase did not happen. All but ``total`` add up to it. They are of
    the try that was answered: what was before it is in ``stalled``.

    >>> timings = libkeepalive.get("http://example.com/").info.timings
    >>> timings.total >= timings.wait
    True
    """
    # <generated timings>
    @property
    def queued(self) -> float:
        """
        Waiting for a connection or for leave to open one: the limits of the pool. In seconds.
        """
    @property
    def stalled(self) -> float:
        """
        What is none of the others: tries before this one with the pauses between them, the
        redirects that led to it, and what opening a connection cost beside the next three. In
        seconds.
        """
    @property
    def resolve(self) -> float:
        """
        Resolving the host name, as far as the request waited for it. In seconds.
        """
    @property
    def connect(self) -> float:
        """
        The TCP handshake, and what a proxy took to open the way, as far as the request waited for
        them. In seconds.
        """
    @property
    def tls(self) -> float:
        """
        The TLS handshakes, as far as the request waited for them. In seconds.
        """
    @property
    def send(self) -> float:
        """
        From the connection to the last byte of the request. In seconds.
        """
    @property
    def wait(self) -> float:
        """
        From the last byte of the request to the end of the response head. In seconds.
        """
    @property
    def receive(self) -> float:
        """
        From the response head to the end of the body; 0 before that end, and when all came with the
        head. In seconds.
        """
    @property
    def total(self) -> float:
        """
        From the call to the end of the response, or to its head while the body is still to come. In
        seconds.
        """
    # </generated>

@final
class Stats:
    """Counters of a client's pool. What is not of the moment counts since the client was made.

    >>> stats = libkeepalive.Client().stats()
    >>> stats.opened, stats.idle
    (0, 0)
    """
    # <generated totals>
    @property
    def opened(self) -> int:
        """
        Connections opened.
        """
    @property
    def reused(self) -> int:
        """
        Requests sent on a connection that had carried a response before.
        """
    @property
    def pipelined(self) -> int:
        """
        Requests sent behind others on their connection (option ``pipelining``).
        """
    @property
    def stale(self) -> int:
        """
        Idle connections found dead, at checkout or while idle.
        """
    @property
    def replayed(self) -> int:
        """
        Requests sent again on a fresh connection.
        """
    @property
    def retried(self) -> int:
        """
        Further tries after failures (option ``retries``).
        """
    @property
    def hedged(self) -> int:
        """
        Second tries sent because the first took long (option ``hedge``).
        """
    @property
    def stuck_lookups(self) -> int:
        """
        Look-ups of names, of the whole process, that have had no answer for 5 s and more.
        """
    # </generated>
    @property
    def closed(self) -> dict[str, int]:
        """Connections closed, by reason."""
    # <generated moments>
    @property
    def waiting(self) -> int:
        """
        Requests waiting for a connection.
        """
    @property
    def idle(self) -> int:
        """
        Idle connections.
        """
    @property
    def active(self) -> int:
        """
        Connections in use.
        """
    @property
    def dialing(self) -> int:
        """
        Connections being opened.
        """
    # </generated>
    @property
    def origins(self) -> list[OriginStats]:
        """The same moment by origin, in the order they were first used."""
    def as_dict(self) -> dict[str, Any]:
        """The counters as a dict of what JSON has: numbers, texts, dicts and lists."""
    def __eq__(self, other: object, /) -> bool: ...

@final
class OriginStats:
    """One origin's part of the counters of a pool.

    >>> [origin.idle for origin in libkeepalive.Client().stats().origins]
    []
    """
    def as_dict(self) -> dict[str, Any]:
        """The facts as a dict."""
    # <generated origin>
    @property
    def origin(self) -> str:
        """
        The origin, such as "https://example.com:8443".
        """
    @property
    def waiting(self) -> int:
        """
        Requests waiting for a connection.
        """
    @property
    def idle(self) -> int:
        """
        Idle connections.
        """
    @property
    def active(self) -> int:
        """
        Connections in use.
        """
    @property
    def dialing(self) -> int:
        """
        Connections being opened.
        """
    @property
    def idle_limit(self) -> float | None:
        """
        How long a connection may idle. In seconds; None: for ever.
        """
    @property
    def idle_limit_source(self) -> Literal["option", "hint", "learnt"]:
        """
        Where that limit is from: the option ``idle_timeout``, the server's Keep-Alive, or what its
        closes have taught. "option", "hint" or "learnt".
        """
    @property
    def breaker(self) -> Literal["closed", "open", "half_open"]:
        """
        The circuit breaker, which all clients of the process share. "closed", "open" or
        "half_open".
        """
    @property
    def addresses(self) -> list[str]:
        """
        What its name resolved to last; empty without connections, when the URL has an address, and
        when names are not looked up again (option ``dns_ttl``).
        """
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
