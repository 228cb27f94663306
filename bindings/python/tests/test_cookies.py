"""Cookies: of clients, requests and responses, in httpx's form, and jars of ``http.cookiejar``."""

from __future__ import annotations

import asyncio
import http.cookiejar
import os
import pickle
from pathlib import Path
from urllib.parse import quote

import pytest
import trio

import libkeepalive
from libkeepalive import Client, Cookies


def told(origin, field: str, to: str = "") -> str:
    return f"{origin.http}/cookies?set={quote(field)}" + (f"&to={quote(to, safe='')}" if to else "")


def seen(origin) -> str:
    return f"{origin.http}/cookies"


def test_a_client_keeps_cookies_and_the_module_does_not(origin):
    with Client() as client:
        assert client.get(told(origin, "a=1")).text == "-"
        assert client.get(seen(origin)).text == "a=1"
        assert client.aio.cookies["a"] == "1"
    libkeepalive.get(told(origin, "a=1"))
    assert libkeepalive.get(seen(origin)).text == "-"
    assert Client.shared().cookies is None
    with Client(cookies=False) as client:
        client.get(told(origin, "a=1"))
        assert client.get(seen(origin)).text == "-"
        assert client.cookies is None
        with pytest.raises(libkeepalive.InvalidState):
            client.cookies = {"a": "1"}


@pytest.mark.parametrize("start", [asyncio.run, lambda coroutine: trio.run(lambda: coroutine)])
def test_async_clients_keep_cookies_too(origin, start):
    async def work():
        client = libkeepalive.AsyncClient(cookies={"own": "1"})
        await client.get(told(origin, "a=1"))
        text = (await client.get(seen(origin), cookies={"b": "2"})).text
        names = list(client.cookies)
        await client.aclose()
        return text, names

    assert start(work()) == ("own=1; a=1; b=2", ["own", "a"])


def test_each_hop_sets_and_gets_its_cookies(origin):
    with Client(follow_redirects=True) as client:
        reply = client.get(told(origin, "hop=1; Path=/", to="/cookies"))
        assert reply.text == "hop=1"
        assert not reply.cookies
        assert dict(reply.history[0].cookies) == {"hop": "1"}
        # Another host: neither its cookies nor those that were given for all.
        client.cookies.set("all", "1")
        away = origin.http.replace("127.0.0.1", "localhost")
        assert client.get(told(origin, "hop=2", to=f"{away}/cookies")).text == "-"
        assert client.get(f"{away}/cookies").text == "all=1"


def test_a_mapping_of_names_and_values(origin):
    cookies = Cookies({"a": "1"})
    cookies["b"] = "2"
    cookies.set("c", "3", domain="example.com", path="/p")
    assert len(cookies) == 3 and list(cookies) == ["a", "b", "c"] and bool(cookies)
    assert dict(cookies) == {"a": "1", "b": "2", "c": "3"}
    assert cookies.get("c", domain="example.com") == "3"
    assert cookies.get("c", domain="other.com") is None and cookies.get("z", "no") == "no"
    cookies.set("c", "4", domain="other.com")
    with pytest.raises(libkeepalive.CookieConflict):
        cookies["c"]
    cookies.delete("c", domain="other.com")
    del cookies["a"]
    with pytest.raises(KeyError):
        del cookies["a"]
    with pytest.raises(KeyError):
        cookies["a"]
    cookies.update([("d", "5")])
    cookies.update(Cookies({"e": "6"}))
    assert sorted(cookies.items()) == [("b", "2"), ("c", "3"), ("d", "5"), ("e", "6")]
    cookies.clear(domain="example.com", path="/p")
    assert "c" not in cookies
    cookies.clear()
    assert not cookies
    with Client(cookies=[("a", "1")]) as client:
        client.cookies = {"b": "2"}
        assert client.get(seen(origin)).text == "b=2"
        client.cookies = client.cookies
        assert client.get(seen(origin)).text == "b=2"


def test_nothing_shows_a_value(origin):
    cookies = Cookies({"a": "geheim"})
    cookie = next(iter(cookies.jar))
    with Client(cookies={"a": "geheim"}) as client:
        reply = client.get(told(origin, "a=geheim"))
        shown = [cookies, cookies.jar, cookie, client, client.cookies, reply, reply.cookies]
        assert not any("geheim" in repr(one) + str(one) for one in shown)


def test_clients_share_a_jar(origin):
    cookies = Cookies()
    with Client(cookies=cookies) as first, Client(cookies=cookies) as second:
        assert first.cookies is cookies
        first.get(told(origin, "a=1"))
        assert second.get(seen(origin)).text == "a=1"


def test_a_request_has_cookies_of_its_own(origin):
    with Client() as client:
        client.get(told(origin, "a=1"))
        assert client.get(seen(origin), cookies={"b": "2"}).text == "a=1; b=2"
        assert client.get(seen(origin), cookies={"a": "own"}).text == "a=own"
        assert client.get(seen(origin), cookies=False).text == "-"
        assert client.get(seen(origin)).text == "a=1"
        mine = Cookies({"mine": "1"})
        assert client.get(told(origin, "c=3"), cookies=mine).text == "mine=1"
        assert sorted(mine) == ["c", "mine"] and list(client.cookies) == ["a"]
        assert client.get(seen(origin), headers={"Cookie": "x=1"}).text == "x=1"
    assert libkeepalive.get(seen(origin), cookies={"a": "1"}).text == "a=1"


@pytest.mark.parametrize(
    ("cookies", "error"),
    [
        ({"a": "geheim; b=2"}, libkeepalive.InvalidArgument),
        ({"a": "geheim\r\nX: 1"}, libkeepalive.InvalidArgument),
        ({"": "geheim"}, libkeepalive.InvalidArgument),
        ({"a": 1}, TypeError),
        ("a=geheim", TypeError),
        (7, TypeError),
        ([("a",)], TypeError),
    ],
)
def test_what_is_no_cookie_is_refused(origin, cookies, error):
    with Client() as client, pytest.raises(error) as caught:
        client.get(seen(origin), cookies=cookies)
    assert "cookie" in str(caught.value) and "geheim" not in str(caught.value)
    with pytest.raises((error, libkeepalive.InvalidArgument)):
        Client(cookies=cookies if cookies != {"": "geheim"} else {"a": "b;c"})


class Policy(http.cookiejar.DefaultCookiePolicy):
    """Takes no cookie of that name."""

    def set_ok(self, cookie, request):
        return cookie.name != "refused" and super().set_ok(cookie, request)


def test_a_jar_of_python_s_decides_by_its_policy(origin):
    jar = http.cookiejar.CookieJar(Policy())
    with Client(cookies=jar, follow_redirects=True) as client:
        assert client.cookies.jar is jar
        client.get(told(origin, "a=1"))
        client.get(told(origin, "refused=1"))
        assert [cookie.name for cookie in jar] == ["a"]
        assert client.get(seen(origin)).text == "a=1"
        assert client.get(told(origin, "hop=1; Path=/", to="/cookies")).text == "a=1; hop=1"
        reply = asyncio.run(client.aio.request("GET", told(origin, "b=2")))
        assert reply.text == "a=1; hop=1"
    assert sorted(cookie.name for cookie in jar) == ["a", "b", "hop"]
    text = libkeepalive.get(seen(origin), cookies=jar).text
    assert sorted(text.split("; ")) == ["a=1", "b=2", "hop=1"]


class Broken(http.cookiejar.CookieJar):
    def add_cookie_header(self, request):
        raise RuntimeError("as a caller's jar may")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_jar_that_raises_ends_its_request_alone(origin):
    with Client(cookies=Broken()) as client:
        for send in (client.get, lambda url: asyncio.run(client.aio.request("GET", url))):
            with pytest.raises(libkeepalive.InvalidState, match="RuntimeError"):
                send(seen(origin))
        assert client.get(seen(origin), cookies=False).text == "-"


def test_jars_are_saved_loaded_and_pickled(origin, tmp_path: Path):
    cookies = Cookies()
    cookies.set("a", "1", domain="example.com")
    for form in ("netscape", "json"):
        file = tmp_path / form
        cookies.save(file, form)
        assert os.stat(file).st_mode & 0o777 == 0o600
        other = Cookies()
        assert other.load(file) == 1 and dict(other) == {"a": "1"}
    mozilla = http.cookiejar.MozillaCookieJar(tmp_path / "netscape")
    mozilla.load(ignore_discard=True, ignore_expires=True)
    assert [(cookie.name, cookie.domain) for cookie in mozilla] == [("a", ".example.com")]
    session = next(iter(mozilla))
    session.expires = None
    mozilla.set_cookie(session)
    mozilla.save(ignore_discard=True)
    assert Cookies().load(tmp_path / "netscape") == 1
    with pytest.raises(ValueError, match="format"):
        cookies.save(tmp_path / "x", "yaml")
    with pytest.raises(libkeepalive.InvalidArgument, match="none"):
        cookies.load(tmp_path / "none")
    with pytest.raises(TypeError, match="MozillaCookieJar"):
        Cookies(mozilla).save(tmp_path / "x")
    assert [cookie.name for cookie in pickle.loads(pickle.dumps(cookies.jar))] == ["a"]


def test_the_jar_of_a_client_is_one_of_python_s(origin):
    with Client() as client:
        client.get(told(origin, "a=1; HttpOnly; Max-Age=1000"))
        jar = client.cookies.jar
        assert isinstance(jar, http.cookiejar.CookieJar)
        cookie = next(iter(jar))
        assert (cookie.name, cookie.value, cookie.domain, cookie.path) == ("a", "1", "127.0.0.1", "/")
        assert cookie.has_nonstandard_attr("HttpOnly") and not cookie.discard and not cookie.is_expired()
        other = http.cookiejar.CookieJar()
        other.set_cookie(cookie)
        jar.clear()
        assert client.get(seen(origin)).text == "-"
        jar.set_cookie(cookie)
        assert client.get(seen(origin)).text == "a=1"
        jar.clear_session_cookies()
        assert len(jar) == 1
        with pytest.raises(KeyError):
            jar.clear("127.0.0.1", "/", "none")


def test_a_forked_child_has_a_copy(origin):
    with Client() as client:
        client.get(told(origin, "a=1"))
        child = os.fork()
        if child == 0:
            ok = client.get(seen(origin)).text == "a=1"
            client.get(told(origin, "b=2"))
            os._exit(0 if ok and client.get(seen(origin)).text == "a=1; b=2" else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert client.get(seen(origin)).text == "a=1"
