"""What ``files=`` takes, as the parts of the engine's form. Files are read while they are sent."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Mapping
from typing import Any

from . import _native
from ._bodies import PIECE, FileBody, PathBody, Unprepared, checked
from ._encode import pairs


def multipart(data: Any, files: Any, content_type: bytes | None) -> tuple[Any, bytes] | None:
    """The source of the body and its Content-Type; ``None`` if there are no files.

    ``content_type`` is the one that the caller has set. A file is content, or (name, content[,
    media type[, headers]]); content is str, bytes, a binary file or the path of one (``os.PathLike``).
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
    form = _native.Multipart(content_type or None)
    for key, text in pairs("data", data) if data is not None else ():
        content = text if isinstance(text, bytes) else text.encode()
        form.add("data", _name(key), None, None, [], content)
    for key, value in named:
        _add_file(form, key, value)
    return Multipart(form.finish()), form.content_type


class Multipart(Unprepared):
    """The parts of a form, and what is between them."""

    def __init__(self, pieces: list[Any]) -> None:
        self._pieces = pieces

    def prepare(self) -> MultipartBody:
        """Looks at the files: how long they are, and whether they can be read again."""
        return MultipartBody([_ready(each) for each in self._pieces])

    def of_paths(self) -> list[Any] | None:
        """Its pieces, if all of them are bytes and paths, which the engine reads by itself."""
        known = all(isinstance(each, (bytes, os.PathLike)) for each in self._pieces)
        return self._pieces if known else None


def _ready(piece: Any) -> bytes | FileBody | PathBody:
    if isinstance(piece, bytes):
        return piece
    return PathBody(piece) if isinstance(piece, os.PathLike) else FileBody(piece)


class MultipartBody:
    """A form that is ready to be sent."""

    blocking = True

    def __init__(self, pieces: list[bytes | FileBody | PathBody]) -> None:
        self._pieces = pieces
        files = [each for each in pieces if not isinstance(each, bytes)]
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


def _name(key: str | bytes) -> str:
    return key.decode() if isinstance(key, bytes) else key


def _add_file(form: _native.Multipart, key: Any, value: Any) -> None:
    if not isinstance(key, (str, bytes)):
        raise TypeError(f"files: expected a field name as str, got {type(key).__name__}")
    where = f"files[{key!r}]"
    name, content, media_type, headers = _unpacked(where, value)
    if media_type is None and name:
        from mimetypes import guess_type

        media_type = guess_type(name)[0] or "application/octet-stream"
    if isinstance(content, str):
        content = content.encode()
    elif isinstance(content, (bytes, bytearray, memoryview)):
        content = bytes(content)
    elif isinstance(content, io.TextIOBase):
        raise TypeError(f"{where}: expected a file opened in binary mode, got a text file")
    elif not (hasattr(content, "read") or isinstance(content, os.PathLike)):
        raise TypeError(
            f"{where}: expected bytes, str or a binary file or its path, got {type(content).__name__}"
        )
    kind = None if media_type is None else media_type.encode()
    form.add(where, _name(key), name, kind, _headers(where, headers), content)


def _unpacked(where: str, value: Any) -> tuple[str | None, Any, str | None, Any]:
    if not isinstance(value, (tuple, list)):
        name = os.fspath(value) if isinstance(value, os.PathLike) else getattr(value, "name", None)
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
    return [(_bytes(where, "names", name), _bytes(where, "values", value)) for name, value in listed]


def _bytes(where: str, what: str, value: Any) -> bytes:
    text = value.encode() if isinstance(value, str) else value
    if not isinstance(text, bytes):
        raise TypeError(f"{where}: expected header {what} as str, got {type(value).__name__}")
    return text
