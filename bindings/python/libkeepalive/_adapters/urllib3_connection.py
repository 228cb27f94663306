"""urllib3's connection classes over the engine: one request at a time, on whichever connection of the shared
pool is free. urllib3's own pools keep these objects, which hold no socket."""

from __future__ import annotations

import http.client
import socket
import ssl
import sys
import weakref
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, cast
from urllib.parse import urlsplit

from urllib3._collections import HTTPHeaderDict
from urllib3.connection import HTTPConnection as HostConnection
from urllib3.connection import HTTPSConnection as HostSecureConnection
from urllib3.exceptions import LocationParseError
from urllib3.util.ssl_ import resolve_cert_reqs

from .._errors import InvalidArgument, _Failure
from .._native import Client, Timeout, _body_at_once, _latin1_head
from . import clients, urllib3_pins
from .names import Names
from .urllib3_errors import of_head, of_whole, raised, reached_proxy
from .urllib3_request import Asked, asked_for, check_tunnel, socks_url
from .urllib3_response import Body, HTTPResponse
from .urllib3_socket import SocketView
from .urllib3_trust import client_of, proxy_policy, refuse_other_proxy_policy

if TYPE_CHECKING:
    from urllib3._base_connection import _TYPE_BODY
    from urllib3.response import HTTPResponse as HostResponse

#: What the engine does by itself, on every connection.
_GIVEN_OPTIONS = {
    (socket.IPPROTO_TCP, socket.TCP_NODELAY),
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE),
    *(
        (socket.IPPROTO_TCP, getattr(socket, name))
        for name in ("TCP_KEEPIDLE", "TCP_KEEPINTVL", "TCP_KEEPCNT", "TCP_USER_TIMEOUT")
        if hasattr(socket, name)
    ),
}

_names = Names(lambda raw: raw.decode("latin-1"))
_PORTS = {"http": 80, "https": 443}
_NO_LIMIT = Timeout(None)
_timeouts: dict[tuple[Any, Any], Timeout] = {}


def _timeout(connect: float | None, read: float | None) -> Timeout:
    """Each limit as urllib3 means it: a socket's, which sends under the first one."""
    if connect is None and read is None:
        return _NO_LIMIT
    known = _timeouts.get((connect, read))
    if known is None:
        if len(_timeouts) > 256:
            _timeouts.clear()
        known = _timeouts[connect, read] = Timeout(
            None, connect=connect, write=connect, read=read, pool=None
        )
    return known


class HTTPConnection(HostConnection):
    """urllib3's ``HTTPConnection``, with its arguments, without a socket of its own.

    >>> libkeepalive.urllib3.HTTPConnection("example.com", timeout=5.0).is_closed
    True
    """

    _scheme = "http"
    _client: Client | None = None
    _url = ""
    _host_field = ""
    _options: dict[str, Any]
    _asked: Asked | None = None
    _body: weakref.ref[Body] | None = None
    _opened = False
    #: To a proxy that forwards requests.
    _forwards = False
    #: The socket of a program that writes its request by itself (``putrequest()``).
    _own_socket: Any = None
    connect_limit: float | None = None
    proxy_is_verified: bool | None

    def __init__(
        self,
        host: str,
        port: int | None = None,
        *,
        unix_socket: str | None = None,
        _socks_options: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(host, port, **options)
        self._unix_socket = unix_socket
        self._socks_options = _socks_options

    # Its state, as urllib3's pools ask for it.

    @property
    def sock(self) -> Any:
        """The socket of a program's own request; of others what can be told of it."""
        if self._own_socket is not None:
            return self._own_socket
        body = None if self._body is None else self._body()
        return None if body is None or not self._opened else body.socket

    @sock.setter
    def sock(self, value: Any) -> None:
        self._own_socket = None if isinstance(value, SocketView) else value

    @property
    def is_closed(self) -> bool:
        """Whether it has no connection."""
        return not self._opened and self._own_socket is None

    @property
    def is_connected(self) -> bool:
        """Whether it can be used for a request."""
        return self._opened or super().is_connected

    def connect(self) -> None:
        """Makes ready: connections are opened, or found, when the request is sent."""
        self._set_up()
        sys.audit("http.client.connect", self, self.host, self.port)
        self._opened = True
        if self.proxy:
            self.proxy_is_verified = False

    @property
    def is_over_socks(self) -> bool:
        """Whether its proxy is one of SOCKS."""
        return self._socks_options is not None

    def close(self) -> None:
        body = None if self._body is None else self._body()
        self._body = self._asked = None
        self._opened = False
        self._client = None
        if body is not None:
            body.close()
        super().close()

    def _set_up(self) -> None:
        """What all requests of this connection have in common."""
        host, port = self._dns_host, self.port
        options: dict[str, Any] = {}
        self._forwards = self.proxy is not None and self._tunnel_host is None
        if self._forwards:
            options["proxy"] = self._proxy_url(self._scheme)
        elif self._tunnel_host is not None:
            host, port = self._tunnel_host, self._tunnel_port or self.default_port
            check_tunnel(host, getattr(self, "_tunnel_headers", None) or {})
            options["proxy"] = self._proxy_url(self._tunnel_scheme or "http")
            if headers := getattr(self, "_tunnel_headers", None):
                options["proxy_headers"] = list(headers.items())
        elif self._socks_options is not None:
            options["proxy"] = socks_url(self._socks_options)
        elif self._unix_socket is not None:
            options["unix_socket"] = self._unix_socket
        if self.source_address is not None:
            local, local_port = self.source_address
            if local_port:
                raise InvalidArgument(
                    "source_address: a port cannot be asked for, as many connections are open at a time; "
                    "expected 0"
                )
            if local:
                options["local_address"] = local
        for level, name, *_ in self.socket_options or ():
            if (level, name) not in _GIVEN_OPTIONS:
                raise InvalidArgument(
                    f"socket_options: ({level}, {name}) cannot be set on the connections of the shared "
                    "pool; TCP_NODELAY and keep-alive probes are"
                )
        bare = host.strip("[]")
        if self._unix_socket is None:
            try:
                bare.encode("idna")
            except UnicodeError:
                raise LocationParseError(f"'{host}', label empty or too long") from None
        if ":" in bare:
            bare = f"[{bare}]"
        self._options = options
        self._host_field = bare.rstrip(".") + ("" if port == self.default_port else f":{port}")
        # The engine remembers the origins of URLs that are as short as can be.
        place = bare if port == _PORTS[self._scheme] else f"{bare}:{port}"
        self._url = f"{self._scheme}://{place}/"
        self._client = self._find_client()

    def _proxy_url(self, scheme: str) -> str:
        host = self._dns_host.strip("[]")
        if ":" in host:
            host = f"[{host}]"
        return f"{scheme}://{host}:{self.port}"

    def _find_client(self) -> Client:
        return clients.usual()

    # A request.

    def request(  # type: ignore[override]
        self,
        method: str,
        url: str,
        body: _TYPE_BODY | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        chunked: bool = False,
        preload_content: bool = True,
        decode_content: bool = True,
        enforce_content_length: bool = True,
    ) -> None:
        if self._client is None:
            self.connect()
        asked = asked_for(method, url, body, headers, chunked, self)
        asked.url = self._url if not self._forwards else self._forwarded_to(url)
        asked.preload = preload_content
        asked.decode = decode_content
        asked.enforce = enforce_content_length
        self._asked = asked
        self.connect_limit = self.timeout

    def _forwarded_to(self, target: str) -> str:
        """The URL of the server that a forwarding proxy is asked for: the target, in absolute-form, is sent
        as it is. Of https too (use_forwarding_for_https), for which the engine itself would ask for a tunnel."""
        return f"http://{urlsplit(target).netloc.rpartition('@')[2]}/"

    def _host_of(self, url: str) -> str:
        """The Host of a request: of a target in absolute-form the one in it."""
        if url.startswith("http"):
            return urlsplit(url).netloc.rpartition("@")[2] or self._host_field
        return self._host_field

    def getresponse(self) -> HostResponse:  # type: ignore[override]
        asked = self._asked
        if asked is None:
            if self._own_socket is not None:
                return super().getresponse()
            raise http.client.ResponseNotReady()
        self._asked = None
        client = self._client
        if client is None:
            raise http.client.ResponseNotReady()
        content = None
        try:
            options: dict[str, Any] = {
                "headers": asked.fields,
                "content": asked.content,
                "timeout": _timeout(self.connect_limit, self.timeout),
                "raw_target": asked.target,
                **self._options,
            }
            if asked.preload:
                response = client.request(asked.method, asked.url, **options)
                content = response.content
            else:
                response = client.request(asked.method, asked.url, stream=True, **options)
        except _Failure as error:
            self._failed(error, asked)
        if self.proxy is not None:
            self._has_connected_to_proxy = True
        status, is_newest, reason, fields = _latin1_head(response, _names)
        headers = _headers(fields)
        chunked = "chunked" in headers.get("transfer-encoding", "").lower()
        whole, length = content, None
        if content is None:
            whole = _body_at_once(response)
            if not chunked:
                declared = headers.get("content-length", "")
                if declared.isdigit():
                    length = int(declared) if whole is None else 0
                if asked.method == "HEAD" or status in (204, 304):
                    length = 0
        body = Body(response, (status, is_newest, reason, fields), asked.method, whole, chunked, length)
        self._body = weakref.ref(body)
        plain = content is not None and (not asked.decode or "content-encoding" not in headers)
        made = HTTPResponse(
            body=cast(Any, body),
            headers=headers,
            status=status,
            version=body.version,
            version_string=getattr(self, "_http_vsn_str", "HTTP/?"),
            reason=reason,
            preload_content=asked.preload and not plain,
            decode_content=asked.decode,
            original_response=cast(Any, body),
            enforce_content_length=asked.enforce,
            request_method=asked.method,
            request_url=asked.target,
            sock_shutdown=lambda how: body.socket.shutdown(how),
        )
        if plain and content is not None:
            made._have(body, content)
        return made

    def _failed(self, error: _Failure, asked: Asked) -> NoReturn:
        if self.proxy is not None:
            self._has_connected_to_proxy = reached_proxy(error)
        if error.kind == "CertificateRejected" and isinstance(self, HTTPSConnection):
            urllib3_pins.forget(self)
        if error.kind == "InvalidArgument":
            asked.target.encode("ascii")
        if error.kind == "InvalidHeader":
            for name, value in asked.fields:
                # As http.client would have raised it.
                if isinstance(name, str):
                    name.encode("ascii")
                if isinstance(value, str):
                    value.encode("latin-1")
        if error.phase == "body" and asked.preload and error.kind not in ("InvalidFraming",):
            raised(of_whole(error), error)
        raised(of_head(error, self), error)

    # The way of a program that writes its request by itself: urllib3's own, on a socket of its own.

    def putrequest(self, method: str, url: str, *arguments: Any, **options: Any) -> None:
        """Begins a request that the program writes by itself, as of ``http.client``: by a socket of its own."""
        if self._own_socket is None:
            super().connect()
        super().putrequest(method, url, *arguments, **options)


def _headers(fields: list[tuple[str, str]]) -> HTTPHeaderDict:
    """``HTTPHeaderDict(fields)``, without its look at what it was given."""
    headers = HTTPHeaderDict()
    container = headers._container
    for name, value in fields:
        lower = name.lower()
        known = container.get(lower)
        if known is None:
            container[lower] = [name, value]
        else:
            known.append(value)
    return headers


class HTTPSConnection(HTTPConnection, HostSecureConnection):
    """urllib3's ``HTTPSConnection``, with its arguments, without a socket of its own.

    >>> libkeepalive.urllib3.HTTPSConnection("example.com").default_port
    443
    """

    is_verified: bool
    proxy_is_verified: bool | None
    _scheme = "https"
    default_port: ClassVar[int] = HostSecureConnection.default_port  # type: ignore[misc]

    def connect(self) -> None:
        HTTPConnection.connect(self)
        verified = resolve_cert_reqs(self.cert_reqs) == ssl.CERT_REQUIRED
        verified = verified or bool(self.assert_fingerprint)
        if self.proxy is None:
            self.is_verified = verified
            return
        if self.proxy_is_tunneling:
            self.is_verified = verified
            self.proxy_is_verified = self._tunnel_scheme == "https" and verified
        else:
            self.is_verified = False
            self.proxy_is_verified = verified

    def _find_client(self) -> Client:
        if self._forwards:
            return client_of(proxy_policy(self))
        if self._tunnel_scheme == "https" and self.proxy_config is not None:
            refuse_other_proxy_policy(self)
        return client_of(self)
