"""Requests and responses as programs make and see them: what the native classes need of Python."""

from __future__ import annotations

import re
from collections.abc import AsyncIterable, Iterable
from typing import TYPE_CHECKING, Any

from ._native import Client, Headers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from typing_extensions import Buffer

    from ._native import Response, _Content, _Data, _Files, _HeaderTypes, _Params, _Url

#: Fields that leave a request when its body does.
_ABOUT_BODY = (
    "content-length",
    "transfer-encoding",
    "content-type",
    "content-encoding",
    "content-language",
    "content-location",
    "trailer",
)
_SECRET = ("authorization", "cookie", "proxy-authorization")

#: Arguments that make the message; the others say how it is sent.
_MESSAGE = ("params", "headers", "content", "data", "json", "files")


class Request:
    """A request that can be looked at and changed before ``client.send()`` sends it, as an ``auth``, a hook
    and a transport see it.

    ``Request(method, url)`` takes ``params``, ``headers``, ``content``, ``data``, ``json``,
    ``files`` and ``extensions`` as ``client.request()`` does; ``client.build_request()`` makes one with the
    client's defaults. ``content`` is the body if it is in memory, ``None`` if there is none or it is streamed,
    which then is ``stream``. ``headers`` can be changed.

    >>> request = libkeepalive.Request("POST", "http://example.com/users", json={"name": "A"})
    >>> request.headers["content-type"], request.content
    ('application/json', b'{"name":"A"}')
    """

    method: str
    url: str
    headers: Headers
    content: bytes | None
    stream: Any
    extensions: dict[str, Any]

    def __init__(
        self,
        method: str,
        url: _Url,
        headers: _HeaderTypes | None = None,
        content: _Content | AsyncIterable[Buffer] | None = None,
        *,
        params: _Params | None = None,
        data: _Data | None = None,
        json: Any = None,
        files: _Files | None = None,
        extensions: Mapping[str, Any] | None = None,
    ) -> None:
        self.extensions = {} if extensions is None else dict(extensions)
        self.stream = None
        self._own: dict[str, Any] = {}
        whole = content.encode() if isinstance(content, str) else content
        alone = params is None and data is None and json is None and files is None
        if alone and (whole is None or isinstance(whole, bytes)):
            self.method = method
            self.url = str(url)
            self.headers = Headers(headers)
            self.content = whole
            return
        arguments = {
            "params": params,
            "headers": headers,
            "content": content,
            "data": data,
            "json": json,
            "files": files,
            "auth": None,
            "cookies": False,
            "_exact": True,
        }
        self._take(Client.shared()._prepare(method, url, arguments))

    def _take(self, prepared: Any) -> None:
        self.method, self.url, fields, self.content = prepared.view()
        self.headers = Headers(fields)
        self.stream = prepared.source

    def read(self) -> bytes:
        """The body; a streamed one is read now, and then is ``content``."""
        if self.content is None and self.stream is not None:
            from ._bodies import AsyncBody, prepare

            body = _prepared(self.stream) or prepare(self.stream, False)
            if isinstance(body, AsyncBody):
                raise TypeError("content: an async iterable is read by aread()")
            self.content, self.stream = b"".join(map(bytes, body.start())), None
        return b"" if self.content is None else self.content

    async def aread(self) -> bytes:
        """The same in a task, of an async iterable too."""
        if self.content is None and self.stream is not None:
            from ._bodies import AsyncBody, prepare

            body = _prepared(self.stream) or prepare(self.stream, True)
            if isinstance(body, AsyncBody):
                pieces = [bytes(piece) async for piece in body.start()]
                self.content, self.stream = b"".join(pieces), None
        return self.read()

    def _arguments(self) -> dict[str, Any]:
        """What sends it as it is."""
        fields = list(self.headers.raw)
        host = next((value for name, value in fields if name.lower() == b"host"), None)
        if host is not None and host.decode("latin-1") == _host(self.url):
            fields = [field for field in fields if field[0].lower() != b"host"]
        body = self.stream if self.content is None else self.content
        extensions = {**self.extensions} or None
        return {
            **self._own,
            "headers": fields,
            "content": body,
            "extensions": extensions,
            "_exact": True,
        }

    def __eq__(self, other: object) -> bool:
        # Method and URL were all that a response once told of its request.
        if isinstance(other, tuple):
            return (self.method, self.url) == tuple(other)
        return self is other

    def __hash__(self) -> int:
        return object.__hash__(self)

    def __reduce__(self) -> tuple[Any, ...]:
        """Without its stream, and what can reach no other process."""
        return _unpickled, (self.method, self.url, self.headers, self.content)

    def __repr__(self) -> str:
        return f"<Request({self.method!r})>"


def _prepared(stream: Any) -> Any:
    """A body that has been looked at already."""
    return stream if hasattr(stream, "repeatable") else None


def _unpickled(method: str, url: str, headers: Headers, content: bytes | None) -> Request:
    return Request(method, url, headers, content)


def _host(url: str) -> str:
    """The Host field of a URL."""
    authority = re.split(r"[/?#]", url.partition("://")[2], maxsplit=1)[0]
    return authority.rpartition("@")[2]


def build(client: Any, method: str, url: Any, options: dict[str, Any]) -> Request:
    """``client.build_request()``."""
    own = {name: value for name, value in options.items() if name not in _MESSAGE}
    looked = {name: value for name, value in options.items() if name in _MESSAGE}
    # Refused now; they are heeded when it is sent.
    extensions = own.pop("extensions", None)
    target = {"extensions": extensions} if extensions else {}
    prepared = client._prepare(method, url, {**own, **looked, **target, "auth": None})
    request = Request.__new__(Request)
    request.extensions = dict(extensions or {})
    request._own = own
    request._take(prepared)
    return request


def sending(request: Any, stream: bool, options: dict[str, Any]) -> dict[str, Any]:
    """The arguments of ``request()`` for ``client.send()``."""
    if not isinstance(request, Request):
        raise TypeError(f"request: expected a libkeepalive.Request, got {type(request).__name__}")
    return {**request._arguments(), **options, "stream": stream}


def answered(
    method: str, url: str, view: tuple[Any, ...] | None, followed: bool
) -> Request:
    """The request that a response answers; ``view`` is what the caller asked for."""
    if view is None:
        return Request(method, url)
    asked, first, fields, content = view
    headers = Headers(fields)
    if followed:
        return _moved((asked, first, headers, content), method, url)
    return Request(method, url, headers, content)


def following(response: Response, method: str, url: str) -> Request:
    """The request that a redirect leads to."""
    from ._errors import InvalidState

    try:
        last: Any = response.request
    except InvalidState:
        return Request(method, url)
    return _moved((last.method, last.url, last.headers, last.content), method, url)


def _moved(last: tuple[str, str, Headers, bytes | None], method: str, url: str) -> Request:
    """The fields that go along with a redirect."""
    old_method, old_url, headers, content = last
    headers = headers.copy()
    gone = ["host"]
    if method != old_method:
        gone += _ABOUT_BODY
        content = None
    if _origin(old_url) != _origin(url):
        gone += _SECRET
    for name in gone:
        headers.pop(name, None)
    return Request(method, url, headers, content)


def _origin(url: str) -> tuple[str, str]:
    return url.partition("://")[0], _host(url)


def message(
    status: int,
    headers: Any,
    content: Any,
    text: Any,
    html: Any,
    json: Any,
    stream: Any,
) -> tuple[Headers, bytes | None, Any, bytes]:
    """What ``Response(...)`` is made of: fields, body or what it is read from, reason phrase."""
    given = [each for each in (content, text, html, json, stream) if each is not None]
    if len(given) > 1:
        raise TypeError("content, text, html, json and stream: give only one of them")
    fields = Headers(headers)
    body, media_type = _body(content, text, html, json, stream)
    if media_type is not None and "content-type" not in fields:
        fields["Content-Type"] = media_type
    whole = isinstance(body, bytes)
    if whole and given and not {"content-length", "transfer-encoding"} & set(fields):
        fields["Content-Length"] = str(len(body))
    return fields, body if whole else None, None if whole else body, _phrase(status)


def _body(content: Any, text: Any, html: Any, json: Any, stream: Any) -> tuple[Any, str | None]:
    for name, value, kind in (("text", text, "plain"), ("html", html, "html")):
        if value is None:
            continue
        if not isinstance(value, str):
            raise TypeError(f"{name}: expected str, got {type(value).__name__}")
        return value.encode(), f"text/{kind}; charset=utf-8"
    if json is not None:
        from ._encode import json_body

        return json_body(json)
    if content is None:
        content = b"" if stream is None else stream
    if isinstance(content, str):
        return content.encode(), None
    if isinstance(content, (bytes, bytearray, memoryview)):
        return bytes(content), None
    if isinstance(content, (Iterable, AsyncIterable)) and not isinstance(content, dict):
        return content, None
    kind = type(content).__name__
    raise TypeError(f"content: expected bytes, str or an iterable of bytes, got {kind}")


def _phrase(status: int) -> bytes:
    from http import HTTPStatus

    try:
        return HTTPStatus(status).phrase.encode()
    except ValueError:
        return b""
