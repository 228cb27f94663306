"""Requests of aiohttp, sent by the engine."""

from __future__ import annotations

import ssl
import weakref
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import aiohttp
from aiohttp import ClientRequest, ClientResponse, ClientTimeout, HttpVersion11, TCPConnector
from aiohttp.connector import UnixConnector
from aiohttp.helpers import ceil_timeout
from aiohttp.resolver import AsyncResolver, ThreadedResolver

from .._aio import _run
from .._errors import _Failure
from .._native import AsyncClient, Client, Timeout
from . import aiohttp_errors, aiohttp_upload, clients
from .aiohttp_response import Limits, Protocol, made, started

if TYPE_CHECKING:
    from aiohttp.client_reqrep import ConnectionKey

_Handler = Callable[[ClientRequest], Awaitable[ClientResponse]]

_SECURE = frozenset(("https", "wss"))
_INSTEAD = "send this by a session without the middleware of libkeepalive"
#: Methods by which a connector dials; one that has its own is not to be passed over.
_DIALS = (
    "connect",
    "_create_connection",
    "_create_direct_connection",
    "_create_proxy_connection",
    "_resolve_host",
    "_start_tls_connection",
    "_wrap_create_connection",
)
#: What a request can say that the handler's closure alone has.
_KEPT = (
    "real_timeout",
    "auto_decompress",
    "read_bufsize",
    "max_line_size",
    "max_field_size",
    "max_headers",
)


class _Road:
    """What a connector says about the way to its servers."""

    __slots__ = ("options", "resolves", "ssl")

    def __init__(self, connector: Any) -> None:
        self.options: dict[str, Any] = {}
        self.resolves = False
        self.ssl: Any = True
        if isinstance(connector, UnixConnector):
            self._same(connector, UnixConnector)
            self.options["unix_socket"] = connector.path
        elif isinstance(connector, TCPConnector):
            self._same(connector, TCPConnector)
            self._tcp(connector)
        else:
            raise ValueError(
                f"connector: {type(connector).__name__} cannot be replaced, TCPConnector and UnixConnector can; "
                + _INSTEAD
            )

    def _same(self, connector: Any, known: Any) -> None:
        for name in _DIALS:
            own = getattr(type(connector), name, None)
            if own is not getattr(known, name, None):
                raise ValueError(
                    f"connector: {type(connector).__name__} has a {name}() of its own, which would not be called; "
                    + _INSTEAD
                )

    def _tcp(self, connector: TCPConnector) -> None:
        if connector.family:
            raise ValueError(
                f"connector: family={connector.family!r} cannot be kept, as names are looked up for all families; "
                + _INSTEAD
            )
        if getattr(connector, "_socket_factory", None) is not None:
            raise ValueError("connector: socket_factory would not be called; " + _INSTEAD)
        self.resolves = type(connector._resolver) not in (AsyncResolver, ThreadedResolver)
        self.ssl = connector._ssl
        local = connector._local_addr_infos
        if local:
            host, port = local[0][4][:2]
            if port:
                raise ValueError(
                    "connector: a port in local_addr serves one connection alone; give (host, 0)"
                )
            self.options["local_address"] = host


class Sender:
    """The middleware."""

    def __init__(self, client: Client | AsyncClient | None) -> None:
        if client is not None and not isinstance(client, (Client, AsyncClient)):
            raise TypeError(
                f"client: expected a libkeepalive.Client or AsyncClient, got {type(client).__name__}"
            )
        self._own = client.aio if isinstance(client, Client) else client
        self._roads: weakref.WeakKeyDictionary[Any, _Road] = weakref.WeakKeyDictionary()
        #: The connector that was seen last, and its road.
        self._last: tuple[Callable[[], Any], _Road] | None = None
        #: Where a handler's closure keeps what is in ``_KEPT``, by its code.
        self._places: dict[Any, tuple[int, ...] | None] = {}
        self._timeout: tuple[ClientTimeout, Timeout] | None = None

    def __repr__(self) -> str:
        return "<libkeepalive.aiohttp.middleware>"

    async def __call__(self, request: ClientRequest, handler: _Handler) -> ClientResponse:
        headers, method = request.headers, request.method
        if method == "CONNECT" or "Upgrade" in headers:
            return await handler(request)
        connector: Any = request.session.connector
        limits = self._limits(request, handler)
        last = self._last
        road = last[1] if last is not None and last[0]() is connector else self._road(connector)
        timeout = limits.timeout
        client: Any = self._client(request, road)
        options = self._options(request, road, timeout)
        if road.resolves and request.proxy is None:
            await _resolved(request, connector, options)
        key: ConnectionKey | None = None
        taken: Any = connector._acquired
        if connector._limit_per_host or (connector._limit and len(taken) >= connector._limit):
            key = request.connection_key
            if connector._available_connections(key) <= 0:
                await _available(request, connector, key, timeout)
        if connector._closed:
            raise aiohttp.ClientConnectionError("Connector is closed.")
        protocol = Protocol(request.loop, connector, key)
        taken.add(protocol)
        if connector._limit_per_host:
            connector._acquired_per_host[key].add(protocol)
        try:
            _completed(request, connector)
            if request._traces:
                await request._on_headers_request_sent(method, request.url, headers)
            writer = None
            chunked = "Transfer-Encoding" in headers
            if request._body is not None or chunked or request._upload_tracker is not None:
                options["content"], writer = await aiohttp_upload.content(request, chunked)
            options["headers"] = _fields(headers)
            url = request.url
            scheme = "https" if url.scheme in _SECURE else "http"
            try:
                origin = f"{scheme}://{url.host_port_subcomponent}/"
                pending = client._begin(method, origin, options)
                if pending.is_special:
                    response = await _run(pending)
                else:
                    try:
                        response = await pending
                    except BaseException:
                        pending.close()
                        raise
            except _Failure as error:
                unix_socket = road.options.get("unix_socket")
                raise aiohttp_errors.of_head(error, request, unix_socket) from error
            if request._traces:
                await _told(request, response)
            protocol.response = response
            result = made(request, response, limits, writer, protocol)
            return result if result is not None else await started(request, protocol)
        except BaseException:
            protocol.release()
            protocol.close()
            raise

    def _road(self, connector: Any) -> _Road:
        road = self._roads.get(connector)
        if road is None:
            road = self._roads[connector] = _Road(connector)
        self._last = weakref.ref(connector), road
        return road

    def _limits(self, request: ClientRequest, handler: Any) -> Limits:
        code = getattr(handler, "__code__", None)
        try:
            places = self._places[code]
        except KeyError:
            places = self._places[code] = _places(code)
        if places is not None:
            cells = handler.__closure__
            return Limits._make([cells[place].cell_contents for place in places])
        session: Any = request.session
        return Limits(
            session.timeout,
            session.auto_decompress,
            session._read_bufsize,
            session._max_line_size,
            session._max_field_size,
            getattr(session, "_max_headers", 128),
        )

    def _client(self, request: ClientRequest, road: _Road) -> AsyncClient:
        trust = request.ssl
        if trust is True:
            trust = road.ssl
        if trust is True or not (request.is_ssl() or request.proxy):
            return self._own if self._own is not None else clients.usual_aio()
        if trust is False:
            return clients.unverified().aio
        if isinstance(trust, ssl.SSLContext):
            return clients.of_context(trust).aio
        raise ValueError(
            "ssl: a Fingerprint is that of a whole certificate, which is seen only after the request was sent; "
            "libkeepalive.Client(tls_pins=...) pins public keys, or " + _INSTEAD
        )

    def _options(
        self, request: ClientRequest, road: _Road, timeout: ClientTimeout
    ) -> dict[str, Any]:
        if request.version != HttpVersion11:
            raise ValueError(
                f"version: requests are sent as HTTP/1.1, not {request.version.major}.{request.version.minor}; "
                + _INSTEAD
            )
        options: dict[str, Any] = {
            "timeout": self._limits_of(timeout),
            "raw_target": request.url.raw_path_qs,
            "stream": True,
            **road.options,
        }
        if request.server_hostname is not None:
            options["tls_server_name"] = request.server_hostname
        if request.proxy is not None:
            _by_proxy(request, options)
        return options

    def _limits_of(self, timeout: ClientTimeout) -> Timeout:
        last = self._timeout
        if last is not None and last[0] is timeout:
            return last[1]
        connect = timeout.connect or None
        dial = min(filter(None, (connect, timeout.sock_connect)), default=None)
        limits = Timeout(
            None, connect=dial, read=timeout.sock_read or None, pool=connect
        )
        self._timeout = (timeout, limits)
        return limits


def _places(code: Any) -> tuple[int, ...] | None:
    names = getattr(code, "co_freevars", ())
    if "next_h" in names:
        raise RuntimeError(
            "libkeepalive.aiohttp.middleware() has to be the last of the middlewares: "
            "those behind it would not be called"
        )
    if not all(name in names for name in _KEPT):
        return None
    return tuple(names.index(name) for name in _KEPT)


async def _available(
    request: ClientRequest, connector: Any, key: ConnectionKey, timeout: ClientTimeout
) -> None:
    """A place within the connector's limits, waited for as aiohttp does."""
    try:
        async with ceil_timeout(timeout.connect, timeout.ceil_threshold):
            await connector._wait_for_available_connection(key, request._traces)
    except TimeoutError as error:
        raise aiohttp.ConnectionTimeoutError(
            f"Connection timeout to host {request.url}"
        ) from error


def _completed(request: ClientRequest, connector: Any) -> None:
    """The fields that aiohttp adds when it sends."""
    headers = request.headers
    if request.method in request.POST_METHODS and "Content-Type" not in headers:
        skipped = request._skip_auto_headers
        if skipped is None or "Content-Type" not in skipped:
            headers["Content-Type"] = "application/octet-stream"
    if connector.force_close and "Connection" not in headers:
        headers["Connection"] = "close"


def _fields(headers: Any) -> list[tuple[Any, Any]]:
    if "".join(headers.values()).isascii():
        return list(headers.items())
    return [(name, value.encode("utf-8")) for name, value in headers.items()]


def _by_proxy(request: ClientRequest, options: dict[str, Any]) -> None:
    proxy = request.proxy
    assert proxy is not None
    if not proxy.raw_host:
        raise aiohttp.InvalidURL(proxy)
    if request.proxy_auth is not None:
        proxy = proxy.with_user(request.proxy_auth.login).with_password(request.proxy_auth.password)
    options["proxy"] = str(proxy)
    # To others than the proxy aiohttp does not send them, and without CONNECT there are no others.
    if request.proxy_headers and request.is_ssl():
        options["proxy_headers"] = _fields(request.proxy_headers)


async def _resolved(request: ClientRequest, connector: Any, options: dict[str, Any]) -> None:
    """Asks the connector's own resolver."""
    host, port = request.url.raw_host or "", request.url.port
    try:
        found = await connector._resolve_host(host, port, traces=request._traces)
    except OSError as error:
        raise aiohttp.ClientConnectorDNSError(request.connection_key, error) from error
    if not found:
        reason = OSError(0, f"the resolver knows no address of {host}")
        raise aiohttp.ClientConnectorDNSError(request.connection_key, reason)
    address = found[0]["host"]
    address = f"[{address}]" if ":" in address else address
    options["connect_to"] = f"::{address}:{found[0]['port']}"


async def _told(request: ClientRequest, response: Any) -> None:
    """What tracing gets of the connection: that it was opened is told once it has answered."""
    reused = response.info.reused
    for trace in request._traces:
        if reused:
            await trace.send_connection_reuseconn()
        else:
            await trace.send_connection_create_start()
            await trace.send_connection_create_end()
