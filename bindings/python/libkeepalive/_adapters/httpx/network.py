"""``network_stream`` of a response: what is known of its connection, and after 101 or CONNECT its bytes."""

from __future__ import annotations

from typing import Any

from ..._errors import _Failure as Failure
from .errors import Errors


def _address(text: str | None) -> tuple[str, int] | str | None:
    if not text:
        return None
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdigit():
        return text
    return host.strip("[]"), int(port)


class Peer:
    """As much of an ``ssl.SSLObject`` as people ask of it."""

    def __init__(self, tls: Any) -> None:
        self._tls = tls

    def version(self) -> str:
        """``"TLSv1.3"``."""
        version: str = self._tls.version
        return version

    def cipher(self) -> tuple[str, str, int | None]:
        """Name, version, and ``None`` for the bits of the key, which are not known."""
        return self._tls.cipher, self.version(), None

    def selected_alpn_protocol(self) -> str | None:
        """What was agreed on."""
        alpn: str | None = self._tls.alpn
        return alpn

    def getpeercert(self, binary_form: bool = False) -> Any:
        """The certificate: DER, or the dict that ``ssl`` makes of it, with the names only."""
        if binary_form:
            chain = self._tls.chain
            return chain[0] if chain else None
        certificate = self._tls.certificate
        if certificate is None:
            return None
        form = "%b %d %H:%M:%S %Y GMT"
        return {
            "subjectAltName": tuple(("DNS", name) for name in certificate.names),
            "serialNumber": certificate.serial,
            "notBefore": certificate.not_before.strftime(form),
            "notAfter": certificate.not_after.strftime(form),
        }


class _Known:
    """What both kinds of streams tell."""

    __slots__ = ("_errors", "_response", "_switched", "_taken")

    def __init__(self, response: Any, switched: bool, errors: Errors) -> None:
        self._response = response
        self._switched = switched
        self._errors = errors
        self._taken: Any = None

    def get_extra_info(self, info: str) -> Any:
        """``client_addr``, ``server_addr``, ``ssl_object`` and ``is_readable``; ``None`` for others."""
        facts = self._response.info
        if info == "client_addr":
            return _address(facts.local_address)
        if info == "server_addr":
            return _address(facts.peer_address)
        if info == "ssl_object":
            return None if facts.tls is None else Peer(facts.tls)
        if info == "is_readable":
            return self._switched and self._taken is not None and self._taken.fileno() >= 0
        return None

    def _refuse(self) -> None:
        if not self._switched:
            raise RuntimeError(
                "the connection belongs to the pool: only after 101 or CONNECT its bytes are the caller's"
            )


class NetworkStream(_Known):
    """For threads, as of httpcore."""

    __slots__ = ()

    def _stream(self, timeout: float | None) -> Any:
        self._refuse()
        if self._taken is None:
            self._taken = self._response.take_stream()
        self._taken.settimeout(timeout)
        return self._taken

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """At most so many bytes; none at the end."""
        try:
            data: bytes = self._stream(timeout).recv(max_bytes)
        except Failure as error:
            raise self._errors.below(error, "Read") from error
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Sends all of it."""
        try:
            if buffer:
                self._stream(timeout).sendall(buffer)
        except Failure as error:
            raise self._errors.below(error, "Write") from error

    def close(self) -> None:
        """Closes the connection, if it is the caller's."""
        if self._taken is not None:
            self._taken.close()
        elif self._switched:
            self._response.close()

    def start_tls(self, *_arguments: Any, **_named: Any) -> Any:
        """Not here: an https URL through ``proxy=`` has TLS inside a tunnel."""
        raise NotImplementedError("start_tls: give proxy= to the transport for TLS inside a tunnel")


class AsyncNetworkStream(_Known):
    """For asyncio and trio, as of httpcore."""

    __slots__ = ()

    def _stream(self) -> Any:
        self._refuse()
        if self._taken is None:
            self._taken = self._response.take_async_stream()
        return self._taken

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """At most so many bytes; none at the end."""
        data: bytes = await self._limited(lambda it: it.receive_some(max_bytes), timeout, "Read")
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Sends all of it."""
        if buffer:
            await self._limited(lambda it: it.send_all(buffer), timeout, "Write")

    async def _limited(self, work: Any, timeout: float | None, what: str) -> Any:
        import anyio

        try:
            with anyio.fail_after(timeout):
                return await work(self._stream())
        except TimeoutError as error:
            raise self._errors.timeout_below(what) from error
        except Failure as error:
            raise self._errors.below(error, what) from error

    async def aclose(self) -> None:
        """Closes the connection, if it is the caller's."""
        if self._taken is not None:
            await self._taken.aclose()
        elif self._switched:
            self._response.close()

    async def start_tls(self, *_arguments: Any, **_named: Any) -> Any:
        """Not here: an https URL through ``proxy=`` has TLS inside a tunnel."""
        raise NotImplementedError("start_tls: give proxy= to the transport for TLS inside a tunnel")
