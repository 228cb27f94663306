"""The engine's response in the shapes of http.client and urllib3: urllib3 reads, decodes and releases it."""

from __future__ import annotations

import http.client
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any

from urllib3.exceptions import InvalidChunkLength, ResponseNotChunked
from urllib3.response import HTTPResponse as HostResponse

from .._errors import _Failure
from .urllib3_errors import of_body, raised
from .urllib3_socket import SocketView

if TYPE_CHECKING:
    from .._native import Response

_READ_CHUNK_SIZE = 2**16


class Body:
    """What urllib3 has an ``http.client.HTTPResponse`` for: a body, read as it came, and its head."""

    __slots__ = (
        "__weakref__",
        "_at",
        "_fields",
        "_method",
        "_msg",
        "_piece",
        "_pieces",
        "_response",
        "_socket",
        "chunked",
        "closed",
        "length",
        "reason",
        "status",
        "version",
    )

    def __init__(
        self,
        response: Response,
        head: tuple[int, bool, str, list[tuple[str, str]]],
        method: str,
        content: bytes | None,
        chunked: bool,
        length: int | None,
    ) -> None:
        self._response = response
        self.status, is_newest, self.reason, self._fields = head
        self.version = 11 if is_newest else 10
        self._method = method
        #: The piece that is being read, and how far.
        self._piece = content or b""
        self._at = 0
        self._pieces: Iterator[bytes] | None = None if content is not None else response.iter_raw()
        self._msg: http.client.HTTPMessage | None = None
        self._socket: SocketView | None = None
        self.chunked = chunked
        #: Bytes to come, where the head said how many.
        self.length = length
        self.closed = False
        if content is None and (length == 0 or method == "HEAD"):
            self._end()

    # What is read.

    def _fill(self) -> bool:
        """Gets the next piece; false at the end."""
        if self._pieces is None:
            return False
        try:
            self._piece = next(self._pieces)
        except StopIteration:
            self._pieces = None
            self._piece, self._at = b"", 0
            return False
        except _Failure as error:
            self._pieces = None
            raised(self._broken(error, b""), error)
        self._at = 0
        if self.length is not None:
            self.length -= len(self._piece)
            if self.length <= 0:
                self._end()
        return True

    def _end(self) -> None:
        """All has come: the connection goes back."""
        pieces, self._pieces = self._pieces, None
        if pieces is not None:
            try:
                next(pieces, None)
            except _Failure:
                self._response.close()

    def _broken(self, error: _Failure, read: bytes) -> BaseException:
        if error.kind == "InvalidChunk":
            return InvalidChunk(str(error))
        left = None if self.length is None else self.length
        return of_body(error, read, left, self.chunked)

    def _here(self, most: int | None = None) -> bytes:
        """What is left of the piece, at most so much."""
        piece, at = self._piece, self._at
        if at == 0 and (most is None or most >= len(piece)):
            self._piece = b""
            return piece
        end = len(piece) if most is None else min(len(piece), at + most)
        if end == len(piece):
            self._piece, self._at = b"", 0
        else:
            self._at = end
        return piece[at:end]

    def next_piece(self, most: int | None) -> bytes:
        """What comes next, as soon as it comes; nothing at the end."""
        while self._at >= len(self._piece):
            if not self._fill():
                return b""
        return self._here(most)

    def read(self, amt: int | None = None) -> bytes:
        first = self._here(None if amt is None or amt < 0 else amt)
        if amt is not None and 0 <= amt <= len(first):
            return first
        if self._pieces is None:
            return first
        parts, count = [first], len(first)
        whole = amt is None or amt < 0
        while whole or count < (amt or 0):
            try:
                if not self._fill():
                    break
            except http.client.IncompleteRead as error:
                if not whole:
                    return b"".join(parts)  # urllib3 counts, and says what is missing
                raise http.client.IncompleteRead(b"".join(parts), error.expected) from error
            piece = self._here(None if whole else (amt or 0) - count)
            parts.append(piece)
            count += len(piece)
        return b"".join(parts)

    def read1(self, amt: int | None = -1) -> bytes:
        if amt == 0:
            return b""
        try:
            return self.next_piece(None if amt is None or amt < 0 else amt)
        except http.client.IncompleteRead:
            if self.length is None:
                raise
            return b""  # as http.client's

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        piece = self.read(len(view))
        view[: len(piece)] = piece
        return len(piece)

    def peek(self, size: int = -1) -> bytes:
        if self._at >= len(self._piece):
            self._fill()
        return self._piece[self._at :]

    def readline(self, limit: int | None = -1) -> bytes:
        parts: list[bytes] = []
        most = None if limit is None or limit < 0 else limit
        count = 0
        while most is None or count < most:
            if self._at >= len(self._piece) and not self._fill():
                break
            found = self._piece.find(b"\n", self._at)
            end = len(self._piece) if found < 0 else found + 1
            part = self._here(end - self._at if most is None else min(end - self._at, most - count))
            parts.append(part)
            count += len(part)
            if part.endswith(b"\n"):
                break
        return b"".join(parts)

    @property
    def chunk_left(self) -> int | None:
        """What of the piece under way is left to read: pieces stand for chunks."""
        return len(self._piece) - self._at or None

    # Its end.

    def readable(self) -> bool:
        return True

    def isclosed(self) -> bool:
        return self._pieces is None and self._at >= len(self._piece)

    def close(self) -> None:
        if self._pieces is not None:
            self._pieces = None
            if self._socket is None or not self._socket.is_taken:
                self._response.close()
        self._piece, self._at = b"", 0
        self.closed = True

    def flush(self) -> None:
        """There is nothing to flush."""

    def __enter__(self) -> Body:
        return self

    def __exit__(self, *_raised: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[bytes]:
        while line := self.readline():
            yield line

    def fileno(self) -> int:
        return self.socket.fileno()

    @property
    def fp(self) -> SocketView | None:
        """Where http.client has the file over its socket."""
        return None if self.isclosed() and self.status != 101 else self.socket

    @property
    def socket(self) -> SocketView:
        if self._socket is None:
            self._socket = SocketView(self._response)
        return self._socket

    # Its head.

    @property
    def msg(self) -> http.client.HTTPMessage:
        if self._msg is None:
            self._msg = http.client.HTTPMessage()
            for name, value in self._fields:
                self._msg.set_raw(name, value)
        return self._msg

    headers = msg

    @property
    def code(self) -> int:
        return self.status

    @property
    def will_close(self) -> bool:
        tokens = ",".join(self.msg.get_all("connection", [])).lower()
        return "close" in tokens or (self.version == 10 and "keep-alive" not in tokens)

    def getheader(self, name: str, default: Any = None) -> Any:
        values = self.msg.get_all(name)
        return default if not values else ", ".join(values)

    def getheaders(self) -> list[tuple[str, str]]:
        return list(self._fields)

    def info(self) -> http.client.HTTPMessage:
        return self.msg

    def getcode(self) -> int:
        return self.status


class InvalidChunk(http.client.HTTPException):
    """The chunked coding is faulty."""


class HTTPResponse(HostResponse):
    """urllib3's response over the engine's. Chunked bodies come in the pieces they are received in: chunks
    are not told apart."""

    def supports_chunked_reads(self) -> bool:
        return isinstance(self._fp, Body)

    def _raw_read(self, amt: int | None = None, *, read1: bool = False) -> bytes:
        fp = self._fp
        if (
            isinstance(fp, Body)
            and fp._pieces is None
            and not fp.closed
            and not read1
            and (amt is None or 0 < len(fp._piece) - fp._at <= amt)
        ):
            # The rest is here: nothing can fail.
            data = fp._here()
            self._fp_bytes_read += len(data)
            if self.length_remaining is not None:
                self.length_remaining -= len(data)
            if self._connection is not None:
                self.release_conn()
            return data
        return super()._raw_read(amt, read1=read1)

    def _have(self, body: Body, content: bytes) -> None:
        """The body came with the head, and is as it is to be handed out."""
        self._body = content or None
        body._piece = b""
        self._fp_bytes_read = len(content)
        if self.length_remaining is not None:
            self.length_remaining -= len(content)

    def stream(
        self, amt: int | None = _READ_CHUNK_SIZE, decode_content: bool | None = None
    ) -> Generator[bytes]:
        body = self._fp
        if (
            not isinstance(body, Body)
            or self.chunked
            or not amt
            or amt < 0
            or self._body is not None
            or (self._decoder_initialized and self._decoder is not None)
            or "content-encoding" in self.headers
        ):
            yield from super().stream(amt, decode_content)
            return
        # Nothing is decoded: what came is handed on.
        whole = self.decode_content if decode_content is None else decode_content
        while not body.isclosed():
            data = self._raw_read(amt)
            if whole and self.length_remaining and 0 < len(data) < amt:
                self._raw_read(amt)  # it broke off, which is told before what came
            if data:
                yield data

    def read_chunked(
        self, amt: int | None = None, decode_content: bool | None = None
    ) -> Generator[bytes]:
        self._init_decoder()
        if not self.chunked:
            raise ResponseNotChunked(
                "Response is not chunked. Header 'transfer-encoding: chunked' is missing."
            )
        body = self._fp
        if not isinstance(body, Body):
            yield from super().read_chunked(amt, decode_content)
            return
        with self._error_catcher():
            if body._method == "HEAD":
                body.close()
                return
            if body.isclosed() or amt == 0:
                return
            most = None if amt is None or amt < 0 else amt
            while True:
                chunk = b""
                if not (self._decoder and self._decoder.has_unconsumed_tail):
                    self._uncached_read_occurred = True
                    try:
                        chunk = body.next_piece(most)
                    except InvalidChunk as error:
                        raise InvalidChunkLength(self, str(error).encode()) from error
                    if not chunk:
                        break
                decoded = self._decode(
                    chunk,
                    decode_content=decode_content,
                    flush_decoder=False,
                    max_length=most,
                )
                if decoded:
                    yield decoded
            if decode_content and (decoded := self._flush_decoder()):
                yield decoded
            body.close()
