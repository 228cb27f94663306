"""What ``transport=`` takes: a function of a request, a WSGI or an ASGI application."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from ._native import Response

if TYPE_CHECKING:
    from ._models import Request
    from ._native import _Asgi, _Wsgi

_EXPECTED = (
    "transport: expected a function of a Request that returns a Response, a WSGI application or an ASGI "
    "application"
)


def adapted(transport: Any) -> Callable[[Request], Any]:
    """A function of a request; ``asend`` of it is for tasks, where that is another one."""
    if isinstance(transport, type) or not callable(transport):
        raise TypeError(f"{_EXPECTED}; got {type(transport).__name__}")
    takes = _takes(transport)
    if takes == 1:
        return transport  # type: ignore[no-any-return]
    if takes == 2:
        return WSGITransport(transport)
    if takes == 3:
        return ASGITransport(transport)
    raise TypeError(f"{_EXPECTED}; this one takes {takes} arguments")


def _takes(function: Any) -> int:
    """How many arguments it has to be given."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return 1
    placed = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    needed = [each for each in parameters if each.kind in placed and each.default is each.empty]
    if not needed and any(each.kind is inspect.Parameter.VAR_POSITIONAL for each in parameters):
        return 1
    return len(needed) or 1


class WSGITransport:
    """Sends requests to ``app``, a WSGI application (PEP 3333), in this process; an ``AsyncClient`` on a thread.

    The body of the response is read as the application makes it. What the application raises is raised by
    the call, unless ``raise_app_exceptions`` is False: then it is a response of 500. ``script_name`` and
    ``remote_addr`` are the environ's.

    >>> def app(environ, start_response):
    ...     start_response("200 OK", [("Content-Type", "text/plain")])
    ...     return [environ["PATH_INFO"].encode()]
    >>> client = libkeepalive.Client(transport=testing.WSGITransport(app, remote_addr="10.0.0.1"))
    >>> client.get("http://app/a").text
    '/a'
    """

    #: An ``AsyncClient`` calls it on a thread.
    in_thread: bool = True

    def __init__(
        self,
        app: _Wsgi,
        raise_app_exceptions: bool = True,
        script_name: str = "",
        remote_addr: str = "127.0.0.1",
    ) -> None:
        self._app = app
        self._raises = raise_app_exceptions
        self._script_name = script_name
        self._remote_addr = remote_addr

    def __call__(self, request: Request) -> Response:
        started: list[Any] = []

        def start_response(status: str, headers: Any, exc_info: Any = None) -> Callable[..., Any]:
            if exc_info is not None and exc_info[0] is not None and self._raises:
                raise exc_info[1].with_traceback(exc_info[2])
            started[:] = [status, headers]
            return written.append

        written: list[bytes] = []
        try:
            pieces = self._app(self._environ(request), start_response)
            first = _first(pieces)
        except Exception:
            if self._raises:
                raise
            return Response(500)
        if not started:
            raise TypeError("transport: the application did not call start_response")
        status, headers = started
        content = _rest([*written, first], pieces)
        return Response(int(status.split(" ", 1)[0]), headers, stream=content)

    def _environ(self, request: Request) -> dict[str, Any]:
        import io

        url = urlsplit(request.url)
        port = url.port or (443 if url.scheme == "https" else 80)
        environ: dict[str, Any] = {
            "REQUEST_METHOD": request.method,
            "SCRIPT_NAME": self._script_name,
            "PATH_INFO": unquote(url.path or "/", "latin-1"),
            "QUERY_STRING": url.query,
            "SERVER_NAME": url.hostname or "",
            "SERVER_PORT": str(port),
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": self._remote_addr,
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": url.scheme,
            "wsgi.input": io.BytesIO(request.read()),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        if request.content is not None:
            environ["CONTENT_LENGTH"] = str(len(request.content))
        for name, value in request.headers.items():
            key = name.upper().replace("-", "_")
            if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
                key = f"HTTP_{key}"
            environ[key] = value
        return environ


def _first(pieces: Any) -> bytes:
    """The first piece that has something: by then the application has said its status."""
    for piece in pieces:
        if piece:
            return bytes(piece)
    return b""


def _rest(before: list[bytes], pieces: Any) -> Iterator[bytes]:
    try:
        yield from (piece for piece in before if piece)
        # A list would begin anew.
        if not isinstance(pieces, (list, tuple)):
            yield from pieces
        else:
            seen = False
            for piece in pieces:
                if seen:
                    yield piece
                seen = seen or bool(piece)
    finally:
        if hasattr(pieces, "close"):
            pieces.close()


class ASGITransport:
    """Sends requests of an ``AsyncClient`` to ``app``, an ASGI 3 application, in this process, on its event loop.

    The response is there when the application has made all of it. What it raises is raised by the call,
    unless ``raise_app_exceptions`` is False or the response had begun with that: then it is one of 500.
    ``root_path`` and ``client`` are the scope's.

    ::

        async with libkeepalive.AsyncClient(transport=testing.ASGITransport(app, root_path="/api")) as client:
            response = await client.get("http://app/users")
    """

    def __init__(
        self,
        app: _Asgi,
        raise_app_exceptions: bool = True,
        root_path: str = "",
        client: tuple[str, int] = ("127.0.0.1", 123),
    ) -> None:
        self._app = app
        self._raises = raise_app_exceptions
        self._root_path = root_path
        self._client = client

    def __call__(self, request: Request) -> Response:
        raise TypeError("transport: an ASGI application needs AsyncClient")

    async def asend(self, request: Request) -> Response:
        """Answers a ``request`` of an ``AsyncClient``."""
        body = await request.aread()
        ended = _event()
        asked = False
        start: dict[str, Any] = {}
        pieces: list[bytes] = []

        async def receive() -> dict[str, Any]:
            nonlocal asked
            if asked:
                await ended.wait()
                return {"type": "http.disconnect"}
            asked = True
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                if start:
                    raise TypeError("transport: the application began its response twice")
                start.update(message)
            elif message["type"] == "http.response.body":
                if not start or ended.is_set():
                    raise TypeError("transport: the application sent a body out of its turn")
                if request.method != "HEAD":
                    pieces.append(bytes(message.get("body", b"")))
                if not message.get("more_body", False):
                    ended.set()

        try:
            await self._app(self._scope(request), receive, send)
        except Exception:
            if self._raises:
                raise
            if not ended.is_set():
                return Response(500)
        if not start:
            raise TypeError("transport: the application ended without a response")
        return Response(start["status"], list(start.get("headers", ())), b"".join(pieces))

    def _scope(self, request: Request) -> dict[str, Any]:
        url = urlsplit(request.url)
        port = url.port or (443 if url.scheme == "https" else 80)
        path = url.path or "/"
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": request.method,
            "scheme": url.scheme,
            "path": unquote(path),
            "raw_path": path.encode(),
            "query_string": url.query.encode(),
            "root_path": self._root_path,
            "headers": [(name.lower(), value) for name, value in request.headers.raw],
            "server": (url.hostname, port),
            "client": self._client,
            "state": {},
        }


def _event() -> Any:
    """An event of the library that runs the calling task."""
    if "trio" in sys.modules:
        from . import _trio

        if _trio.current() is not None:
            import trio

            return trio.Event()
    import asyncio

    return asyncio.Event()
