"""A request as urllib3 describes it, for the engine: the fields that urllib3 would add, and the body as it
would frame it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from urllib3.connection import _get_default_user_agent
from urllib3.util import SKIP_HEADER, SKIPPABLE_HEADERS
from urllib3.util.request import body_to_chunks

if TYPE_CHECKING:
    from .urllib3_connection import HTTPConnection

_NOT_A_TOKEN = re.compile(r"[^-!#$%&'*+.^_`|~0-9a-zA-Z]")

# Those of http.client.
_LEGAL_NAME = re.compile(rb"[^:\s][^:\r\n]*")
_ILLEGAL_VALUE = re.compile(rb"\n(?![ \t])|\r(?![ \t\n])")
_CONTROLS = re.compile("[\x00-\x20\x7f]")

_NO_BODY = frozenset({"GET", "HEAD", "DELETE", "TRACE", "OPTIONS", "CONNECT"})


class Asked:
    """A request that ``getresponse()`` sends: only then is its time limit known."""

    __slots__ = ("content", "decode", "enforce", "fields", "method", "preload", "target", "url")

    method: str
    target: str
    url: str
    fields: list[tuple[Any, Any]]
    content: Any
    preload: bool
    decode: bool
    enforce: bool


def asked_for(
    method: str,
    url: str,
    body: Any,
    headers: Mapping[str, str] | None,
    chunked: bool,
    connection: HTTPConnection,
) -> Asked:
    """The request that the arguments of ``HTTPConnection.request()`` describe; raises what that raises."""
    if match := _NOT_A_TOKEN.search(method):
        raise ValueError(
            f"Method cannot contain non-token characters {method!r} "
            f"(found at least {match.group()!r})"
        )
    asked = Asked()
    asked.method = method
    asked.target = url or "/"
    fields: list[tuple[Any, Any]] = []
    given = {}
    for name, value in (headers or {}).items():
        lower = name.lower() if isinstance(name, str) else name.decode("latin-1").lower()
        given[lower] = value
        if value == SKIP_HEADER:
            if lower not in SKIPPABLE_HEADERS:
                known = "', '".join(map(str.title, sorted(SKIPPABLE_HEADERS)))
                raise ValueError(f"urllib3.util.SKIP_HEADER only supports '{known}'")
            continue
        fields.append((name, value if isinstance(value, (str, bytes)) else _text(value)))
    first: list[tuple[Any, Any]] = []
    if "host" not in given:
        first.append(("Host", connection._host_of(url)))
    if "accept-encoding" not in given:
        first.append(("Accept-Encoding", "identity"))
    if "user-agent" not in given:
        first.append(("User-Agent", _get_default_user_agent()))
    asked.content = None
    if body is None and not chunked and "transfer-encoding" not in given:
        if "content-length" not in given and method.upper() not in _NO_BODY:
            first.append(("Content-Length", "0"))
    else:
        asked.content = content_of(method, body, chunked, given, connection.blocksize)
    asked.fields = first + fields
    return asked


def _text(value: Any) -> bytes:
    """A header's value, which http.client takes as a number too."""
    if isinstance(value, int):
        return str(value).encode()
    return b"".join([value])


def content_of(
    method: str, body: Any, chunked: bool, given: dict[str, Any], blocksize: int
) -> Any:
    """The body, framed as urllib3 frames it."""
    parts = body_to_chunks(body, method=method, blocksize=blocksize)
    chunks = parts.chunks
    if not chunked and "content-length" not in given:
        if "transfer-encoding" in given:
            chunked = True
        elif parts.content_length is None:
            chunked = chunks is not None
    if chunks is None:
        return iter(()) if chunked else None
    if isinstance(chunks, tuple):
        piece = chunks[0]
        return _pieces((piece,)) if chunked else piece
    return _pieces(chunks)


def _pieces(chunks: Any) -> Iterator[Any]:
    for chunk in chunks:
        if not chunk:
            continue
        yield chunk.encode("utf-8") if isinstance(chunk, str) else chunk


def check_tunnel(host: str, headers: Mapping[str, str]) -> None:
    """What http.client refuses of a CONNECT."""
    if _CONTROLS.search(host):
        raise ValueError(f"Tunnel host can't contain control characters {host!r}")
    for name, value in headers.items():
        name_bytes, value_bytes = name.encode("latin-1"), value.encode("latin-1")
        if not _LEGAL_NAME.fullmatch(name_bytes):
            raise ValueError(f"Invalid header name {name_bytes!r}")
        if _ILLEGAL_VALUE.search(value_bytes):
            raise ValueError(f"Invalid header value {value_bytes!r}")


def socks_url(options: Mapping[str, Any]) -> str:
    """A SOCKS proxy as ``urllib3.contrib.socks`` describes it."""
    version = "socks4" if options["socks_version"] == 1 else "socks5"
    remote = {"socks4": "a", "socks5": "h"}[version] if options["rdns"] else ""
    host = options["proxy_host"]
    user = ""
    if options.get("username"):
        user = quote(options["username"], safe="")
        if options.get("password"):
            user += ":" + quote(options["password"], safe="")
        user += "@"
    return f"{version}{remote}://{user}{f'[{host}]' if ':' in host else host}:{options['proxy_port']}"
