"""Who asks: the classes of ``auth``, and the flows of those that look at the request or its answer.

What needs no more than credentials is the engine's: it answers challenges, and sees to it that nothing
leaves the origin of the request.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from ._bodies import is_quick, prepare

if TYPE_CHECKING:
    from os import PathLike

    from ._models import Request
    from ._native import Prepared, Response

_EXPECTED = (
    "a tuple (user, password), an Auth such as DigestAuth, an object with auth_flow(request), or a "
    "function of a request"
)


class Auth:
    """Base of classes that see the request and its answer: override ``auth_flow``.

    It is a generator: it yields requests, the one that it was given with other header fields or others,
    and gets the response of each; the last one's is the caller's. The bodies of responses are read if
    ``requires_response_body``. What it adds to the header fields goes to no other origin.

    >>> class Key(libkeepalive.Auth):
    ...     def auth_flow(self, request):
    ...         request.headers["X-Key"] = "a"
    ...         response = yield request
    >>> libkeepalive.get("http://example.com/", auth=Key()).status_code
    200
    """

    #: Whether the body of the request is read before the flow begins.
    requires_request_body = False
    #: Whether the bodies of responses are read before the flow goes on.
    requires_response_body = False

    def auth_flow(self, request: Request) -> Generator[Request, Response, None]:
        """Yields what is to be sent in place of ``request``, and gets the response of each."""
        yield request


class BasicAuth(Auth):
    """``username`` and ``password``, sent with every request (RFC 7617).

    >>> libkeepalive.get("http://example.com/", auth=libkeepalive.BasicAuth("user", "password")).ok
    True
    """

    def __init__(self, username: str | bytes, password: str | bytes) -> None:
        self._pair = (username, password)

    def _kind(self) -> tuple[str, Any]:
        return "basic", self._pair


class BearerAuth(Auth):
    """A ``token``, sent with every request (RFC 6750).

    >>> libkeepalive.get("http://example.com/", auth=libkeepalive.BearerAuth("token")).ok
    True
    """

    def __init__(self, token: str) -> None:
        if not isinstance(token, str):
            raise TypeError(f"token: expected str, got {type(token).__name__}")
        self._token = token

    def _kind(self) -> tuple[str, Any]:
        return "option", f"bearer {self._token}"


class DigestAuth(Auth):
    """``username`` and ``password``, which the server is shown to be known (RFC 7616): the engine answers its
    challenges with MD5, SHA-256 or SHA-512-256, and counts its nonces over all requests of the client. Raises
    ``ValueError`` for a user name with a colon.

    >>> libkeepalive.get("http://example.com/", auth=libkeepalive.DigestAuth("user", "password")).ok
    True
    """

    def __init__(self, username: str | bytes, password: str | bytes) -> None:
        user, password = _login("username", username), _login("password", password)
        if ":" in user:
            raise ValueError("username: a colon, which ends a user name (RFC 7616 3.4)")
        self._text = f"digest {user}:{password}"

    def _kind(self) -> tuple[str, Any]:
        return "option", self._text


class NetRCAuth(Auth):
    """User name and password of a netrc file, for the very host that the request is for.

    ``file`` is read at once; without one, what ``NETRC`` of the environment names, or ``~/.netrc``. Raises
    ``OSError`` when it cannot be read, ``ValueError`` when it is not understood.

    ::

        client = libkeepalive.Client(auth=libkeepalive.NetRCAuth("/etc/netrc"))
    """

    def __init__(self, file: str | PathLike[str] | None = None) -> None:
        from os import environ, path

        self._logins = logins(file or environ.get("NETRC") or path.expanduser("~/.netrc"))

    def _kind(self) -> tuple[str, Any]:
        return "netrc", self._logins


def logins(file: str | PathLike[str]) -> dict[str, tuple[str, str]]:
    """The user name and password of each host in a netrc file. The ``default`` entry is for none."""
    from netrc import NetrcParseError, netrc

    try:
        hosts = netrc(file).hosts
    except NetrcParseError as error:
        # Its own text may quote a password.
        raise ValueError(f"netrc file {file!r}: it is not understood at line {error.lineno}") from None
    return {
        host.lower(): (login or "", password or "")
        for host, (login, _, password) in hosts.items()
        if host != "default"
    }


def environment(file: str) -> dict[str, tuple[str, str]]:
    """The same of a file that nobody asked for by name in this program; what cannot be read is a warning."""
    try:
        return logins(file)
    except (ValueError, OSError) as error:
        from warnings import warn

        reason = error.strerror if isinstance(error, OSError) else error
        warn(f"the netrc file is not used: {reason}", stacklevel=2)
        return {}


def kind(auth: Any) -> tuple[str, Any]:
    """What ``auth`` is: ``basic``, ``option``, ``netrc`` or ``flow``, and what the native side takes."""
    own = getattr(auth, "_kind", None)
    if isinstance(auth, Auth) and own is not None:
        found: tuple[str, Any] = own()
        return found
    if not isinstance(auth, type) and (_has_flow(auth) or callable(auth)):
        return "flow", auth
    raise TypeError(f"auth: expected {_EXPECTED}; got {type(auth).__name__}")


def _has_flow(auth: Any) -> bool:
    return any(callable(getattr(auth, name, None)) for name in ("auth_flow", "sync_auth_flow"))


def run(prepared: Prepared, auth: Any) -> Response:
    """Sends a request as its flow says, on this thread."""
    driven = getattr(auth, "asend", None) and auth
    flow = driven.flow if driven else auth
    if prepared.source is not None:
        prepared.source = prepare(prepared.source, False)
    request = _viewed(prepared)
    send = partial(driven.send, prepared) if driven else partial(_send, prepared)
    try:
        return send(request) if flow is None else _run(request, flow, send)
    finally:
        prepared.finish()


def _send(prepared: Prepared, request: Any) -> Response:
    return prepared.send(*checked(request))


def _viewed(prepared: Prepared) -> Request:
    from ._models import Request

    request = Request(*prepared.view())
    request.stream = prepared.source
    return request


def _run(request: Request, auth: Any, send: Callable[[Any], Response]) -> Response:
    if not _has_flow(auth):
        return send(auth(request))
    steps = getattr(auth, "sync_auth_flow", auth.auth_flow)(request)
    if inspect.isasyncgen(steps):
        raise TypeError("auth: its flow is asynchronous; use it with AsyncClient")
    whole = getattr(auth, "requires_response_body", False)
    response = None
    try:
        following = next(steps)
        while True:
            response = send(following)
            if whole:
                response.read()
            try:
                following = steps.send(response)
            except StopIteration:
                return response
            response.close()
    except BaseException:
        if response is not None:
            response.close()
        raise
    finally:
        steps.close()


async def arun(prepared: Prepared, auth: Any, wait: Callable[[Any], Awaitable[Any]], away: Any) -> Response:
    """The same in a task; ``wait`` awaits what is sent."""
    driven = getattr(auth, "asend", None) and auth
    flow = driven.flow if driven else auth
    source = prepared.source
    if source is not None:
        quick = is_quick(source)
        prepared.source = prepare(source, True) if quick else await away(lambda: prepare(source, True))
    request = _viewed(prepared)

    async def send(request: Any) -> Response:
        if driven:
            response: Response = await driven.asend(prepared, request, wait, away)
        else:
            response = await wait(prepared.pending(*checked(request)))
        return response

    try:
        return await (send(request) if flow is None else _arun(request, flow, send))
    finally:
        prepared.finish()


async def _arun(
    request: Request, auth: Any, send: Callable[[Any], Awaitable[Response]]
) -> Response:
    if not _has_flow(auth):
        made = auth(request)
        if inspect.isawaitable(made):
            made = await made
        return await send(made)
    response: Response | None = None
    flow = _Steps(auth, request)
    whole = getattr(auth, "requires_response_body", False)
    try:
        following = await flow.first()
        while True:
            response = await send(following)
            if whole:
                await response.aread()
            following = await flow.next(response)
            if following is None:
                return response
            await response.aclose()
    except BaseException:
        if response is not None:
            response.close()
        raise
    finally:
        await flow.close()


class _Steps:
    """A flow of either kind, for a task."""

    def __init__(self, auth: Any, request: Request) -> None:
        make = getattr(auth, "async_auth_flow", None) or auth.auth_flow
        self._steps: Generator[Any, Any, None] | AsyncGenerator[Any, Any] = make(request)

    async def first(self) -> Any:
        if isinstance(self._steps, AsyncGenerator):
            return await self._steps.__anext__()
        return next(self._steps)

    async def next(self, response: Any) -> Any:
        try:
            if isinstance(self._steps, AsyncGenerator):
                return await self._steps.asend(response)
            return self._steps.send(response)
        except (StopIteration, StopAsyncIteration):
            return None

    async def close(self) -> None:
        if isinstance(self._steps, AsyncGenerator):
            await self._steps.aclose()
        else:
            self._steps.close()


def checked(request: Any) -> tuple[str, str, list[tuple[str, str]], bytes | None]:
    """What a flow wants sent."""
    if inspect.iscoroutine(request):
        request.close()
        raise TypeError("auth: an asynchronous function; use it with AsyncClient")
    names = ("method", "url", "headers")
    if any(not hasattr(request, name) for name in names):
        raise TypeError(f"auth: expected a Request of it; got {type(request).__name__}")
    content = getattr(request, "content", None)
    return str(request.method), str(request.url), _pairs(request.headers), content


def _pairs(headers: Any) -> list[tuple[str, str]]:
    if hasattr(headers, "raw"):
        headers = headers.raw  # as they are to be written
    elif hasattr(headers, "multi_items"):
        headers = headers.multi_items()
    elif isinstance(headers, Mapping):
        headers = headers.items()
    return [(_str(name), _str(value)) for name, value in headers]


def _str(text: Any) -> str:
    if isinstance(text, str):
        return text
    if isinstance(text, bytes):
        return text.decode("latin-1")
    raise TypeError(f"headers: expected str or bytes, got {type(text).__name__}")


def _login(name: str, text: Any) -> str:
    if isinstance(text, str):
        return text
    if isinstance(text, bytes):
        try:
            return text.decode()
        except UnicodeDecodeError:
            raise ValueError(f"{name}: bytes that are no UTF-8") from None
    raise TypeError(f"{name}: expected str, got {type(text).__name__}")
