"""Hooks and transports of a client: a request of one that has some is sent from here, hop by hop.

Where a redirect leads, which fields go along and which cookies are sent and kept is the engine's word here too.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from ._auth import checked
from ._models import Request
from ._native import Response

if TYPE_CHECKING:
    from ._native import Prepared

_HOOKS = ("request", "response")


class Special:
    """What of a client is not the engine's alone."""

    def __init__(self, hooks: Any = None, transport: Any = None) -> None:
        self.transport = transport
        self._send: Callable[[Request], Any] | None = None
        if transport is not None:
            from ._transports import adapted

            self._send = adapted(transport)
        self.hooks = hooks

    @property
    def hooks(self) -> dict[str, list[Callable[..., Any]]]:
        return self._hooks

    @hooks.setter
    def hooks(self, hooks: Any) -> None:
        self._hooks = _hooks(hooks)

    def __bool__(self) -> bool:
        return self._send is not None or any(map(self._hooks.get, _HOOKS))

    def driven(self, flow: Any, on_redirect: Any) -> Driven:
        """What a request is sent by, from inside the flow of its ``auth``."""
        return Driven(self, flow, on_redirect)

    def close(self) -> None:
        close = getattr(self.transport, "close", None)
        if callable(close):
            close()

    async def aclose(self) -> None:
        aclose = getattr(self.transport, "aclose", None)
        if callable(aclose):
            await aclose()
        else:
            self.close()


def _hooks(hooks: Any) -> dict[str, list[Callable[..., Any]]]:
    expected = 'event_hooks: expected a dict such as {"request": [...], "response": [...]}'
    if hooks is None:
        hooks = {}
    if not isinstance(hooks, dict):
        raise TypeError(f"{expected}, got {type(hooks).__name__}")
    if unknown := set(hooks) - set(_HOOKS):
        raise ValueError(f"{expected}; there is no {unknown.pop()!r}")
    own: dict[str, list[Callable[..., Any]]] = {}
    for name in _HOOKS:
        given = hooks.get(name)
        own[name] = list(given) if isinstance(given, (list, tuple)) else []
        if given is not None and not isinstance(given, (list, tuple)):
            raise TypeError(f"{expected}, got {type(given).__name__} for {name}")
        for hook in own[name]:
            if not callable(hook):
                raise TypeError(f"event_hooks[{name!r}]: expected functions, got {hook!r}")
    return own


class Driven:
    """One call: hooks around each hop, by the engine or by a transport."""

    def __init__(self, special: Special, flow: Any, on_redirect: Any) -> None:
        self.flow = flow
        self._special = special
        self._on_redirect = on_redirect

    def send(self, prepared: Prepared, request: Request) -> Response:
        """Sends ``request`` and goes where its answers lead, on this thread."""
        history: list[Response] = []
        while True:
            for hook in self._special.hooks["request"]:
                _now("event_hooks", hook(request))
            response = self._one(prepared, request)
            try:
                response.request = request
                response.history = list(history)
                for hook in self._special.hooks["response"]:
                    _now("event_hooks", hook(response))
                following = prepared.following(*checked(request), response, len(history))
                if following is None:
                    if self._special._send is not None and not prepared.stream:
                        response.read()
                        _save(prepared.path, response)
                    return response
                _allowed(self._on_redirect, response)
            except BaseException:
                response.close()
                raise
            response.close()
            history.append(response)
            prepared, request = following, _of(following)

    def _one(self, prepared: Prepared, request: Request) -> Response:
        send = self._special._send
        if send is None:
            return prepared.send(*checked(request), by_hand=True)
        _cookies(prepared, request)
        response = _now("transport", send(request))
        return _kept(prepared, request, response)

    async def asend(self, prepared: Prepared, request: Request, wait: Any, away: Any) -> Response:
        """The same in a task; ``wait`` awaits what the engine sends."""
        history: list[Response] = []
        while True:
            for hook in self._special.hooks["request"]:
                await _maybe(hook(request))
            response = await self._aone(prepared, request, wait, away)
            try:
                response.request = request
                response.history = list(history)
                for hook in self._special.hooks["response"]:
                    await _maybe(hook(response))
                following = prepared.following(*checked(request), response, len(history))
                if following is None:
                    if self._special._send is not None and not prepared.stream:
                        await response.aread()
                        _save(prepared.path, response)
                    return response
                _allowed(self._on_redirect, response)
            except BaseException:
                response.close()
                raise
            response.close()
            history.append(response)
            prepared, request = following, _of(following)

    async def _aone(self, prepared: Prepared, request: Request, wait: Any, away: Any) -> Response:
        send = self._special._send
        if send is None:
            response: Response = await wait(prepared.pending(*checked(request), by_hand=True))
            return response
        _cookies(prepared, request)
        if getattr(send, "in_thread", False):
            await request.aread()
            made = await away(lambda: send(request))
        else:
            made = await _maybe(getattr(send, "asend", send)(request))
        return _kept(prepared, request, made)


def _of(prepared: Prepared) -> Request:
    request = Request(*prepared.view())
    request.stream = prepared.source
    return request


def _cookies(prepared: Prepared, request: Request) -> None:
    if "cookie" not in request.headers:
        cookie = prepared.cookie(*checked(request))
        if cookie is not None:
            request.headers["Cookie"] = cookie


def _kept(prepared: Prepared, request: Request, response: Any) -> Response:
    if not isinstance(response, Response):
        kind = type(response).__name__
        raise TypeError(f"transport: expected a libkeepalive.Response of it, got {kind}")
    prepared.keep(request.method, request.url, response)
    response._default(prepared.setting("default_encoding"))
    if prepared.stream:
        prepared.own(response)
    return response


def _save(path: Any, response: Response) -> None:
    """Writes the body of a transport's response where a download goes; it is in memory."""
    if path is None or not response.is_success:
        return
    if hasattr(path, "write"):
        path.write(response.content)
        return
    with open(path, "wb", closefd=not isinstance(path, int)) as file:
        file.write(response.content)


def _now(what: str, result: Any) -> Any:
    """What a function gave that must not be a coroutine."""
    if inspect.isawaitable(result):
        if inspect.iscoroutine(result):
            result.close()
        raise TypeError(f"{what}: an asynchronous function; use it with AsyncClient")
    return result


async def _maybe(result: Any) -> Any:
    return await result if isinstance(result, Awaitable) else result


def _allowed(on_redirect: Any, response: Response) -> None:
    """Asks whoever decides about redirects."""
    following = response.next_request
    if on_redirect is None or following is None:
        return
    said = on_redirect(response, following.url)
    if said is None or said is True:
        return
    if said is not False:
        if inspect.iscoroutine(said):
            said.close()
        kind = type(said).__name__
        raise TypeError(f"on_redirect: expected True, False or None of it, got {kind}")
    from ._errors import RedirectRefused

    raise RedirectRefused("redirect refused: on_redirect refused it")
