"""Request bodies that are read while they are sent. What can be sent again, and how long it is, is
decided here, once for blocking calls, asyncio and trio."""

from __future__ import annotations

import io
import os
import stat
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, Protocol

#: Bytes read from a file at a time.
PIECE = 256 * 1024


class Body(Protocol):
    """A body that is ready to be sent."""

    @property
    def length(self) -> int | None:
        """Bytes, ``None`` if only its end tells."""

    @property
    def repeatable(self) -> bool:
        """Whether ``start`` gives the same pieces again."""

    @property
    def blocking(self) -> bool:
        """Whether its pieces may make the reading thread wait, or run the caller's code."""

    def start(self) -> Any:
        """An iterator over the pieces from the first on; asynchronous for an ``AsyncBody``."""


class Unprepared:
    """A source that this library made, and that still has to be looked at."""

    def prepare(self) -> Body:
        raise NotImplementedError


def prepare(source: Any, asynchronous: bool) -> Body:
    """Looks at a source: seeks a file to learn its length, reads nothing."""
    if isinstance(source, Unprepared):
        return source.prepare()
    if asynchronous and hasattr(source, "__aiter__"):
        return AsyncBody(source)
    if hasattr(source, "read"):
        return FileBody(source)
    if isinstance(source, os.PathLike):
        return PathBody(source)
    if hasattr(source, "__iter__"):
        return IterableBody(source)
    raise TypeError(
        "content: an async iterable needs AsyncClient; give bytes, a file or an iterable"
    )


def is_quick(source: Any) -> bool:
    """Whether looking at it and reading it makes nobody wait."""
    return type(source) is io.BytesIO or hasattr(source, "__aiter__")


def checked(piece: Any) -> Any:
    """A piece, if it is bytes-like."""
    if not isinstance(piece, (bytes, bytearray, memoryview)):
        raise TypeError(f"content: expected pieces of bytes, got {type(piece).__name__}")
    return piece


class FileBody:
    """A binary file from where it stands. It is read to the length it had, even if it grows."""

    def __init__(self, file: Any) -> None:
        self._read: Callable[[int], Any] = file.read
        self._file = file
        self._at: int | None = None
        self.length: int | None = None
        self.blocking = type(file) is not io.BytesIO
        try:
            if not getattr(file, "seekable", lambda: True)():
                return
            at = file.tell()
            self.length = _length(file, at)
            self._at = at
        except (AttributeError, OSError, ValueError, NotImplementedError):
            pass  # a pipe or its like: sent until it ends, once

    @property
    def repeatable(self) -> bool:
        return self._at is not None

    def start(self) -> Iterator[Any]:
        if self._at is not None and self._file.tell() != self._at:
            self._file.seek(self._at)
        left = self.length
        while left is None or left:
            piece = self._read(PIECE if left is None else min(PIECE, left))
            if not piece:
                break
            if left is not None:
                left = max(0, left - len(checked(piece)))
            yield piece


class PathBody:
    """A file of which the path was given: opened when it is sent, with the length it has now."""

    blocking = True

    def __init__(self, path: os.PathLike[Any]) -> None:
        self._path = path
        status = os.stat(path)
        if stat.S_ISDIR(status.st_mode):
            raise IsADirectoryError(f"content: cannot send the directory {os.fspath(path)!r}")
        self.repeatable = stat.S_ISREG(status.st_mode)
        # Files of /proc say that they are empty.
        self.length = status.st_size if self.repeatable and status.st_size else None

    def start(self) -> Iterator[Any]:
        with open(self._path, "rb") as file:
            left = self.length
            while left is None or left:
                piece = file.read(PIECE if left is None else min(PIECE, left))
                if not piece:
                    break
                if left is not None:
                    left -= len(piece)
                yield piece


def _length(file: Any, at: int) -> int | None:
    if type(file) in (io.BufferedReader, io.BufferedRandom, io.FileIO):
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            return None
        end = status.st_size
    elif type(file).__module__ in ("gzip", "bz2", "lzma"):
        return None  # it would have to be unpacked to know
    else:
        file.seek(0, os.SEEK_END)
        end = file.tell()
        file.seek(at)
    # Files of /proc say that they are empty.
    return end - at if end > at else None if _has_more(file, at) else 0


def _has_more(file: Any, at: int) -> bool:
    more = bool(file.read(1))
    file.seek(at)
    return more


class IterableBody:
    """An iterable of bytes; an iterator, such as a generator, can be sent once."""

    length = None
    blocking = True

    def __init__(self, iterable: Any) -> None:
        self._iterable = iterable
        self._last: Any = None
        self.repeatable = not hasattr(iterable, "__next__")

    def start(self) -> Iterator[Any]:
        return iter(_fresh(self, iter(self._iterable)))


class AsyncBody:
    """The same for an async iterable."""

    length = None
    blocking = False

    def __init__(self, iterable: Any) -> None:
        self._iterable = iterable
        self._last: Any = None
        self.repeatable = not hasattr(iterable, "__anext__")

    def start(self) -> AsyncIterator[Any]:
        iterator: AsyncIterator[Any] = _fresh(self, self._iterable.__aiter__())
        return iterator


def _fresh(body: IterableBody | AsyncBody, iterator: Any) -> Any:
    """Nothing would be sent, without an error, if this were the iterator that is used up."""
    if iterator is body._last:
        raise ValueError(
            "content: it cannot be sent again, as its iterator is the one that was used before"
        )
    body._last = iterator
    return iterator
