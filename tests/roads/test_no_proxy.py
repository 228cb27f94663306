"""`no_proxy` and NO_PROXY: the rows of noproxy.json, and those by which clients differ. Which of
two scripted servers gets the request says what was decided; nothing is looked up."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from callers import PYTHON, Caller, get
from scripted import Scripted, Stage, echoes
from test_environment import BY_PROCESS, TRUSTING

ROWS = json.loads(Path(__file__).with_name("noproxy.json").read_text())["cases"]

#: URL, list, and whether the request goes direct: the union of what requests, httpx, urllib, curl
#: and undici let through, where they differ.
DIFFERENT = [
    ("http://example.com/", "example.com", True),
    ("http://sub.example.com/", "example.com", True),
    ("http://notexample.com/", "example.com", False),
    ("http://example.com/", ".example.com", True),
    ("http://example.com/", "*.example.com", False),
    ("http://sub.example.com/", "*.example.com", True),
    ("http://example.com:8080/", "example.com:8080", True),
    ("http://example.com/", "example.com:8080", False),
    ("http://example.com/", "example.com:80", True),
    ("http://10.1.2.3/", "10.0.0.0/8", True),
    ("http://11.1.2.3/", "10.0.0.0/8", False),
    ("http://10.1.2.3.example.com/", "10.0.0.0/8", False),
    ("http://[::1]/", "::1", True),
    ("http://[::1]/", "[::1]", True),
    ("http://[::1]:81/", "[::1]:81", True),
    ("http://[::1]:81/", "[::1]:82", False),
    ("http://[2001:db8::5]/", "2001:db8::/32", True),
    ("http://example.com/", "a.com example.com", True),
    ("http://example.com/", "a.com\texample.com", True),
    ("http://example.com/", " , ,example.com , ", True),
    ("http://example.com/", "*", True),
    ("http://example.com/", "foo,*", True),
    ("http://example.com/", "example.com.", True),
    ("http://example.com./", "example.com", True),
    ("http://EXAMPLE.com/", "Example.COM", True),
    ("http://bücher.test/", "xn--bcher-kva.test", True),
    ("http://xn--bcher-kva.test/", "bücher.test", True),
    ("http://localhost/", "foo", False),
    ("http://127.0.0.1/", "localhost", False),
    ("http://localhost/", "127.0.0.1", False),
    ("http://example.com/", "", False),
    ("http://example.com/", "http://example.com", False),
    ("http://example.com/", "example.com:x", False),
    ("http://10.1.2.3/", "10.0.0.0/99", False),
    ("http://10.1.2.3/", "10.0.0.0/", False),
]


def url_of(host: str) -> str:
    return f"http://[{host}]/" if ":" in host else f"http://{host}/"


@pytest.fixture(name="two")
def two_servers(stage: Stage) -> tuple[Scripted, Scripted]:
    return stage.start(echoes, "proxy"), stage.start(echoes, "direct")


def steered(url: str, direct: Scripted) -> str:
    """`connect_to`, so that the direct way ends at that server, whatever the name."""
    place = url.removeprefix("http://").rstrip("/")
    host, _, port = place.rpartition(":")
    if not port.isdigit():
        host, port = place, "80"
    return f"{host}:{port}:127.0.0.1:{direct.port}"


def by(caller: Caller, url: str, no_proxy: str, two: tuple[Scripted, Scripted]) -> str:
    proxy, direct = two
    options = {"proxy": proxy.http, "no_proxy": no_proxy, "connect_to": steered(url, direct)}
    return str(caller.one(options, get(url)).json()["by"])


@pytest.mark.parametrize("row", ROWS, ids=[f"{each['host']} {each['no_proxy']}" for each in ROWS])
def test_rows_of_curl(two: tuple[Scripted, Scripted], row: dict[str, object]) -> None:
    url, no_proxy = url_of(str(row["host"])), str(row["no_proxy"])
    bypass = row.get("ours", row["bypass"])
    assert by(PYTHON, url, no_proxy, two) == ("direct" if bypass else "proxy"), row.get("why")


@pytest.mark.parametrize(("url", "no_proxy", "bypass"), DIFFERENT)
def test_where_clients_differ(
    caller: Caller, two: tuple[Scripted, Scripted], url: str, no_proxy: str, bypass: bool
) -> None:
    assert by(caller, url, no_proxy, two) == ("direct" if bypass else "proxy")


def test_the_variable_is_read_alike(two: tuple[Scripted, Scripted]) -> None:
    proxy, direct = two
    for caller in BY_PROCESS:
        for url, no_proxy, bypass in DIFFERENT[2:8:2]:
            env = TRUSTING[caller.language] | {"http_proxy": proxy.http, "NO_PROXY": no_proxy}
            seen = caller.one({"connect_to": steered(url, direct)}, get(url), env=env).json()
            assert seen["by"] == ("direct" if bypass else "proxy"), (caller.name, url, no_proxy)


def test_a_list_of_entries(caller: Caller, two: tuple[Scripted, Scripted]) -> None:
    proxy, direct = two
    url = "http://example.com/"
    for entries, by_whom in ((["foo", ".com"], "direct"), (["foo"], "proxy"), ([], "proxy")):
        options = {
            "proxy": proxy.http,
            "no_proxy": entries,
            "connect_to": ["other.test:80:127.0.0.1:9", steered(url, direct)],
        }
        assert caller.one(options, get(url)).json()["by"] == by_whom


def test_a_request_has_its_own_list(caller: Caller, two: tuple[Scripted, Scripted]) -> None:
    proxy, direct = two
    url = "http://example.com/"
    options = {"proxy": proxy.http, "connect_to": steered(url, direct)}
    results = caller.run(options, get(url), get(url, no_proxy="example.com"), get(url))
    assert [each.json()["by"] for each in results] == ["proxy", "direct", "proxy"]
