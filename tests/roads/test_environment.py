"""What is read from the environment, and what goes before what. Each row is a process of its own,
which asks one of three scripted proxies, or none."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass

import pytest
from callers import CLEAN, EACH, Caller, get
from scripted import Peer, Stage

HTTP, HTTPS = "http://origin.invalid/", "https://origin.invalid/"
#: How each language is told to look at the environment.
TRUSTING = {"python": {}, "node": {"NODE_USE_ENV_PROXY": "1"}, "c": {"KEEPALIVE_TRUST_ENV": "1"}}


@dataclass
class Row:
    """Variables, whose values may have `{one}` and `{two}` for the proxies, and who gets the
    request; `None`: nobody, the name is looked up and does not exist."""

    name: str
    env: dict[str, str]
    by: str | None
    url: str = HTTP


ROWS = [
    Row("lower case", {"http_proxy": "{one}"}, "one"),
    Row("upper case", {"HTTP_PROXY": "{one}"}, "one"),
    Row("lower before upper", {"http_proxy": "{one}", "HTTP_PROXY": "{two}"}, "one"),
    Row(
        "lower before upper for https",
        {"https_proxy": "{one}", "HTTPS_PROXY": "{two}"},
        "one",
        HTTPS,
    ),
    Row("http is not for https", {"http_proxy": "{one}"}, None, HTTPS),
    Row("https is not for http", {"https_proxy": "{one}"}, None),
    Row("all for http", {"ALL_PROXY": "{one}"}, "one"),
    Row("all for https", {"all_proxy": "{one}"}, "one", HTTPS),
    Row("all, lower before upper", {"all_proxy": "{one}", "ALL_PROXY": "{two}"}, "one"),
    Row("the scheme's before all", {"ALL_PROXY": "{one}", "HTTP_PROXY": "{two}"}, "two"),
    Row(
        "the scheme's before all, https",
        {"all_proxy": "{one}", "HTTPS_PROXY": "{two}"},
        "two",
        HTTPS,
    ),
    # Set and empty turns the upper case off, as in Python's urllib.
    Row("empty", {"http_proxy": ""}, None),
    Row("empty, and upper case", {"http_proxy": "", "HTTP_PROXY": "{one}"}, None),
    Row("empty, and all", {"http_proxy": "", "ALL_PROXY": "{one}"}, "one"),
    Row(
        "a CGI's client cannot set a proxy", {"HTTP_PROXY": "{one}", "REQUEST_METHOD": "GET"}, None
    ),
    Row("a CGI may have one", {"http_proxy": "{one}", "REQUEST_METHOD": "GET"}, "one"),
    Row("a CGI, https", {"HTTPS_PROXY": "{one}", "REQUEST_METHOD": "GET"}, "one", HTTPS),
    Row("without a scheme", {"http_proxy": "{bare}"}, "one"),
    Row("no_proxy", {"http_proxy": "{one}", "no_proxy": "origin.invalid"}, None),
    Row("NO_PROXY", {"http_proxy": "{one}", "NO_PROXY": "foo, .invalid"}, None),
    Row(
        "no_proxy before NO_PROXY",
        {"http_proxy": "{one}", "no_proxy": "foo", "NO_PROXY": "*"},
        "one",
    ),
    Row("no_proxy for https", {"https_proxy": "{one}", "NO_PROXY": "*"}, None, HTTPS),
    Row("nothing", {}, None),
]


async def takes(peer: Peer) -> None:
    """Answers; refuses tunnels, which says as much."""
    while request := await peer.request():
        await peer.answer("200 OK" if request.method == "GET" else "503 Busy", b"")


def ask(
    caller: Caller, stage: Stage, row: Row, options: dict[str, object] | None = None
) -> str | None:
    """Who got the request."""
    proxies = [stage.start(takes, name) for name in ("one", "two")]
    places = {each.name: each.http for each in proxies} | {"bare": proxies[0].place}
    env = {name: value.format(**places) for name, value in row.env.items()}
    filled = {
        name: value.format(**places) if isinstance(value, str) else value
        for name, value in (options or {}).items()
    }
    result = caller.one(filled, get(row.url), env=TRUSTING[caller.language] | env)
    by = [each.name for each in proxies if each.requests]
    if not by:
        assert result.error == "KA_RESOLVE_FAILED", result
        return None
    assert len(by) == 1
    if row.url == HTTPS:
        result.fails("KA_PROXY_FAILED", "503")
    else:
        result.succeeds()
    return by[0]


# A process by the row; the ways to wait do not differ in this.
BY_PROCESS = [caller for caller in EACH if caller.way != "asyncio"]
each_language = pytest.mark.parametrize(
    "language", BY_PROCESS, ids=[each.language for each in BY_PROCESS]
)
#: Rows that every language has; the others are the engine's affair and C's, which starts fastest.
EVERYWHERE = {
    "lower before upper",
    "all for https",
    "a CGI's client cannot set a proxy",
    "NO_PROXY",
}


def runs(name: str, language: Caller) -> bool:
    return language.language == "c" or name in EVERYWHERE


CASES = [(row, each) for row in ROWS for each in BY_PROCESS if runs(row.name, each)]


@pytest.mark.parametrize(
    ("row", "language"), CASES, ids=[f"{row.name}-{each.language}" for row, each in CASES]
)
def test_environment(stage: Stage, row: Row, language: Caller) -> None:
    assert ask(language, stage, row) == row.by


@each_language
def test_what_is_said_goes_before_the_environment(language: Caller, stage: Stage) -> None:
    env = {"http_proxy": "{one}", "no_proxy": "*"}
    # The environment's exceptions are those of its proxies.
    assert ask(language, stage, Row("", env, None), {"proxy": "{two}"}) == "two"
    assert ask(language, stage, Row("", {"http_proxy": "{one}"}, None), {"proxy": "{two}"}) == "two"
    # An own list of exceptions takes the place of the environment's.
    assert ask(language, stage, Row("", env, None), {"no_proxy": "foo"}) == "one"
    assert ask(language, stage, Row("", {"http_proxy": "{one}"}, None), {"no_proxy": "*"}) is None
    assert (
        ask(language, stage, Row("", {"http_proxy": "{one}"}, None), {"trust_env": False}) is None
    )


def test_who_looks_by_default(stage: Stage) -> None:
    """Python does, Node and C do when they are told to, by a variable or the option."""
    proxy = stage.start(takes)
    for caller in BY_PROCESS:
        env = {"http_proxy": proxy.http}
        result = caller.one({}, get(HTTP), env=env)
        assert (result.status == 200) == (caller.language == "python"), (caller.name, result)
        caller.one({"trust_env": True}, get(HTTP), env=env).succeeds()


def test_nodes_own_option(stage: Stage) -> None:
    """`--use-env-proxy`, where this Node knows it; `NODE_OPTIONS` is how a process is given it."""
    known = subprocess.run(["node", "--use-env-proxy", "-e", ""], capture_output=True, check=False)
    proxy = stage.start(takes)
    node = next(each for each in BY_PROCESS if each.language == "node")
    env = {"http_proxy": proxy.http, "NODE_OPTIONS": "--use-env-proxy"}
    if known.returncode == 0:
        node.one({}, get(HTTP), env=env).succeeds()


UNUSABLE = [
    "ftp://proxy:21",
    "http://proxy:99999",
    "http://",
    "http://proxy:x",
    "http://a b",
    "http://p/path?",
]


VALUES = [
    (value, each)
    for value in UNUSABLE
    for each in BY_PROCESS
    if each.language == "c" or value in UNUSABLE[:2]
]


@pytest.mark.parametrize(
    ("value", "language"), VALUES, ids=[f"{value}-{each.language}" for value, each in VALUES]
)
def test_an_unusable_value_names_its_variable(value: str, language: Caller) -> None:
    """Never silently direct."""
    name = ("http_proxy", "HTTP_PROXY", "ALL_PROXY")[len(value) % 3]
    env = TRUSTING[language.language] | {name: value.replace("proxy", "ann:hidden@proxy")}
    result = language.one({}, get(HTTP), env=env)
    result.fails("KA_INVALID_ARGUMENT", name)
    assert name in result.message and "hidden" not in result.message


@pytest.mark.parametrize(
    "value", ["ftp://p:21", "http://", "http://p:99999", "http://p:x", "socks6://p", "http://a b"]
)
def test_an_unusable_option_is_named(caller: Caller, value: str) -> None:
    for result in (caller.one({"proxy": value}, get(HTTP)), caller.one({}, get(HTTP, proxy=value))):
        result.fails("KA_INVALID_ARGUMENT", "proxy")


def test_patterns(caller: Caller, stage: Stage) -> None:
    """The most exact wins, whatever their order (httpx's mounts)."""
    one, two, three = (stage.start(takes, name) for name in ("one", "two", "three"))
    patterns: dict[str, str | None] = {
        "all://": one.http,
        "http://": two.http,
        "all://*.corp.invalid": three.http,
        "http://exact.invalid:8080": one.http,
        "all://direct.invalid": None,
    }
    table = [
        ("http://any.invalid/", two), ("https://any.invalid/", one),
        ("http://a.corp.invalid/", three), ("https://b.a.corp.invalid/", three),
        ("http://exact.invalid:8080/", one), ("http://exact.invalid/", two),
        ("http://direct.invalid/", None), ("https://direct.invalid:444/", None),
    ]  # fmt: skip
    for order in (patterns, dict(reversed(patterns.items()))):
        for (url, server), result in zip(
            table, caller.run({"proxy": order}, *[get(each) for each, _ in table]), strict=True
        ):
            if server is None:
                result.fails("KA_RESOLVE_FAILED", "direct.invalid")
            elif url.startswith("https"):
                result.fails("KA_PROXY_FAILED", server.place)
            else:
                result.succeeds()
                assert server.requests[-1].target == url or url in [
                    each.target for each in server.requests
                ]


@pytest.mark.parametrize(
    "pattern", ["", "nonsense", "ftp://", "http://a b", "http://a*b", "http://a:b"]
)
def test_an_unusable_pattern_is_named(caller: Caller, pattern: str) -> None:
    result = caller.one({"proxy": {pattern: "http://127.0.0.1:9"}}, get(HTTP))
    if result.error != "ValueError":
        assert result.error == "KA_INVALID_ARGUMENT", result
    assert "proxy" in result.message


MADE = """
import os, libkeepalive

def message(client):
    try:
        client.get("http://127.0.0.1:2/")
    except libkeepalive.ConnectError as error:
        return str(error)

os.environ["http_proxy"] = "http://127.0.0.1:9"
with libkeepalive.Client() as client:
    del os.environ["http_proxy"]
    assert "proxy" in message(client)
with libkeepalive.Client() as client:
    os.environ["http_proxy"] = "http://127.0.0.1:9"
    assert "proxy" not in message(client)
"""


def test_the_environment_is_read_when_the_client_is_made() -> None:
    subprocess.run([sys.executable, "-c", MADE], env=CLEAN, check=True)
