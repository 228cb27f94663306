"""Parameters and bodies that Python's own libraries encode as users expect."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def _pairs(name: str, value: Any) -> list[tuple[str, str]]:
    """Keys and values as text: None is empty, True and False are lower case, lists repeat the key."""
    if hasattr(value, "multi_items"):
        items: Iterable[Any] = value.multi_items()
    elif isinstance(value, Mapping):
        items = value.items()
    else:
        items = value
    pairs: list[tuple[str, str]] = []
    try:
        for key, entry in items:
            entries = entry if isinstance(entry, (list, tuple)) else [entry]
            pairs.extend((str(key), _text(name, key, each)) for each in entries)
    except (TypeError, ValueError) as error:
        if str(error).startswith(name):
            raise
        raise TypeError(
            f"{name}: expected a mapping or pairs, got {type(value).__name__}"
        ) from None
    return pairs


def _text(name: str, key: Any, value: Any) -> str:
    match value:
        case None:
            return ""
        case True:
            return "true"
        case False:
            return "false"
        case str():
            return value
        case int() | float():
            return str(value)
        case bytes():
            return value.decode()
    raise TypeError(
        f"{name}[{key!r}]: expected str, number, bool or None, got {type(value).__name__}"
    )


def with_params(url: str, params: Any) -> str:
    """``params`` appended to the query that ``url`` has."""
    from urllib.parse import urlencode

    if isinstance(params, (str, bytes)):
        query = params if isinstance(params, str) else params.decode()
    else:
        query = urlencode(_pairs("params", params))
    if not query:
        return url
    url, mark, fragment = url.partition("#")
    joint = "" if url.endswith(("?", "&")) else "&" if "?" in url else "?"
    return f"{url}{joint}{query}{mark}{fragment}"


def json_body(value: Any) -> tuple[bytes, str]:
    """Compact JSON in UTF-8; NaN and infinities are refused, as JSON has none."""
    from json import dumps

    text = dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.encode(), "application/json"


def form(data: Any) -> tuple[bytes, str]:
    """An HTML form (application/x-www-form-urlencoded)."""
    from urllib.parse import urlencode

    return urlencode(_pairs("data", data)).encode(), "application/x-www-form-urlencoded"


def multipart(data: Any, files: Any) -> tuple[bytes, str]:
    """multipart/form-data (RFC 7578). A file is content, or (name, content[, media type])."""
    from os import urandom

    boundary = urandom(16).hex().encode()
    parts: list[tuple[bytes, bytes | None, bytes]] = []
    for key, text in _pairs("data", data) if data is not None else []:
        parts.append((f'name="{_quoted(key)}"'.encode(), None, text.encode()))
    entries = files.items() if isinstance(files, Mapping) else files
    try:
        named = [(str(key), value) for key, value in entries]
    except (TypeError, ValueError):
        raise TypeError(f"files: expected a mapping or pairs, got {type(files).__name__}") from None
    for key, value in named:
        name, content, media_type = _file(key, value)
        disposition = f'name="{_quoted(key)}"'
        if name is not None:
            disposition += f'; filename="{_quoted(name)}"'
        parts.append((disposition.encode(), media_type.encode(), content))
    body = bytearray()
    for disposition_bytes, media_bytes, content in parts:
        body += b"--" + boundary + b"\r\nContent-Disposition: form-data; " + disposition_bytes
        if media_bytes is not None:
            body += b"\r\nContent-Type: " + media_bytes
        body += b"\r\n\r\n" + content + b"\r\n"
    body += b"--" + boundary + b"--\r\n"
    return bytes(body), f"multipart/form-data; boundary={boundary.decode()}"


def _file(key: str, value: Any) -> tuple[str | None, bytes, str]:
    name: str | None = None
    media_type: str | None = None
    content = value
    if isinstance(value, tuple):
        if len(value) not in (2, 3):
            raise TypeError(f"files[{key!r}]: expected (name, content[, media type])")
        name, content = value[0], value[1]
        media_type = value[2] if len(value) == 3 else None
    elif isinstance(getattr(value, "name", None), str):
        from os.path import basename

        name = basename(value.name)
    elif not isinstance(value, tuple):
        name = "upload"
    if hasattr(content, "read"):
        content = content.read()
    if isinstance(content, str):
        content = content.encode()
    if not isinstance(content, (bytes, bytearray, memoryview)):
        raise TypeError(
            f"files[{key!r}]: expected bytes, str or a file, got {type(content).__name__}"
        )
    if media_type is None:
        from mimetypes import guess_type

        media_type = guess_type(name or "")[0] or "application/octet-stream"
    if "\r" in media_type or "\n" in media_type:
        raise ValueError(f"files[{key!r}]: line break in the media type")
    return name, bytes(content), media_type


def _quoted(text: str) -> str:
    """RFC 7578 with the WHATWG escapes, which keep a name from ending its header field."""
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
