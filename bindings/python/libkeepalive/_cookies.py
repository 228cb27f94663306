"""Cookies as httpx and ``http.cookiejar`` have them, over the engine's jar or over one of Python's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from email.message import Message
from http.cookiejar import Cookie, CookieJar
from typing import TYPE_CHECKING, Any
from urllib.request import Request

from ._native import CookieStore

if TYPE_CHECKING:
    from os import PathLike

    from ._native import _CookieTypes

#: Name, value, domain, whether it is for that host alone, path, end, Secure, HttpOnly.
_Row = tuple[str, str, str, bool, str, int | None, bool, bool]


class CookieConflict(Exception):
    """Several cookies have that name: say of which ``domain`` or ``path``."""


class _Jar(CookieJar):
    """The engine's jar as one of Python's: what is done to it is done to the engine's."""

    def __init__(self, store: CookieStore) -> None:
        self._store = store
        super().__init__()

    @property
    def _cookies(self) -> dict[str, dict[str, dict[str, Cookie]]]:
        # What the methods of the base class look at.
        found: dict[str, dict[str, dict[str, Cookie]]] = {}
        for row in self._store.cookies():
            cookie = _cookie(row)
            found.setdefault(cookie.domain, {}).setdefault(cookie.path, {})[cookie.name] = cookie
        return found

    @_cookies.setter
    def _cookies(self, _value: Any) -> None:
        """The base class begins with none."""

    def __iter__(self) -> Iterator[Cookie]:
        return map(_cookie, self._store.cookies())

    def __len__(self) -> int:
        return len(self._store.cookies())

    def set_cookie(self, cookie: Cookie) -> None:
        wide = cookie.domain_specified or cookie.domain.startswith(".")
        http_only = cookie.has_nonstandard_attr("HttpOnly") or cookie.has_nonstandard_attr(
            "httponly"
        )
        self._store.add(
            cookie.name,
            cookie.value or "",
            cookie.domain,
            not wide,
            cookie.path or "/",
            None if cookie.expires is None else int(cookie.expires),
            bool(cookie.secure),
            http_only,
        )

    def clear(
        self, domain: str | None = None, path: str | None = None, name: str | None = None
    ) -> None:
        removed = self._store.remove(domain, path, name)
        if name is not None and not removed:
            raise KeyError(name)

    def clear_session_cookies(self) -> None:
        for cookie in list(self):
            if cookie.discard:
                self._store.remove(cookie.domain, cookie.path, cookie.name)

    def clear_expired_cookies(self) -> None:
        """The engine's jar shows none."""

    def __repr__(self) -> str:
        return f"<CookieJar of {len(self)}>"

    __str__ = __repr__

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (self._store.cookies(),)


def _restored(rows: list[_Row]) -> _Jar:
    jar = _Jar(CookieStore())
    for row in rows:
        jar._store.add(*row)
    return jar


class _Cookie(Cookie):
    """Its forms for people do not show its value."""

    def __repr__(self) -> str:
        return f"<Cookie {self.name!r} for {self.domain!r} {self.path!r}>"

    __str__ = __repr__


def _cookie(row: _Row) -> Cookie:
    name, value, domain, host_only, path, expires, secure, http_only = row
    wide = bool(domain) and not host_only
    return _Cookie(
        version=0,
        name=name,
        value=value,
        port=None,
        port_specified=False,
        domain=f".{domain}" if wide else domain,
        domain_specified=wide,
        domain_initial_dot=wide,
        path=path,
        path_specified=True,
        secure=secure,
        expires=expires,
        discard=expires is None,
        comment=None,
        comment_url=None,
        rest={"HttpOnly": ""} if http_only else {},
    )


class Cookies(MutableMapping[str, str]):
    """Cookies by name: those of a client (``client.cookies``), of a response, or made by hand.

    A mapping of names to values; ``set``, ``get``, ``delete`` and ``clear`` also take ``domain`` and
    ``path``, and ``jar`` is an ``http.cookiejar.CookieJar`` of the same cookies. One that was set without
    a domain is sent to every host that the program itself asks, but not where a redirect leads beyond
    the origin. Made of ``cookies`` that are a ``CookieJar``, it is that jar; ``store`` is a client's own jar. Any thread may use it at any time. No form of it
    shows a value.

    >>> cookies = libkeepalive.Cookies({"session": "a"})
    >>> cookies.set("theme", "dark", domain="example.com")
    >>> cookies["theme"], len(cookies)
    ('dark', 2)
    """

    def __init__(self, cookies: _CookieTypes | None = None, *, store: CookieStore | None = None) -> None:
        self.jar: CookieJar
        if isinstance(cookies, CookieJar):
            self.jar = cookies
            return
        self.jar = _Jar(CookieStore() if store is None else store)
        if cookies is not None:
            self.update(cookies)

    def set(self, name: str, value: str, domain: str = "", path: str = "/") -> None:
        """Sets a cookie of that ``name`` and ``value``: for the hosts of ``domain``, without one for all, and what is
        below ``path``. Raises ``InvalidArgument`` for what cannot be sent (RFC 6265bis 5.6), such as a semicolon in
        the value."""
        self.jar.set_cookie(
            Cookie(
                version=0,
                name=name,
                value=value,
                port=None,
                port_specified=False,
                domain=domain,
                domain_specified=bool(domain),
                domain_initial_dot=domain.startswith("."),
                path=path,
                path_specified=bool(path),
                secure=False,
                expires=None,
                discard=True,
                comment=None,
                comment_url=None,
                rest={},
            )
        )

    def get(  # type: ignore[override]
        self,
        name: str,
        default: str | None = None,
        domain: str | None = None,
        path: str | None = None,
    ) -> str | None:
        """The value of the cookie of that ``name``, ``domain`` and ``path``, or ``default``. Raises
        ``CookieConflict`` for several."""
        value = None
        found = False
        for cookie in self.jar:
            if cookie.name == name and _is_at(cookie, domain, path):
                if found:
                    raise CookieConflict(
                        f"several cookies have the name {name!r}; give domain or path"
                    )
                found, value = True, cookie.value
        return value if found else default

    def delete(self, name: str, domain: str | None = None, path: str | None = None) -> None:
        """Removes the cookies of that ``name``, ``domain`` and ``path``, if there are any."""
        self._remove(lambda cookie: cookie.name == name and _is_at(cookie, domain, path))

    def clear(self, domain: str | None = None, path: str | None = None) -> None:
        """Removes all cookies, or those of that ``domain`` and ``path``."""
        self._remove(lambda cookie: _is_at(cookie, domain, path))

    def _remove(self, which: Any) -> None:
        for cookie in [cookie for cookie in self.jar if which(cookie)]:
            self.jar.clear(cookie.domain, cookie.path, cookie.name)

    def update(self, cookies: _CookieTypes | None = None) -> None:  # type: ignore[override]
        """Sets what ``cookies`` has: a mapping, pairs, another ``Cookies`` or a ``CookieJar``."""
        if cookies is None:
            return
        if isinstance(cookies, (Cookies, CookieJar)):
            for cookie in cookies.jar if isinstance(cookies, Cookies) else cookies:
                self.jar.set_cookie(cookie)
            return
        for name, value in pairs(cookies):
            self.set(name, value)

    def save(self, path: str | PathLike[str], format: str = "netscape") -> None:
        """Writes all cookies to the file ``path``, for its owner alone; ``format`` is ``"netscape"``, as curl writes
        it, or ``"json"``. Raises ``FileFailed``; ``TypeError`` for a jar of Python's."""
        self._own().save(path, format)

    def load(self, path: str | PathLike[str]) -> int:
        """Adds the cookies of the file ``path`` in either form; how many. Raises as ``save()`` does."""
        return self._own().load(path)

    def _own(self) -> CookieStore:
        if isinstance(self.jar, _Jar):
            return self.jar._store
        raise TypeError(f"cookies: a {type(self.jar).__name__} has ways of its own to be saved")

    def __getitem__(self, name: str) -> str:
        value = self.get(name)
        if value is None:
            raise KeyError(name)
        return value

    def __setitem__(self, name: str, value: str) -> None:
        self.set(name, value)

    def __delitem__(self, name: str) -> None:
        if not any(cookie.name == name for cookie in self.jar):
            raise KeyError(name)
        self.delete(name)

    def __iter__(self) -> Iterator[str]:
        return iter([cookie.name for cookie in self.jar])

    def __len__(self) -> int:
        return len(self.jar)

    def __bool__(self) -> bool:
        return len(self.jar) > 0

    def __repr__(self) -> str:
        shown = ", ".join(f"<{c.name} for {c.domain or '*'}{c.path}>" for c in self.jar)
        return f"<Cookies[{shown}]>"


def _is_at(cookie: Cookie, domain: str | None, path: str | None) -> bool:
    own = cookie.domain.removeprefix(".")
    return (domain is None or own == domain.removeprefix(".")) and path in (None, cookie.path)


def pairs(cookies: Any) -> list[tuple[str, str]]:
    """Names and values of a mapping or of pairs."""
    items: Iterable[Any] = cookies.items() if isinstance(cookies, Mapping) else cookies
    expected = "cookies: expected a mapping of str to str, pairs of str, Cookies or a CookieJar"
    if isinstance(cookies, (str, bytes)) or not isinstance(items, Iterable):
        raise TypeError(f"{expected}; got {type(cookies).__name__}")
    found = []
    for item in items:
        if not isinstance(item, (tuple, list)) or len(item) != 2:
            raise TypeError(f"{expected}; got {type(item).__name__} in it")
        name, value = item
        if not isinstance(name, str) or not isinstance(value, str):
            raise TypeError(f"{expected}; got {type(value).__name__} as a value")
        found.append((name, value))
    return found


def keeper(cookies: Any) -> tuple[str, Any]:
    """Who keeps the cookies that a caller gave: the engine's jar (``store``), one of Python's (``jar``), or
    nobody (``pairs``)."""
    if isinstance(cookies, Cookies):
        cookies = cookies.jar
    if isinstance(cookies, _Jar):
        return "store", cookies._store
    if isinstance(cookies, CookieJar):
        return "jar", cookies
    return "pairs", pairs(cookies)


class _Answer:
    """What a ``CookieJar`` takes cookies from."""

    def __init__(self, fields: list[str]) -> None:
        self._info = Message()
        for field in fields:
            self._info["Set-Cookie"] = field

    def info(self) -> Message:
        return self._info


def header(jar: CookieJar, url: str) -> str | None:
    """The Cookie field that the jar's policy gives a request to ``url``."""
    request = Request(url)
    jar.add_cookie_header(request)
    return request.get_header("Cookie")


def received(jar: CookieJar, url: str, fields: list[str]) -> None:
    """An answer from ``url`` had these Set-Cookie fields."""
    jar.extract_cookies(_Answer(fields), Request(url))  # type: ignore[arg-type]
