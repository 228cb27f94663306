"""What the classes of clients have that is written in Python, for both alike; ``_aio.py`` puts it into them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._models import Request

class UseClientDefault:
    """The class of ``USE_CLIENT_DEFAULT``, which stands for what the client has: in ``send(auth=...)``."""

    def __repr__(self) -> str:
        return "USE_CLIENT_DEFAULT"


UseClientDefault.__module__ = "libkeepalive"

#: As in httpx: what the client has.
USE_CLIENT_DEFAULT = UseClientDefault()

_DOCS = {
    "headers": "The header fields that every request gets: a ``Headers``, to be changed or replaced.",
    "params": "The parameters that every URL gets: a ``QueryParams``, to be changed or replaced.",
    "auth": "Who asks, as it was given; ``None`` for nobody.",
    "timeout": "The time limits of requests that have none of their own: a ``Timeout``; set as in ``Client``.",
    "base_url": "What URLs are relative to; empty for nothing.",
    "follow_redirects": "Whether redirects are followed where a request does not say.",
    "default_encoding": "The encoding of bodies whose Content-Type names none, or a function of the body.",
    "event_hooks": (
        "Functions that are called with each request before it is sent and with each response before its\n"
        "body is read, those of redirects too: ``{\"request\": [...], \"response\": [...]}``."
    ),
}


def _property(name: str) -> property:
    def get(self: Any) -> Any:
        return self._get(name)

    def put(self: Any, value: Any) -> None:
        self._set(name, value)

    return property(get, put, doc=_DOCS[name])


def _given(auth: Any, follow_redirects: Any) -> dict[str, Any]:
    given = {"auth": auth, "follow_redirects": follow_redirects}
    return {name: value for name, value in given.items() if value is not USE_CLIENT_DEFAULT}


def build_request(self: Any, method: str, url: Any, **options: Any) -> Request:
    """The request by ``method`` to ``url`` that the arguments make, with the client's defaults, for ``send()``: a
    ``Request`` to be looked at and changed. Other arguments, and errors, are those of ``request``; nothing is sent.

    >>> client = libkeepalive.Client(base_url="http://example.com", headers={"X-Key": "a"})
    >>> request = client.build_request("POST", "/users", json={"name": "A"})
    >>> request.url, request.headers["x-key"], request.content
    ('http://example.com/users', 'a', b'{"name":"A"}')
    """
    from ._models import build

    return build(self, method, url, options)


def sse(
    self: Any,
    url: Any,
    *,
    method: str = "GET",
    last_event_id: str | None = None,
    max_event_size: int | None = 16 * 1024 * 1024,
    **options: Any,
) -> Any:
    """``with client.sse(url) as events``: server-sent events, one ``ServerSentEvent`` at a time. ``events`` has
    ``response``, and ``last_event_id`` and ``retry`` to go on later with ``sse(last_event_id=...)``.

    ``method`` and ``url`` are asked, and other arguments are those of ``stream()``; a stream may be silent for as
    long as the read timeout says. Raises ``SSEError`` when the response is none of events, or one is larger than
    ``max_event_size`` bytes.

    >>> with libkeepalive.Client().sse("http://example.com/events") as events:
    ...     [event.data for event in events]
    ['1', '2']
    """
    from ._sse import events

    return events(self, method, url, last_event_id, max_event_size, options)


def asse(
    self: Any,
    url: Any,
    *,
    method: str = "GET",
    last_event_id: str | None = None,
    max_event_size: int | None = 16 * 1024 * 1024,
    **options: Any,
) -> Any:
    from ._sse import aevents

    return aevents(self, method, url, last_event_id, max_event_size, options)


asse.__doc__ = (
    (sse.__doc__ or "").partition("    >>>")[0].replace("``with", "``async with")
    + """    ::

        async with client.sse("http://example.com/events") as events:
            async for event in events:
                print(event.data)
    """
)


def send(
    self: Any,
    request: Request,
    *,
    stream: bool = False,
    auth: Any = USE_CLIENT_DEFAULT,
    follow_redirects: Any = USE_CLIENT_DEFAULT,
) -> Any:
    """Sends ``request``, a ``Request``, as it is: the client's header fields, parameters and base URL are not added.

    With ``stream`` the body is read on demand: close the response, or use it in a ``with`` block. ``auth`` and
    ``follow_redirects`` in place of the client's. Raises what ``request()`` does.

    >>> client = libkeepalive.Client()
    >>> client.send(libkeepalive.Request("GET", "http://example.com/users")).json()
    {'path': '/users'}
    """
    from ._models import sending

    options = sending(request, stream, _given(auth, follow_redirects))
    return self.request(request.method, request.url, **options)


async def asend(
    self: Any,
    request: Request,
    *,
    stream: bool = False,
    auth: Any = USE_CLIENT_DEFAULT,
    follow_redirects: Any = USE_CLIENT_DEFAULT,
) -> Any:
    from ._models import sending

    options = sending(request, stream, _given(auth, follow_redirects))
    return await self.request(request.method, request.url, **options)


asend.__doc__ = (
    (send.__doc__ or "").partition("    >>>")[0]
    + """    ::

        response = await client.send(libkeepalive.Request("GET", "http://example.com/users"))
    """
)


def _reduce(self: Any) -> tuple[Any, ...]:
    """For pickle and copy: the options travel, the pool does not."""
    from ._pickling import client

    state = getattr(self, "__dict__", None) or None
    return client, (type(self), self._get("_options")), state


def _setstate(self: Any, state: dict[str, Any]) -> None:
    self.__dict__.update(state)


def _links(self: Any) -> dict[str, dict[str, str]]:
    from ._links import links

    return links(self.headers)


def iter_content(self: Any, chunk_size: int | None = None) -> Any:
    """``iter_bytes(chunk_size)``, by requests' name."""
    return self.iter_bytes(chunk_size)


_NONE: Any = object()


def _pop(self: Any, name: str, default: Any = _NONE) -> Any:
    """Removes all fields of that ``name``; their values joined, or ``default``. Raises ``KeyError`` without both."""
    if name not in self and default is not _NONE:
        return default
    value = self[name]
    del self[name]
    return value


def _popitem(self: Any) -> tuple[str, str]:
    """Removes all fields of one name: that, and their values joined."""
    for name in self:
        return name, self.pop(name)
    raise KeyError("there are no fields")


def _setdefault(self: Any, name: str, default: str = "") -> str:
    """The values of that ``name`` joined; ``default``, which is set, where there is none."""
    if name not in self:
        self[name] = default
    value: str = self[name]
    return value


_OF_RESPONSE: dict[str, tuple[Callable[[Any], Any], str]] = {
    "ok": (lambda self: self.status_code < 400, "Whether the status is below 400, as requests has it."),
    "reason": (lambda self: self.reason_phrase, "``reason_phrase``, by requests' name."),
    "has_redirect_location": (lambda self: self.is_redirect, "``is_redirect``, by httpx's name."),
    "is_informational": (lambda self: self.status_code // 100 == 1, "Whether the status is 1xx."),
    "is_client_error": (lambda self: self.status_code // 100 == 4, "Whether the status is 4xx."),
    "is_server_error": (lambda self: self.status_code // 100 == 5, "Whether the status is 5xx."),
    "links": (
        _links,
        "The links of the Link fields (RFC 8288) by their relation, or by their URL: dicts with ``url`` and "
        "the parameters, as requests and httpx have them.",
    ),
}


def install(native: Any) -> None:
    """Puts all of it into the classes of the native module."""
    for cls, own in (
        (native.Client, {"send": send, "sse": sse}),
        (native.AsyncClient, {"send": asend, "sse": asse}),
    ):
        names: dict[str, Any] = {name: _property(name) for name in _DOCS}
        names |= {"build_request": build_request, **own}
        names |= {"__reduce__": _reduce, "__setstate__": _setstate}
        for name, member in names.items():
            if callable(member):
                member.__name__, member.__module__ = name, "libkeepalive"
                member.__qualname__ = f"{cls.__name__}.{name}"
            setattr(cls, name, member)
    iter_content.__module__ = "libkeepalive"
    native.Response.iter_content = iter_content
    for name, (get, doc) in _OF_RESPONSE.items():
        setattr(native.Response, name, property(get, doc=doc))
    for method in (_pop, _popitem, _setdefault):
        name = method.__name__.removeprefix("_")
        method.__name__, method.__module__ = name, "libkeepalive"
        method.__qualname__ = f"Headers.{name}"
        setattr(native.Headers, name, method)
