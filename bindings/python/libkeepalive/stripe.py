"""stripe on the engine's pool: ``StripeClient(key, http_client=libkeepalive.stripe.HTTPClient())``.

Needs stripe: ``pip install 'libkeepalive[stripe]'``.
"""

from __future__ import annotations

import io
import textwrap
from collections.abc import AsyncIterable, Iterator, Mapping
from typing import Any, NoReturn

from ._adapters.missing import missing as _missing
from ._adapters.pools import TLS, Pool, of_sdk
from ._errors import NetworkError, TimeoutException
from ._errors import _Failure as Failure

try:
    import stripe
except ModuleNotFoundError as _error:
    raise _missing("stripe", "stripe", _error) from _error

__all__ = ["HTTPClient"]


class HTTPClient(stripe.HTTPClient):
    """Stripe's ``HTTPClient``, for threads, asyncio and trio.

    ``timeout``: seconds for each phase, default 80 as of stripe's own; ``None`` is no limit. The other
    arguments are those of ``stripe.HTTPClient``. Errors are ``stripe.APIConnectionError``, retried by
    stripe as those of its own clients are. Any number of threads and loops may use one at once.

    ::

        client = stripe.StripeClient(key, http_client=libkeepalive.stripe.HTTPClient(timeout=30))
    """

    name = "libkeepalive"

    def __init__(
        self,
        timeout: float | None = 80,
        *,
        verify_ssl_certs: bool = True,
        proxy: str | stripe.HTTPClient._Proxy | None = None,
        async_fallback_client: stripe.HTTPClient | None = None,
    ) -> None:
        super().__init__(verify_ssl_certs, proxy, async_fallback_client)
        self._timeout = timeout

    @property
    def _pool(self) -> Pool:
        # Stripe's bundle may be set after its clients were made.
        verify = stripe.ca_bundle_path if self._verify_ssl_certs else False
        proxies: Any = self._proxy
        return of_sdk(verify=verify, proxies=proxies)

    def _arguments(self, headers: Mapping[str, str] | None, post_data: Any) -> dict[str, Any]:
        arguments = {"headers": dict(headers or {}), "timeout": self._timeout, "decode": True}
        if post_data:
            arguments["content"] = post_data
        return arguments

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: Any = None,
        *,
        _usage: list[str] | None = None,
    ) -> tuple[Any, int, Mapping[str, str]]:
        """Sends it; the body as bytes, the status, the fields."""
        try:
            response = self._pool.client.request(
                method, url, **self._arguments(headers, post_data)
            )
        except Failure as error:
            _fail(error)
        return response.content, response.status_code, response.headers

    def request_stream(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: Any = None,
        *,
        _usage: list[str] | None = None,
    ) -> tuple[Any, int, Mapping[str, str]]:
        """Sends it; the body as a file that is read from the connection."""
        try:
            response = self._pool.client.stream(
                method, url, **self._arguments(headers, post_data)
            ).__enter__()
        except Failure as error:
            _fail(error)
        return io.BufferedReader(_Body(response)), response.status_code, response.headers

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        """``request()`` for asyncio and trio."""
        try:
            response = await self._pool.aio.request(
                method, url, **self._arguments(headers, post_data)
            )
        except Failure as error:
            _fail(error)
        return response.content, response.status_code, response.headers

    async def request_stream_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None
    ) -> tuple[AsyncIterable[bytes], int, Mapping[str, str]]:
        """``request_stream()`` for asyncio and trio: the body as an asynchronous iterable."""
        try:
            response = await self._pool.aio.stream(
                method, url, **self._arguments(headers, post_data)
            ).__aenter__()
        except Failure as error:
            _fail(error)
        return _AsyncBody(response), response.status_code, response.headers

    async def sleep_async(self, secs: float) -> None:
        """Waits for so many seconds (``secs``) between tries."""
        from anyio import sleep

        await sleep(secs)

    def close(self) -> None:
        """Connections stay for others."""

    async def close_async(self) -> None:
        """Connections stay for others."""


class _Body(io.RawIOBase):
    """A body as a file."""

    def __init__(self, response: Any) -> None:
        self._response = response
        self._pieces: Iterator[bytes] = response.iter_bytes()
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._rest:
            try:
                self._rest = memoryview(next(self._pieces, b""))
            except Failure as error:
                _fail(error)
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count

    def close(self) -> None:
        self._response.close()
        super().close()


class _AsyncBody:
    """A body on an event loop."""

    def __init__(self, response: Any) -> None:
        self._response = response
        self._next = response.aiter_bytes().__anext__

    def __aiter__(self) -> _AsyncBody:
        return self

    async def __anext__(self) -> bytes:
        try:
            piece: bytes = await self._next()
        except Failure as error:
            _fail(error)
        return piece

    async def aclose(self) -> None:
        """Ends it early."""
        self._response.close()


def _fail(error: Failure) -> NoReturn:
    """Raises stripe's error, which says whether stripe is to try again."""
    said = "Unexpected error communicating with Stripe."
    again = False
    if error.kind in TLS:
        said = "Could not verify Stripe's SSL certificate."
    elif error.phase != "body":
        again = isinstance(error, TimeoutException | NetworkError | ConnectionError)
    text = textwrap.fill(f"{said} If this problem persists, let us know at support@stripe.com.")
    network = f"{type(error).__name__}: {error}"
    raise stripe.APIConnectionError(  # type: ignore[no-untyped-call]
        f"{text}\n\n(Network error: {network})", should_retry=again
    ) from error
