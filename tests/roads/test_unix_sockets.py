"""Servers on Unix sockets: by option and by URL, abstract ones, and paths that lead nowhere."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from callers import PYTHON, Caller, get, post
from conftest import Origin
from daemons import Haproxy, folder, haproxy
from scripted import Peer, Stage, echoes

#: With an end, sun_path has room for so many bytes on Linux.
LONGEST = 107


@pytest.fixture
def directory() -> Iterator[Path]:
    with folder("unix") as found:
        yield found


def by_url(path: object, target: str = "/") -> str:
    return f"http+unix://{quote(str(path), safe='')}{target}"


def test_by_option(every: Caller, stage: Stage, directory: Path) -> None:
    server = stage.start(echoes, "unix", path=str(directory / "s"))
    url = "http://service.test:81/a?b"
    results = every.run({"unix_socket": str(server.path)}, get(url), get(url))
    for result in results:
        seen = result.json()
        fields = {name.lower(): value for name, value in seen["fields"]}
        # The URL says who is asked, the option only where.
        assert (seen["target"], fields["host"]) == ("/a?b", "service.test:81")
    assert server.connections == 1


def test_by_request(every: Caller, stage: Stage, directory: Path) -> None:
    one, two = (stage.start(echoes, name, path=str(directory / name)) for name in ("one", "two"))
    url = "http://service.test/"
    requests = [get(url, unix_socket=str(each.path)) for each in (one, two, one, two)]
    results = every.run({}, *requests)
    assert [each.json()["by"] for each in results] == ["one", "two", "one", "two"]
    assert (one.connections, two.connections) == (1, 1), "two sockets never share"


def test_by_url(every: Caller, stage: Stage, directory: Path) -> None:
    path = directory / "with space.sock"
    server = stage.start(echoes, "unix", path=str(path))
    results = every.run(
        {}, get(by_url(path, "/a?b")), get(by_url(path, "/a?b")), get(by_url(path, ""))
    )
    assert [each.json()["target"] for each in results] == ["/a?b", "/a?b", "/"]
    assert server.connections == 1
    # RFC 9112 3.2: a Host there must be; of a path, nothing can be said in it.
    assert all(each.field("host") == "localhost" for each in server.requests)


def test_the_callers_host_field(caller: Caller, stage: Stage, directory: Path) -> None:
    server = stage.start(echoes, "unix", path=str(directory / "s"))
    request = get(by_url(server.path)) | {"headers": [("Host", "docker")]}
    caller.one({}, request).succeeds()
    assert server.requests[0].field("host") == "docker"


def test_an_abstract_name(every: Caller, stage: Stage) -> None:
    name = f"roads-{os.getpid()}-{id(stage)}"
    server = stage.start(echoes, "abstract", path=f"\0{name}")
    url = "http://service.test/"
    results = every.run({"unix_socket": f"@{name}"}, get(url), get(url))
    results += every.run({}, get(by_url(f"@{name}")))
    for result in results:
        assert result.json()["by"] == "abstract"
    assert server.connections == 2


def test_tls_over_a_unix_socket(
    caller: Caller, stage: Stage, origin: Origin, directory: Path
) -> None:
    server = stage.start(echoes, "unix", path=str(directory / "s"), tls=True)
    options = {"unix_socket": str(server.path), "ca_file": origin.ca_file}
    good, other = caller.run(options, get("https://localhost/"), get("https://other.test/"))
    good.succeeds()
    other.fails("KA_CERTIFICATE_REJECTED", "other.test")


def test_haproxy_on_a_unix_socket(every: Caller, origin: Origin) -> None:
    place = origin.http.removeprefix("http://")
    with haproxy(place, origin.cert_file, origin.key_file) as ha:
        counted(every, ha)


def counted(caller: Caller, ha: Haproxy) -> None:
    options = {"unix_socket": str(ha.socket)}
    for result in caller.run(options, *[get("http://service.test/ok")] * 5):
        result.succeeds(200, "ok")
    assert ha.counts("unix") == (1, 5)


def test_names_are_not_looked_up(caller: Caller, stage: Stage, directory: Path) -> None:
    server = stage.start(echoes, "unix", path=str(directory / "s"))
    caller.one({"unix_socket": str(server.path)}, get("http://no.such.name.invalid/")).succeeds()


def test_a_socket_goes_before_a_proxy(caller: Caller, stage: Stage, directory: Path) -> None:
    """Of the environment."""
    server = stage.start(echoes, "unix", path=str(directory / "s"))
    options = {"unix_socket": str(server.path)}
    env = {
        "http_proxy": "http://127.0.0.1:9",
        "NODE_USE_ENV_PROXY": "1",
        "KEEPALIVE_TRUST_ENV": "1",
    }
    caller.one(options, get("http://service.test/"), env=env).succeeds()


@pytest.mark.parametrize("how", ["option", "request", "url"])
@pytest.mark.parametrize(
    "what", ["absent", "no socket", "folder", "nobody listens", "forbidden", "too long"]
)
def test_what_leads_nowhere_is_named(caller: Caller, directory: Path, what: str, how: str) -> None:
    path = directory / "s"
    code = "KA_CONNECT_FAILED"
    bound = socket.socket(socket.AF_UNIX)
    if what == "no socket":
        path.write_text("")
    elif what == "folder":
        path.mkdir()
    elif what == "nobody listens":
        bound.bind(str(path))
    elif what == "forbidden":
        bound.bind(str(path))
        bound.listen()
        path.chmod(0)
        if os.geteuid() == 0:
            # Root may do everything: what it finds is a socket that nobody serves any more.
            bound.close()
    elif what == "too long":
        path = directory / ("x" * LONGEST)
        code = "KA_INVALID_ARGUMENT" if how != "url" else "KA_INVALID_URL"
    options = {"unix_socket": str(path)}
    url = "http://service.test/"
    if how == "option":
        result = caller.one(options, get(url))
    elif how == "request":
        result = caller.one({}, get(url, **options))
    else:
        result = caller.one({}, get(by_url(path)))
    bound.close()
    if what == "too long":
        assert result.error in (code, "KA_INVALID_ARGUMENT"), result
        result.fails(str(result.error), str(LONGEST))
    else:
        result.fails(code, str(path))


def test_a_path_of_the_greatest_length(caller: Caller, stage: Stage, directory: Path) -> None:
    path = str(directory) + "/" + "x" * (LONGEST - len(str(directory)) - 1)
    assert len(path) == LONGEST
    stage.start(echoes, "unix", path=path)
    caller.one({"unix_socket": path}, get("http://service.test/")).succeeds()
    caller.one({}, get(by_url(path))).succeeds()


def test_a_socket_and_a_proxy_are_a_contradiction(caller: Caller) -> None:
    options = {"unix_socket": "/s", "proxy": "http://127.0.0.1:9"}
    caller.one(options, get("http://service.test/")).fails("KA_INVALID_ARGUMENT", "proxy", "unix")


@pytest.mark.parametrize("path", ["@", "a\0b"])
def test_an_unusable_path(path: str) -> None:
    result = PYTHON.one({"unix_socket": path}, get("http://service.test/"))
    assert result.error in ("KA_INVALID_ARGUMENT", "ValueError"), result
    assert "unix_socket" in result.message or result.error == "ValueError"


def test_the_replay_rule_holds(caller: Caller, stage: Stage, directory: Path) -> None:
    async def dies(peer: Peer) -> None:
        while request := await peer.request():
            if peer.number == 1 and len(peer.server.requests) > 1:
                return
            await peer.echo(request)

    url = "http://service.test/"
    for number, second in enumerate((get(url), post(url, "once"))):
        server = stage.start(dies, "unix", path=str(directory / f"s{number}"))
        first, again = caller.run({"unix_socket": str(server.path)}, get(url), second)
        first.succeeds()
        if number == 0:
            again.succeeds()
        else:
            assert again.error in ("KA_CONNECTION_CLOSED", "KA_CONNECTION_RESET"), again
            assert len(server.requests) == 2
