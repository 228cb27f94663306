"""google-auth on the engine's pool: ``credentials.refresh(libkeepalive.google_auth.Request())``.

Needs google-auth: ``pip install 'libkeepalive[google_auth]'``. ``AuthorizedSession`` is a session of requests:
see ``libkeepalive.requests``.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from typing import Any

from ._adapters.missing import missing as _missing
from ._adapters.pools import Pool, of_sdk
from ._errors import _Failure as Failure

try:
    from google.auth import exceptions, transport
except ModuleNotFoundError as _error:
    raise _missing("google_auth", "google_auth", _error) from _error

__all__ = ["Request", "Response"]

#: Seconds; what google.auth.transport.requests has.
_TIMEOUT = 120


class Response(transport.Response):
    """What ``Request`` returns; ``response`` is this library's.

    ::

        response = libkeepalive.google_auth.Request()("https://example.com/")
        print(response.status, response.data)
    """

    def __init__(self, response: Any) -> None:
        self._response = response

    @property
    def status(self) -> int:
        """The status code."""
        status: int = self._response.status_code
        return status

    @property
    def headers(self) -> Mapping[str, str]:
        """The fields, found in any case."""
        headers: Mapping[str, str] = self._response.headers
        return headers

    @property
    def data(self) -> bytes:
        """The body, decoded."""
        data: bytes = self._response.content
        return data


def _trusted() -> str | None:
    return os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")


def _check_files(*given: Any) -> None:
    """As requests: google-auth takes this for a mistake of the program's, which no retry mends."""
    for value in given:
        for path in value if isinstance(value, tuple) else (value,):
            if isinstance(path, str) and not os.path.exists(path):
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)


class Request(transport.Request):
    """google-auth's ``Request``: a callable that sends. Any number of threads may use one at once.

    Redirects are followed, the environment's proxies and ``REQUESTS_CA_BUNDLE`` heeded, as by
    ``google.auth.transport.requests.Request``; client certificates for mTLS endpoints are not sent.

    ::

        credentials.refresh(libkeepalive.google_auth.Request())
    """

    def _pool(self) -> Pool:
        return of_sdk(verify=_trusted() or True, max_redirects=30)

    def __call__(
        self,
        url: str,
        method: str = "GET",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = _TIMEOUT,
        **kwargs: Any,
    ) -> Response:
        """Sends it. ``timeout``: seconds for each phase, default 120; ``None`` is no limit. ``verify`` and ``cert``
        are as of requests.

        Raises ``google.auth.exceptions.TransportError``, and ``OSError`` for a file that is not there.
        """
        _check_files(_trusted(), kwargs.get("verify"), kwargs.get("cert"))
        arguments: dict[str, Any] = {
            "headers": dict(headers or {}),
            "timeout": timeout,
            "decode": True,
            "follow_redirects": kwargs.pop("allow_redirects", True),
            **kwargs,
        }
        if body is not None:
            arguments["content"] = body
        try:
            return Response(self._pool().client.request(method, url, **arguments))
        except Failure as error:
            raise exceptions.TransportError(error) from error  # type: ignore[no-untyped-call]
