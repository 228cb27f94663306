"""multipart/form-data (RFC 7578), produced piece by piece: files are read while they are sent."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ._bodies import PIECE, FileBody, Unprepared, checked
from ._encode import pairs

_TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]")


def boundary_of(content_type: str) -> str | None:
    """The boundary in a caller's own Content-Type, ``None`` if it names none."""
    from email.message import Message

    message = Message()
    message["Content-Type"] = content_type
    if message.get_content_maintype() != "multipart":
        raise ValueError(
            f"files: the Content-Type header says {message.get_content_type()}; expected "
            "multipart/form-data, or leave it out"
        )
    boundary = message.get_boundary()
    if boundary is not None and not _BOUNDARY.fullmatch(boundary):
        raise ValueError(
            "files: the boundary in the Content-Type header is not one of RFC 2046 5.1.1: "
            "1 to 70 letters, digits, blanks or any of '()+_,-./:=?"
        )
    return boundary


def multipart(data: Any, files: Any, content_type: str | None) -> tuple[Any, str] | None:
    """The source of the body and its Content-Type; ``None`` if there are no files.

    ``content_type`` is the one that the caller has set. A file is content, or (name, content[,
    media type[, headers]]); content is str, bytes or a binary file.
    """
    entries = files.items() if isinstance(files, Mapping) else files
    try:
        named = [(key, value) for key, value in entries]
    except (TypeError, ValueError):
        raise TypeError(
            f"files: expected a mapping or pairs of name and file, got {type(files).__name__}"
        ) from None
    if not named:
        return None
    boundary = boundary_of(content_type) if content_type else None
    if boundary is None:
        boundary = os.urandom(16).hex()
        kind = content_type.rstrip("; ") if content_type else "multipart/form-data"
        content_type = f"{kind}; boundary={boundary}"
    assert content_type is not None
    parts = [_field(key, text) for key, text in (pairs("data", data) if data is not None else ())]
    parts += [_file(key, value) for key, value in named]
    return Multipart(boundary.encode(), parts), content_type


class Multipart(Unprepared):
    """The parts of a form, and what is between them."""

    def __init__(self, boundary: bytes, parts: list[tuple[bytes, Any]]) -> None:
        self._pieces: list[Any] = []
        for head, content in parts:
            self._pieces += (b"--" + boundary + b"\r\n" + head + b"\r\n\r\n", content, b"\r\n")
        self._pieces.append(b"--" + boundary + b"--\r\n")

    def prepare(self) -> MultipartBody:
        """Looks at the files: how long they are, and whether they can be read again."""
        return MultipartBody(
            [each if isinstance(each, bytes) else FileBody(each) for each in self._pieces]
        )


class MultipartBody:
    """A form that is ready to be sent."""

    blocking = True

    def __init__(self, pieces: list[bytes | FileBody]) -> None:
        self._pieces = pieces
        files = [each for each in pieces if isinstance(each, FileBody)]
        self.repeatable = all(file.repeatable for file in files)
        self.length: int | None = None
        if all(file.length is not None for file in files):
            self.length = sum(
                len(each) if isinstance(each, bytes) else each.length or 0 for each in pieces
            )

    def start(self) -> Iterator[Any]:
        # What is between two files goes out with the piece before or after it.
        held = bytearray()
        for each in self._pieces:
            for piece in (each,) if isinstance(each, bytes) else map(checked, each.start()):
                if len(held) + len(piece) <= PIECE:
                    held += piece
                    continue
                if held:
                    yield bytes(held)
                    held.clear()
                yield piece
        if held:
            yield bytes(held)


def _field(key: str | bytes, text: str | bytes) -> tuple[bytes, bytes]:
    return _disposition(key, None), text if isinstance(text, bytes) else text.encode()


def _disposition(key: str | bytes, name: str | None) -> bytes:
    text = key.decode() if isinstance(key, bytes) else key
    line = f'Content-Disposition: form-data; name="{_quoted(text)}"'
    if name is not None:
        line += f'; filename="{_quoted(name)}"'
    return line.encode()


def _file(key: Any, value: Any) -> tuple[bytes, Any]:
    if not isinstance(key, (str, bytes)):
        raise TypeError(f"files: expected a field name as str, got {type(key).__name__}")
    where = f"files[{key!r}]"
    name, content, media_type, headers = _unpacked(where, value)
    head = _disposition(key, name)
    extra = _headers(where, headers)
    if not any(field.lower() == b"content-type" for field, _ in extra):
        if media_type is None and name:
            from mimetypes import guess_type

            media_type = guess_type(name)[0] or "application/octet-stream"
        if media_type is not None:
            extra.insert(0, (b"Content-Type", _value(where, media_type)))
    for field, text in extra:
        head += b"\r\n" + field + b": " + text
    if isinstance(content, str):
        content = content.encode()
    elif isinstance(content, (bytes, bytearray, memoryview)):
        content = bytes(content)
    elif isinstance(content, io.TextIOBase):
        raise TypeError(f"{where}: expected a file opened in binary mode, got a text file")
    elif not hasattr(content, "read"):
        raise TypeError(
            f"{where}: expected bytes, str or a binary file, got {type(content).__name__}"
        )
    return head, content


def _unpacked(where: str, value: Any) -> tuple[str | None, Any, str | None, Any]:
    if not isinstance(value, (tuple, list)):
        name = getattr(value, "name", None)
        if isinstance(name, bytes):
            name = os.fsdecode(name)
        return os.path.basename(name) if isinstance(name, str) else "upload", value, None, None
    if len(value) not in (2, 3, 4):
        raise TypeError(
            f"{where}: expected (name, content[, media type[, headers]]), got {len(value)} values"
        )
    name, content, media_type, headers = (*value, None, None)[:4]
    if not (name is None or isinstance(name, str)):
        raise TypeError(f"{where}: expected the name as str or None, got {type(name).__name__}")
    if not (media_type is None or isinstance(media_type, str)):
        kind = type(media_type).__name__
        raise TypeError(f"{where}: expected the media type as str or None, got {kind}")
    return name, content, media_type, headers


def _headers(where: str, headers: Any) -> list[tuple[bytes, bytes]]:
    items = headers.items() if hasattr(headers, "items") else headers or ()
    try:
        listed = [(name, value) for name, value in items]
    except (TypeError, ValueError):
        raise TypeError(f"{where}: expected headers as a mapping or pairs") from None
    found = []
    for name, value in listed:
        name = name.encode() if isinstance(name, str) else name
        if not isinstance(name, bytes) or not _TOKEN.fullmatch(name):
            raise ValueError(f"{where}: {name!r} is not the name of a header field")
        found.append((name, _value(where, value)))
    return found


def _value(where: str, value: Any) -> bytes:
    text = value.encode() if isinstance(value, str) else value
    if not isinstance(text, bytes):
        raise TypeError(f"{where}: expected header values as str, got {type(value).__name__}")
    if any(byte in text for byte in b"\r\n\0"):
        raise ValueError(f"{where}: line break or NUL in the media type or a header")
    return text


def _quoted(text: str) -> str:
    """RFC 7578 with the WHATWG escapes, which keep a name from ending its header field."""
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
