"""SDKs that stand on urllib3 and requests, against scripted servers, with the adapter injected."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sdk_server import serving

import libkeepalive.urllib3
from libkeepalive._adapters import clients


@pytest.fixture(autouse=True)
def injected() -> Iterator[None]:
    libkeepalive.urllib3.inject()
    yield
    libkeepalive.urllib3.extract()


def opened() -> int:
    return clients.usual().stats().opened


POD = {"metadata": {"name": "a", "resourceVersion": "7"}, "spec": {"containers": []}, "status": {}}


def test_kubernetes() -> None:
    from kubernetes import client, watch

    events = [{"type": "ADDED", "object": {**POD, "kind": "Pod"}} for _ in range(3)]
    lines = [json.dumps(event).encode() + b"\n" for event in events]

    def pods(handler: Any) -> None:
        if "watch=true" in handler.path:
            # An event that is cut by a chunk's end.
            handler.stream([lines[0] + lines[1][:9], lines[1][9:], lines[2]])
        else:
            handler.reply(200, {"items": [POD], "metadata": {}})

    with serving({"GET /api/v1/namespaces/x/pods": pods}) as server:
        configuration = client.Configuration(host=server.url)
        with client.ApiClient(configuration) as api:
            core = client.CoreV1Api(api)
            before = opened()
            for _ in range(3):
                assert core.list_namespaced_pod("x").items[0].metadata.name == "a"
            watching = watch.Watch().stream(core.list_namespaced_pod, "x", timeout_seconds=5)
            seen = [event["object"].metadata.name for event, _ in zip(watching, range(3), strict=False)]
            assert seen == ["a", "a", "a"]
            with pytest.raises(client.exceptions.ApiException) as caught:
                core.read_namespaced_pod("b", "x")
            assert caught.value.status == 404
        assert opened() - before <= 2


def test_docker_over_a_unix_socket(tmp_path: Path) -> None:
    import docker

    version = {"ApiVersion": "1.43", "MinAPIVersion": "1.24", "Version": "24"}

    def logs(handler: Any) -> None:
        handler.stream([b"\x01\0\0\0\0\0\0\x06line 1", b"\x01\0\0\0\0\0\0\x06line 2"])

    def pull(handler: Any) -> None:
        handler.stream([b'{"status": "Pulling"}\r\n', b'{"status": "Done"}\r\n'])

    def attach(handler: Any) -> None:
        connection: socket.socket = handler.connection
        handler.wfile.write(
            b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n\x01\0\0\0\0\0\0\x05hello"
        )
        handler.wfile.flush()
        connection.sendall(b"\x01\0\0\0\0\0\0\x04" + connection.recv(4))
        handler.close_connection = True

    inspected = {"Id": "c1", "Config": {"Tty": False}, "State": {"Status": "running"}}
    path = str(tmp_path / "docker.sock")
    answers = {
        "GET /version": version,
        "GET /v1.43/containers/json": [{"Id": "c1"}],
        "GET /v1.43/containers/c1/json": inspected,
        "GET /v1.43/containers/c1/logs": logs,
        "POST /v1.43/images/create": pull,
        "POST /v1.43/containers/c1/attach": attach,
    }
    with serving(answers, path) as server:
        api = docker.APIClient(base_url=server.url, version="1.43")
        for _ in range(3):
            assert api.containers()[0]["Id"] == "c1"
        assert server.connections == 1
        assert b"".join(api.logs("c1", stream=True)) == b"line 1line 2"
        assert [said["status"] for said in api.pull("x", stream=True, decode=True)] == ["Pulling", "Done"]
        stream = api.attach_socket("c1", params={"stream": 1, "stdin": 1})
        from docker.utils.socket import frames_iter

        frames = frames_iter(stream, tty=False)
        assert next(frames) == (1, b"hello")
        stream.send(b"echo")
        assert next(frames) == (1, b"echo")
        stream.close()
        with pytest.raises(docker.errors.NotFound):
            api.inspect_container("c2")
        api.close()
        assert all(head["Host"] == "localhost" for head in server.heads)


def test_elasticsearch() -> None:
    from elasticsearch import Elasticsearch, NotFoundError
    from elasticsearch.helpers import bulk

    def answer(value: Any, status: int = 200) -> Any:
        return lambda handler: handler.reply(
            status, value, X_Elastic_Product="Elasticsearch", Content_Type="application/vnd.elasticsearch+json"
        )

    answers = {
        "GET /": answer({"version": {"number": "9.5.0"}, "tagline": "You Know, for Search"}),
        "PUT /_bulk": answer({"errors": False, "items": [{"index": {"status": 201}}] * 2}),
        "GET /x/_doc/1": answer({"found": False}, 404),
    }
    with serving(answers) as server:
        client = Elasticsearch(server.url, http_compress=True)
        assert client.info()["version"]["number"] == "9.5.0"
        assert bulk(client, [{"_index": "x", "a": 1}, {"_index": "x", "a": 2}]) == (2, [])
        with pytest.raises(NotFoundError):
            client.get(index="x", id="1")
        assert server.connections == 1
        assert server.heads[1]["content-encoding"] == "gzip"


def test_sentry() -> None:
    import sentry_sdk

    with serving({"POST /api/1/envelope/": {}}) as server:
        dsn = server.url.replace("://", "://key@") + "/1"
        client = sentry_sdk.Client(dsn=dsn, default_integrations=False, auto_session_tracking=False)
        with sentry_sdk.new_scope() as scope:
            scope.set_client(client)
            for _ in range(2):
                sentry_sdk.capture_message("hello")
            client.flush(timeout=20)
        server.wait(2)
        client.close()
        assert all(line == "POST /api/1/envelope/" for line, _ in server.requests)
        assert server.connections == 1


def test_pygithub() -> None:
    from github import Auth, Github, UnknownObjectException

    with serving({"GET /users/ann": {"login": "ann", "name": "Ann", "id": 1}}) as server:
        hub = Github(auth=Auth.Token("secret"), base_url=server.url, retry=None, seconds_between_requests=None)
        for _ in range(3):
            assert hub.get_user("ann").name == "Ann"
        with pytest.raises(UnknownObjectException):
            hub.get_user("nobody")
        hub.close()
        assert server.connections == 1
        assert server.heads[0]["Authorization"] == "token secret"


def test_hvac() -> None:
    import hvac

    secret = {"data": {"data": {"password": "x"}, "metadata": {"version": 1}}}
    with serving({"GET /v1/secret/data/app": secret}) as server:
        client = hvac.Client(url=server.url, token="t")
        for _ in range(3):
            read = client.secrets.kv.v2.read_secret_version("app", raise_on_deleted_version=True)
            assert read["data"]["data"] == {"password": "x"}
        with pytest.raises(hvac.exceptions.InvalidPath):
            client.secrets.kv.v2.read_secret_version("other", raise_on_deleted_version=True)
        assert server.connections == 1
        assert server.heads[0]["X-Vault-Token"] == "t"
