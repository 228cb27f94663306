"""What programs reach for below http.client's response: the socket. An upgraded connection is handed out;
of others there is what can be told."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .._native import Response, UpgradedStream


class SocketView:
    """Stands for the file, the ``SocketIO`` and the socket of a response (``_fp.fp.raw._sock``).

    After 101 its connection can be read and written; of other responses it tells the addresses and the
    certificate, as the connection is the pool's."""

    def __init__(self, response: Response) -> None:
        self._engines = response
        self._stream: UpgradedStream | None = None
        self._ready: int | None = None

    @property
    def raw(self) -> SocketView:
        return self

    @property
    def _sock(self) -> SocketView:
        return self

    @property
    def is_taken(self) -> bool:
        return self._stream is not None

    def _taken(self) -> UpgradedStream:
        if self._stream is None:
            self._stream = self._engines.take_stream()
        return self._stream

    def recv(self, size: int) -> bytes:
        return self._taken().recv(size)

    def read(self, size: int = 65536) -> bytes:
        return self._taken().recv(size)

    def send(self, data: Any) -> int:
        return self._taken().send(data)

    write = send

    def sendall(self, data: Any) -> None:
        self._taken().sendall(data)

    def fileno(self) -> int:
        """The connection's descriptor; one that is readable while bytes came with the head."""
        stream = self._taken()
        if stream.pending() == 0:
            return stream.fileno()
        if self._ready is None:
            self._ready, end = os.pipe()
            os.close(end)
        return self._ready

    def shutdown(self, how: int) -> None:
        if self._stream is not None and how:
            self._stream.shutdown(how)
        elif self._stream is None:
            self._engines.close()

    def settimeout(self, timeout: float | None) -> None:
        if self._stream is not None:
            self._stream.settimeout(timeout)

    def setblocking(self, flag: bool) -> None:
        self.settimeout(None)

    def close(self) -> None:
        if self._stream is not None:
            self._stream.close()
        ready, self._ready = self._ready, None
        if ready is not None:
            os.close(ready)

    def __del__(self) -> None:
        ready, self._ready = self._ready, None
        if ready is not None:
            os.close(ready)

    def getpeername(self) -> tuple[str, int]:
        return _place(self._engines.info.peer_address)

    def getsockname(self) -> tuple[str, int]:
        return _place(self._engines.info.local_address)

    def getpeercert(self, binary_form: bool = False) -> bytes | None:
        """The server's certificate in DER; ``None`` without TLS."""
        tls = self._engines.info.tls
        if tls is None:
            return None
        if not binary_form:
            raise ValueError("getpeercert: the certificate is at hand as DER only (binary_form=True)")
        return tls.chain[0] if tls.chain else None

    def version(self) -> str | None:
        tls = self._engines.info.tls
        return None if tls is None else tls.version

    def selected_alpn_protocol(self) -> str | None:
        tls = self._engines.info.tls
        return None if tls is None else tls.alpn


def _place(address: str | None) -> tuple[str, int]:
    host, _, port = (address or "").rpartition(":")
    return host.strip("[]"), int(port) if port.isdigit() else 0
