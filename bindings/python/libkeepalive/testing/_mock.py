"""Answers without a network, by routes."""

from __future__ import annotations

import inspect
import re
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Mapping
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from .._errors import ConnectError
from .._models import Request
from .._native import Response

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from .._native import _HeaderTypes

_Pattern = str | re.Pattern[str] | None
_Handler = Callable[[Request], Response] | Callable[[Request], Awaitable[Response]]


class Call(NamedTuple):
    """A ``request`` that was answered, and its ``response``; ``None`` where the route raised.

    >>> mock = testing.MockTransport()
    >>> mock.get("/").respond(204)
    <Route GET /, 0 calls>
    >>> _ = libkeepalive.Client(transport=mock).get("http://example.com/")
    >>> mock.calls[0].request.url, mock.calls[0].response.status_code
    ('http://example.com/', 204)
    """

    request: Request
    response: Response | None


class Route:
    """What answers the requests of a ``method`` and a ``url`` with ``headers``; made by ``MockTransport.route()``.
    ``calls`` has those that it answered.

    >>> route = testing.MockTransport().get("/users/*")
    >>> route.respond(json={"name": "A"}).reply(libkeepalive.ReadTimeout("late"))
    <Route GET /users/*, 0 calls>
    """

    def __init__(self, method: str | None, url: _Pattern, headers: Mapping[str, str]) -> None:
        self._method = method.upper() if method else None
        self._url = url
        self._matches = _matcher(url)
        self._headers = dict(headers)
        self._answers: list[Any] = []
        self._given = 0
        self.calls: list[Call] = []

    def respond(
        self,
        status_code: int = 200,
        headers: _HeaderTypes | None = None,
        content: str | Buffer | Iterable[bytes] | AsyncIterable[bytes] | None = None,
        *,
        text: str | None = None,
        html: str | None = None,
        json: Any = None,
    ) -> Route:
        """Answers with ``Response(status_code, headers, content, text=text, html=html, json=json)``: at most one of
        ``content``, ``text``, ``html`` and ``json``. Called several times, the answers are given one after the
        other, and the last one from then on. Raises what ``Response`` does.
        """
        def answer(_: object) -> Response:
            return Response(status_code, headers, content, text=text, html=html, json=json)

        answer(None)  # refused here rather than in a call
        return self.reply(answer)

    def reply(self, answer: _Handler | Response | BaseException) -> Route:
        """Answers with what ``answer``, a function of the request, returns, sync or async; with a ``Response``; or
        raises an exception, as ``libkeepalive.ReadTimeout("...")``. Raises ``TypeError`` for anything else.
        """
        if not (callable(answer) or isinstance(answer, (Response, BaseException))):
            kind = type(answer).__name__
            raise TypeError(f"answer: expected a function, a Response or an exception, got {kind}")
        self._answers.append(answer)
        return self

    @property
    def called(self) -> bool:
        """Whether it answered a request."""
        return bool(self.calls)

    @property
    def call_count(self) -> int:
        """How many requests it answered."""
        return len(self.calls)

    def _is_for(self, request: Request) -> bool:
        return (
            self._method in (None, request.method)
            and self._matches(request.url)
            and all(request.headers.get(name) == value for name, value in self._headers.items())
        )

    def _next(self) -> Any:
        if not self._answers:
            return lambda _: Response(200)
        answer = self._answers[min(self._given, len(self._answers) - 1)]
        self._given += 1
        return answer

    def __repr__(self) -> str:
        url = self._url.pattern if isinstance(self._url, re.Pattern) else self._url
        return f"<Route {self._method or '*'} {url or '*'}, {len(self.calls)} calls>"


def _matcher(url: _Pattern) -> Callable[[str], bool]:
    """A text is a whole URL, or a path if it begins with a slash, in which * stands for anything; a query
    that it does not have may be any."""
    if url is None:
        return lambda _: True
    if isinstance(url, re.Pattern):
        pattern = url
        return lambda asked: pattern.search(asked) is not None
    if not isinstance(url, str):
        raise TypeError(f"url: expected str or a compiled pattern, got {type(url).__name__}")
    text = url
    whole = re.compile(".*".join(map(re.escape, text.split("*"))), re.DOTALL)
    asks_query, is_path = "?" in text, text.startswith("/")

    def matches(asked: str) -> bool:
        asked = asked.partition("#")[0]
        if is_path:
            parts = urlsplit(asked)
            asked = parts.path or "/"
            if parts.query and asks_query:
                asked += f"?{parts.query}"
        elif not asks_query:
            asked = asked.partition("?")[0]
        # https://h is https://h/.
        return bool(whole.fullmatch(asked) or (not is_path and whole.fullmatch(asked.removesuffix("/"))))

    return matches


class MockTransport:
    """Answers the requests of ``Client(transport=mock)`` and ``AsyncClient(transport=mock)`` by routes.

    ::

        mock = MockTransport()
        mock.get("https://api.example/users/*").respond(json={"name": "A"})
        mock.post("/login").respond(401).respond(200)
        with Client(transport=mock) as client: ...
        mock.assert_all_called()

    The first route that fits answers. A request that none fits is answered by ``handler(request)``, if there is
    one, else it is a ``ConnectError`` that names it. ``calls`` has every call in order. Used in a ``with``
    block, it asserts at its end that every route was called, unless ``assert_all_called`` is False. Any thread
    may use it.

    >>> with testing.MockTransport() as mock, libkeepalive.Client(transport=mock) as client:
    ...     route = mock.get("/users/*").respond(json={"name": "A"})
    ...     client.get("https://api.example/users/1").json()
    {'name': 'A'}
    """

    def __init__(
        self,
        handler: _Handler | None = None,
        *,
        assert_all_called: bool = True,
    ) -> None:
        self._handler = handler
        self._asserts = assert_all_called
        self._lock = Lock()
        self.routes: list[Route] = []
        self.calls: list[Call] = []

    def route(
        self,
        method: str | None = None,
        url: _Pattern = None,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> Route:
        """A route for that ``method`` (any without) and ``url``: a whole one, a path that begins with a slash, either
        with ``*`` for anything, or a compiled pattern that is searched for. A query is compared if ``url`` has
        one. ``headers`` are fields that the request must have. Answers 200 until told otherwise. Raises
        ``TypeError`` for a ``url`` of another type.
        """
        route = Route(method, url, headers or {})
        with self._lock:
            self.routes.append(route)
        return route

    def get(self, url: _Pattern = None, *, headers: Mapping[str, str] | None = None) -> Route:
        """As of ``route("GET", url, headers=headers)``."""
        return self.route("GET", url, headers=headers)

    def head(self, url: _Pattern = None, *, headers: Mapping[str, str] | None = None) -> Route:
        """As of ``route("HEAD", url, headers=headers)``."""
        return self.route("HEAD", url, headers=headers)

    def options(self, url: _Pattern = None, *, headers: Mapping[str, str] | None = None) -> Route:
        """As of ``route("OPTIONS", url, headers=headers)``."""
        return self.route("OPTIONS", url, headers=headers)

    def post(self, url: _Pattern = None, *, headers: Mapping[str, str] | None = None) -> Route:
        """As of ``route("POST", url, headers=headers)``."""
        return self.route("POST", url, headers=headers)

    def put(self, url: _Pattern = None, *, headers: Mapping[str, str] | None = None) -> Route:
        """As of ``route("PUT", url, headers=headers)``."""
        return self.route("PUT", url, headers=headers)

    def patch(self, url: _Pattern = None, *, headers: Mapping[str, str] | None = None) -> Route:
        """As of ``route("PATCH", url, headers=headers)``."""
        return self.route("PATCH", url, headers=headers)

    def delete(self, url: _Pattern = None, *, headers: Mapping[str, str] | None = None) -> Route:
        """As of ``route("DELETE", url, headers=headers)``."""
        return self.route("DELETE", url, headers=headers)

    def _begin(self, request: Request) -> tuple[Route | None, Any]:
        with self._lock:
            for route in self.routes:
                if route._is_for(request):
                    return route, route._next()
        if self._handler is not None:
            return None, self._handler
        text = f"no route of the MockTransport is for {request.method} {request.url}"
        return None, ConnectError(text)

    def _end(self, route: Route | None, request: Request, response: Any) -> Any:
        call = Call(request, response)
        with self._lock:
            self.calls.append(call)
            if route is not None:
                route.calls.append(call)
        return response

    def __call__(self, request: Request) -> Response:
        """Answers a ``request`` of a ``Client``."""
        request.read()
        route, answer = self._begin(request)
        try:
            made = _answered(answer, request)
            if inspect.isawaitable(made):
                if inspect.iscoroutine(made):
                    made.close()
                raise TypeError("transport: an asynchronous function; use it with AsyncClient")
        except BaseException:
            self._end(route, request, None)
            raise
        response: Response = self._end(route, request, made)
        return response

    async def asend(self, request: Request) -> Response:
        """Answers a ``request`` of an ``AsyncClient``."""
        await request.aread()
        route, answer = self._begin(request)
        try:
            made = _answered(answer, request)
            if inspect.isawaitable(made):
                made = await made
        except BaseException:
            self._end(route, request, None)
            raise
        response: Response = self._end(route, request, made)
        return response

    def assert_all_called(self) -> None:
        """Raises ``AssertionError`` that names the routes which no request came to."""
        if missed := [route for route in self.routes if not route.calls]:
            raise AssertionError(f"routes that were not called: {missed}")

    def reset(self) -> None:
        """Forgets the calls; the routes stay and begin with their first answers."""
        with self._lock:
            self.calls.clear()
            for route in self.routes:
                route.calls.clear()
                route._given = 0

    def __enter__(self) -> MockTransport:
        return self

    def __exit__(self, kind: object, *_raised: object) -> None:
        # What was raised says more.
        if kind is None and self._asserts:
            self.assert_all_called()


def _answered(answer: Any, request: Request) -> Any:
    if isinstance(answer, BaseException):
        raise answer
    if isinstance(answer, Response):
        return _again(answer)
    return answer(request)


def _again(response: Response) -> Response:
    """One of its own for each call, as each is given its request."""
    return Response(
        response.status_code, response.headers, response.content, extensions=response.extensions
    )
