"""requests on the shared pool: what it does is what requests does."""

from __future__ import annotations

import io
import pickle
import ssl
import subprocess
import sys
import threading
from typing import Any

import pytest
import requests
import responses
import urllib3
from hosts_urllib3 import sending, serving, session

import libkeepalive.requests
from libkeepalive._adapters import clients


@pytest.fixture(params=["plain", "ours"])
def made(request: pytest.FixtureRequest) -> requests.Session:
    return session(request.param)


def both(act: Any) -> list[Any]:
    return [act(session(kind)) for kind in ("plain", "ours")]


def test_the_same_is_sent(origin) -> None:
    url = origin.http + "/echo"
    for method, options in [
        ("GET", {"params": {"a": "b c", "d": ["e", "f"]}}),
        ("GET", {"headers": {"X-Case": "Kept", "Accept": None, "User-Agent": None}}),
        ("GET", {"auth": ("ann", "secret")}),
        ("GET", {"cookies": {"a": "b"}}),
        ("POST", {"data": {"a": "b"}}),
        ("POST", {"json": {"a": 1}}),
        ("POST", {"data": b"bytes"}),
        ("POST", {}),
        ("PUT", {"files": None, "data": "text"}),
        ("DELETE", {}),
    ]:
        sent = both(lambda s: s.request(method, url, **options).json())  # noqa: B023
        fields = [sorted(map(tuple, answer["headers"])) for answer in sent]
        assert fields[0] == fields[1], (method, options)
        assert sent[0]["target"] == sent[1]["target"]
        assert sent[0]["body_b64"] == sent[1]["body_b64"]


def test_uploads_are_streamed(origin) -> None:
    url = origin.http + "/echo"
    for body in (lambda: io.BytesIO(b"file"), lambda: iter([b"a", b"b"])):
        sent = both(lambda s: s.post(url, data=body()).json())  # noqa: B023
        assert sorted(map(tuple, sent[0]["headers"])) == sorted(map(tuple, sent[1]["headers"]))
        assert sent[0]["body_b64"] == sent[1]["body_b64"]


def test_responses(origin, made: requests.Session) -> None:
    answer = made.get(origin.http + "/gzip")
    assert answer.json() and answer.headers["content-encoding"] == "gzip"
    assert answer.raw.closed and answer.raw.read() == b""
    assert answer.elapsed.total_seconds() >= 0
    kept = made.get(origin.http + "/cookies?set=a%3Db%0Ac%3Dd")
    assert kept.cookies.get_dict() == made.cookies.get_dict() == {"a": "b", "c": "d"}
    assert made.get(origin.http + "/redirect/302?n=2").history
    with pytest.raises(requests.HTTPError):
        made.get(origin.http + "/status/404").raise_for_status()


def test_streams(origin, made: requests.Session) -> None:
    with made.get(origin.http + "/gzip", stream=True) as answer:
        raw = answer.raw.read(10) + answer.raw.read()
    assert raw[:2] == b"\x1f\x8b" and len(raw) == int(answer.headers["content-length"])
    with made.get(origin.http + "/chunked/10000?chunk=100", stream=True) as answer:
        assert len(b"".join(answer.iter_content(333))) == 10_000
    with made.get(origin.http + "/compressible", stream=True) as answer:
        assert b"".join(answer.iter_lines())
    with made.get(origin.http + "/bytes/100000", stream=True) as answer:
        assert len(b"".join(answer.raw.stream(1000))) == 100_000


def test_verify_and_cert(origin, made: requests.Session) -> None:
    assert made.get(origin.https + "/ok", verify=origin.ca_file).text == "ok"
    with pytest.raises(requests.exceptions.SSLError):
        made.get(origin.https + "/ok")
    with pytest.warns(Warning, match="Unverified"):
        assert made.get(origin.https + "/ok", verify=False).text == "ok"
    cert = (origin.client_cert, origin.client_key)
    shown = made.get(origin.mtls + "/echo", verify=origin.ca_file, cert=cert).json()
    assert shown["tls"]["client_certificate"] is True
    with pytest.raises(OSError, match="CA certificate bundle"):
        made.get(origin.https + "/ok", verify="/nowhere.pem")


def test_proxies(origin, made: requests.Session) -> None:
    heads = []

    def answer(connection: Any, head: bytes) -> None:
        heads.append(head)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nproxy")

    with serving(answer) as proxy:
        proxies = {"http": proxy.replace("://", "://ann:secret@")}
        assert made.get("http://server.example/a?b", proxies=proxies).text == "proxy"
    assert heads[0].startswith(b"GET http://server.example/a?b HTTP/1.1\r\n")
    assert b"Host: server.example\r\n" in heads[0]
    assert b"Proxy-Authorization: Basic YW5uOnNlY3JldA==\r\n" in heads[0]


def test_the_environments_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nproxy"
    with serving(sending(head)) as proxy:
        monkeypatch.setenv("http_proxy", proxy)
        made = requests.Session()
        libkeepalive.requests.install(made)
        assert made.get("http://server.example/").text == "proxy"


def test_tunnels_that_are_refused(made: requests.Session) -> None:
    heads = []

    def answer(connection: Any, head: bytes) -> None:
        heads.append(head)
        connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")

    with serving(answer) as proxy:
        with pytest.raises(requests.exceptions.ProxyError, match="Tunnel connection failed: 403 Forbidden"):
            made.get("https://server.example/", proxies={"https": proxy})
    assert heads[0].startswith(b"CONNECT server.example:443 HTTP/1.")


def test_an_adapters_arguments(origin) -> None:
    adapter = libkeepalive.requests.Adapter(pool_connections=2, pool_maxsize=3, max_retries=4, pool_block=True)
    again = pickle.loads(pickle.dumps(adapter))
    for each in (adapter, again):
        assert (each._pool_connections, each._pool_maxsize, each._pool_block) == (2, 3, True)
        assert each.max_retries.total == 4
    made = requests.Session()
    made.mount(origin.http, again)
    assert made.get(origin.http + "/ok").text == "ok"
    assert made.get_adapter("http://other.example/") is not again
    made.close()


def test_calls_without_a_session_share_connections(origin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests.sessions, "HTTPAdapter", libkeepalive.requests.Adapter)
    requests.get(origin.http + "/ok")
    before = clients.usual().stats().opened
    for _ in range(5):
        requests.get(origin.http + "/ok")
    threads = [threading.Thread(target=requests.get, args=(origin.http + "/ok",)) for _ in range(2)]
    for thread in threads:
        thread.start()
        thread.join()
    assert clients.usual().stats().opened == before


def test_hooks_and_prepared_requests(origin, made: requests.Session) -> None:
    seen = []
    request = requests.Request("GET", origin.http + "/ok", hooks={"response": lambda r, **_: seen.append(r)})
    answer = made.send(made.prepare_request(request))
    assert seen == [answer] and answer.request.method == "GET"
    assert answer.connection is made.get_adapter(origin.http)


def test_pickled_responses(origin, made: requests.Session) -> None:
    answer = pickle.loads(pickle.dumps(made.get(origin.http + "/json")))
    assert answer.json()["id"] == 12345


@responses.activate
def test_responses_stands_before_the_adapter() -> None:
    responses.add(responses.GET, "http://server.example/", json={"mocked": True})
    assert session("ours").get("http://server.example/").json() == {"mocked": True}
    with pytest.raises(requests.exceptions.ConnectionError):
        session("ours").get("http://server.example/other")


def test_responses_lets_through(origin) -> None:
    with responses.RequestsMock() as mock:
        mock.add_passthru(origin.http)
        mock.assert_all_requests_are_fired = False
        assert session("ours").get(origin.http + "/ok").text == "ok"


def test_requests_mock_stands_before_the_adapter() -> None:
    import requests_mock

    with requests_mock.Mocker() as mock:
        mock.get("http://server.example/", text="mocked")
        assert session("ours").get("http://server.example/").text == "mocked"


def test_vcr_records_and_plays(origin, tmp_path: Any) -> None:
    import vcr

    cassette = str(tmp_path / "cassette.yaml")
    for _ in range(2):
        with vcr.use_cassette(cassette) as tape:
            assert session("ours").get(origin.http + "/json?key=vcr").json()["id"] == 12345
    assert tape.play_count == 1
    assert len(origin.ask("/_journal?key=vcr")) == 1


FORKS = """
import os
import sys
import requests
import libkeepalive.requests

session = requests.Session()
session.trust_env = False
libkeepalive.requests.install(session)
assert session.get(sys.argv[1] + "/ok").text == "ok"
child = os.fork()
if child == 0:
    os._exit(0 if session.get(sys.argv[1] + "/ok", headers={"X-Owner": "child"}).text == "ok" else 1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
assert session.get(sys.argv[1] + "/ok").text == "ok"
"""


def test_a_session_may_be_used_after_a_fork(origin) -> None:
    command = [sys.executable, "-c", FORKS, origin.http]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_classes_below_that_make_the_manager_by_themselves(origin) -> None:
    class OfTls12(libkeepalive.requests.Adapter):
        """As requests' documentation has it."""

        def init_poolmanager(self, connections, maxsize, block=False, **options):
            self.poolmanager = urllib3.PoolManager(
                num_pools=connections, maxsize=maxsize, block=block, ssl_maximum_version=ssl.TLSVersion.TLSv1_2
            )

    made = requests.Session()
    made.trust_env = False
    made.mount("https://", OfTls12())
    answer = made.get(origin.https + "/echo", verify=origin.ca_file)
    assert answer.json()["tls"]["version"] == "TLSv1_2"
    assert type(answer.connection.poolmanager.connection_from_url(origin.https)).__module__ == "libkeepalive.urllib3"
    # A manager that is replaced takes its pools along.
    adapter = libkeepalive.requests.Adapter()
    made.mount("https://", adapter)
    assert made.get(origin.https + "/ok", verify=origin.ca_file).text == "ok"
    adapter.poolmanager = urllib3.PoolManager(server_hostname="other.example")
    with pytest.raises(requests.exceptions.SSLError):
        made.get(origin.https + "/ok", verify=origin.ca_file)
    copied = pickle.loads(pickle.dumps(made))
    assert copied.get(origin.https + "/ok", verify=origin.ca_file).text == "ok"
