"""No password, credential or cookie reaches a text: message, repr, statistic, pickled exception."""

from __future__ import annotations

import asyncio
import pickle
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import libkeepalive

SECRET = "hunter2"
SPELLINGS = (SECRET, "aHVudGVyMg", "OmhodW50ZXIy", "dXNlcjpodW50ZXIy")  # also as Basic has it


def texts(error: BaseException) -> Iterator[str]:
    while error is not None:
        yield str(error)
        yield repr(error)
        yield repr(getattr(error, "__dict__", None))
        yield repr(getattr(error, "request", None))
        yield "".join(traceback.format_exception_only(error))
        yield pickle.dumps(error).decode("latin-1")
        error = error.__cause__ or error.__context__  # type: ignore[assignment]


def check(text: str) -> None:
    assert not any(each in text for each in SPELLINGS), text


@pytest.mark.parametrize(
    "url",
    [
        f"http://user:{SECRET}@",
        f"http://user:{SECRET}@/path",
        f"http://user:{SECRET}@host:99999/",
        f"http://user:{SECRET}@ho st/",
        f"http://user:{SECRET}@host/\r\nX: y",
        f"http://user:{SECRET}@[::1/",
        f"http://user:{SECRET}@host\\@other/",
        f"//user:{SECRET}@host/",
        f"user:{SECRET}@host/",
        f"ftp://user:{SECRET}@host/",
        f"http:user:{SECRET}@host/",
        f"http:///user:{SECRET}@host/",
        f"http://user:{SECRET}@127.0.0.1:1/",
        f"http://user:{SECRET}@does-not-exist.invalid/",
    ],
)
def test_urls_that_fail(client, url):
    relative = libkeepalive.Client(base_url="http://127.0.0.1:1/base")
    based = libkeepalive.Client(base_url=url)
    calls: list[Callable[[], Any]] = [
        lambda: client.get(url),
        lambda: asyncio.run(client.aio.get(url)),
        lambda: client.stream("GET", url).__enter__(),
        lambda: client.get(url, params={"a": 1}),
        lambda: client.warm(url),
        lambda: asyncio.run(client.aio.warm(url)),
        lambda: client.reset_breaker(url),
        lambda: based.get("x"),
        lambda: based.get("//x"),
    ]
    if "//" in url:
        # Anything else is a path below the base.
        calls.append(lambda: relative.get(url))
    for call in calls:
        try:
            call()
        except (libkeepalive.HTTPError, ValueError) as error:
            for text in texts(error):
                check(text)
    with relative, based:
        pass


def test_urls_that_work(origin):
    url = origin.http.replace("http://", f"http://user:{SECRET}@")
    with libkeepalive.Client(base_url=url) as client:
        response = client.get("/auth")
        assert "dXNlcjpodW50ZXIy" in response.text
        with pytest.raises(libkeepalive.HTTPStatusError) as raised:
            client.get("/status/500").raise_for_status()
        for text in (
            *texts(raised.value),
            response.url,
            repr(response),
            repr(response.request),
            repr(response.info),
            repr(client),
            repr(client.stats()),
            str(client.stats().as_dict()),
            pickle.dumps(response.request).decode("latin-1"),
        ):
            check(text)
        for path in ("/close", "/reset", "/redirect/302?to=http%3A%2F%2Fuser%3Ahunter2%40%2F"):
            with pytest.raises(libkeepalive.HTTPError) as raised_by:
                client.post(path, follow_redirects=True)
            for text in texts(raised_by.value):
                if "redirect" not in path:
                    check(text)
                else:
                    # The request's own path is no secret.
                    check(text.replace("user%3Ahunter2", ""))


@pytest.mark.parametrize("name", ["Authorization", "Proxy-Authorization", "Cookie", "set-cookie"])
def test_headers(client, origin, name):
    headers = libkeepalive.Headers({name: SECRET, "X-Open": "shown"})
    assert headers[name] == SECRET and ("shown" in repr(headers))
    check(repr(headers))
    check(str(headers))
    assert f"'{name.lower()}', '[secure]'" in repr(headers)
    assert pickle.loads(pickle.dumps(headers))[name] == SECRET
    for value in (
        SECRET + "\N{SNOWMAN}",
        SECRET + "\r\nX: y",
        SECRET + "\0",
        SECRET + "\ud800",
        (SECRET,),
        {SECRET: 1},
    ):
        calls: list[Callable[[], Any]] = [
            lambda value=value: client.get(origin.http + "/ok", headers={name: value}),
            lambda value=value: libkeepalive.Headers({name: value}),
            lambda value=value: libkeepalive.Client(headers=[(name, value)]).get(origin.http),
            lambda value=value: asyncio.run(client.aio.get(origin.http, headers={name: value})),
        ]
        for call in calls:
            try:
                call()
            except (libkeepalive.LocalProtocolError, TypeError, ValueError) as error:
                for text in texts(error):
                    check(text)


def test_credentials(client, origin):
    for auth in ((SECRET, 1), (1, SECRET), [SECRET], SECRET, (SECRET,), (SECRET, "\ud800" + SECRET)):
        for make in (
            lambda auth=auth: client.get(origin.http, auth=auth),
            lambda auth=auth: libkeepalive.Client(auth=auth),
        ):
            with pytest.raises((TypeError, ValueError)) as raised:
                make()
            for text in texts(raised.value):
                check(text)
    with libkeepalive.Client(auth=("user", SECRET)) as mine:
        check(repr(mine))
        check(repr(mine.aio))
        with pytest.raises(libkeepalive.RemoteDisconnected) as failed:
            mine.post(origin.http + "/close")
        for text in texts(failed.value):
            check(text)


def test_the_password_of_a_key(tmp_path):
    with pytest.raises((TypeError, ValueError)) as raised:
        libkeepalive.Client(client_key_password=SECRET.encode())  # type: ignore[arg-type]
    for text in texts(raised.value):
        check(text)
