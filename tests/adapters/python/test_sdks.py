"""The adapters of SDKs that take a transport of one's own: the real SDKs against a scripted server."""

from __future__ import annotations

import gzip
import json
import ssl
import subprocess
import sys
from typing import Any

import anyio
import pytest
from scripted import Answer, Seen, Server, as_json, serving

import libkeepalive.elastic
import libkeepalive.google_auth
import libkeepalive.opensearch
import libkeepalive.stripe

NOBODY = "http://127.0.0.1:1"

both_loops = pytest.mark.parametrize("loop", ["asyncio", "trio"])


# stripe


def stripe_script(seen: Seen) -> Answer:
    if seen.target == "/v1/customers/cus_2":
        error = {"error": {"message": "none", "type": "invalid_request_error"}}
        return as_json(error, 404, **{"Request-Id": "req_2"})
    if seen.target.startswith("/v1/quotes"):
        return Answer(iter([b"%PDF", b"-1.7"]), headers={"Content-Type": "application/pdf"})
    return as_json({"id": "cus_1", "object": "customer", "email": "a@b"}, **{"Request-Id": "req_1"})


def stripe_client(url: str, **options: Any) -> Any:
    import stripe

    client = libkeepalive.stripe.HTTPClient(**options)
    bases = {"api": url, "files": url}
    return stripe.StripeClient("sk_test", http_client=client, base_addresses=bases)


def test_stripe() -> None:
    import stripe

    with serving(stripe_script) as server:
        client = stripe_client(server.url)
        created = client.v1.customers.create({"email": "a@b"})
        assert created.id == "cus_1" and created.last_response.request_id == "req_1"
        assert server.seen[0].body == b"email=a%40b"
        with pytest.raises(stripe.InvalidRequestError):
            client.v1.customers.retrieve("cus_2")
        assert client.v1.quotes.pdf("qt_1").io.read() == b"%PDF-1.7"
        assert client.v1.customers.retrieve("cus_1").email == "a@b"
        assert server.connections == 1


@both_loops
def test_stripe_on_a_loop(loop: str) -> None:
    async def work(server: Server) -> None:
        client = stripe_client(server.url)
        assert (await client.v1.customers.create_async({"email": "a@b"})).id == "cus_1"
        pdf = await client.v1.quotes.pdf_async("qt_1")
        assert await pdf.read_async() == b"%PDF-1.7"

    with serving(stripe_script) as server:
        anyio.run(work, server, backend=loop)


def test_errors_of_stripe(silent: str) -> None:
    import stripe

    with pytest.raises(stripe.APIConnectionError, match="ConnectError") as caught:
        stripe_client(NOBODY).v1.customers.retrieve("cus_1", options={"max_network_retries": 0})
    assert caught.value.should_retry
    with pytest.raises(stripe.APIConnectionError, match="ReadTimeout") as caught:
        client = stripe_client(silent, timeout=0.05)
        client.v1.customers.retrieve("cus_1", options={"max_network_retries": 0})
    assert caught.value.should_retry


# google-auth


def test_google_auth(silent: str) -> None:
    from google.auth import exceptions
    from google.oauth2 import credentials

    def script(seen: Seen) -> Answer:
        if seen.target == "/moved":
            return Answer(status=307, headers={"Location": "/token"})
        assert b"refresh_token=r" in seen.body
        return as_json({"access_token": "t", "expires_in": 3600})

    with serving(script) as server:
        for path in ("/token", "/moved"):
            held = credentials.Credentials(
                None, refresh_token="r", token_uri=server.url + path, client_id="i",
                client_secret="s",
            )  # fmt: skip
            held.refresh(libkeepalive.google_auth.Request())
            assert held.token == "t"
        assert server.connections == 1
    request = libkeepalive.google_auth.Request()
    with pytest.raises(exceptions.TransportError):
        request(NOBODY)
    with pytest.raises(exceptions.TransportError):
        request(silent, timeout=0.05)
    # As google-auth's own: a file that is not there is no failure of the transport.
    for given in ({"verify": "/nowhere.pem"}, {"cert": ("/nowhere.pem", "/nowhere.key")}):
        with pytest.raises(FileNotFoundError, match="nowhere"):
            request(NOBODY, **given)


# elasticsearch 9


def elastic_script(seen: Seen) -> Answer:
    fields = {"X-Elastic-Product": "Elasticsearch"}
    if seen.target.startswith("/i/_doc/2"):
        return as_json({"error": "none", "status": 404}, 404, **fields)
    if seen.target == "/i/_search":
        assert seen.headers["accept-encoding"] == "gzip"
        assert b"match_all" in gzip.decompress(seen.body)
        body = b'{"took": 1, "timed_out": false, "hits": {"hits": []}}'
        kind = "application/vnd.elasticsearch+json;compatible-with=9"
        fields |= {"Content-Encoding": "gzip", "Content-Type": kind}
        return Answer(gzip.compress(body), headers=fields)
    return as_json({"result": "created", "_id": "1"}, 201, **fields)


def test_elasticsearch(silent: str) -> None:
    import elastic_transport
    from elasticsearch import Elasticsearch, NotFoundError

    node = libkeepalive.elastic.Node
    with serving(elastic_script) as server:
        client = Elasticsearch(server.url, node_class=node, http_compress=True)
        assert client.index(index="i", id="1", document={"a": "é"})["result"] == "created"
        assert client.search(index="i", query={"match_all": {}})["hits"] == {"hits": []}
        with pytest.raises(NotFoundError):
            client.get(index="i", id="2")
        client.close()
        assert server.connections == 1
    refused = Elasticsearch(NOBODY, node_class=node, max_retries=0)
    with pytest.raises(elastic_transport.ConnectionError) as caught:
        refused.info()
    assert caught.type is elastic_transport.ConnectionError
    late = Elasticsearch(silent, node_class=node, max_retries=0, request_timeout=0.05)
    with pytest.raises(elastic_transport.ConnectionTimeout):
        late.info()


def test_elasticsearch_has_the_version_of_tls_that_it_is_told(origin) -> None:
    from elastic_transport import NodeConfig, TlsError

    def spoken(**options: Any) -> str:
        port = int(origin.endpoints["tls12"].rpartition(":")[2])
        config = NodeConfig("https", "localhost", port, ca_certs=origin.ca_file, **options)
        answer: dict[str, Any] = json.loads(libkeepalive.elastic.Node(config).perform_request("GET", "/echo").body)
        return answer["tls"]["version"]

    for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_2, ssl.PROTOCOL_TLSv1_2, None):
        assert spoken(ssl_version=version) == "TLSv1_2"
    with pytest.raises(TlsError):
        spoken(ssl_version=ssl.TLSVersion.TLSv1_3)
    for version in (0, "TLSv1", object()):
        with pytest.raises(ValueError, match="Unsupported value for 'ssl_version': "):
            spoken(ssl_version=version)
    with pytest.raises(ValueError, match="both 'ssl_assert_hostname'"):
        spoken(ssl_assert_hostname="a", ssl_assert_fingerprint="b")



@both_loops
def test_elasticsearch_on_a_loop(loop: str) -> None:
    import elastic_transport

    async def work(server: Server) -> None:
        config = elastic_transport.NodeConfig("http", "127.0.0.1", int(server.url.split(":")[-1]))
        node = libkeepalive.elastic.AsyncNode(config)
        meta, body = await node.perform_request("GET", "/i/_doc/1?a=b")
        assert (meta.status, meta.http_version) == (201, "1.1") and b"created" in body
        with pytest.raises(elastic_transport.ConnectionError):
            port = elastic_transport.NodeConfig("http", "127.0.0.1", 1)
            await libkeepalive.elastic.AsyncNode(port).perform_request("GET", "/")

    with serving(elastic_script) as server:
        anyio.run(work, server, backend=loop)


def test_tls_of_elasticsearch(origin: Any) -> None:
    import elastic_transport

    def node(**named: Any) -> Any:
        port = int(origin.https.split(":")[-1])
        config = elastic_transport.NodeConfig("https", "localhost", port, **named)
        return libkeepalive.elastic.Node(config)

    assert node(ca_certs=origin.ca_file).perform_request("GET", "/ok").body == b"ok"
    with pytest.raises(elastic_transport.TlsError):
        node().perform_request("GET", "/ok")
    with pytest.warns(elastic_transport.SecurityWarning, match="insecure"):
        trusting = node(verify_certs=False)
    assert trusting.perform_request("GET", "/ok").body == b"ok"


# opensearch


def test_opensearch(silent: str) -> None:
    from opensearchpy import OpenSearch, exceptions

    def script(seen: Seen) -> Answer:
        assert seen.headers["authorization"] == "Basic dTpw"
        if seen.target.startswith("/i/_doc/2"):
            return as_json({"found": False}, 404)
        if seen.target.startswith("/i/_search?"):
            assert gzip.decompress(seen.body) == b'{"query":{"match_all":{}}}'
            return as_json({"hits": {"hits": []}}, Warning='299 OpenSearch-1 "old"')
        return as_json({"result": "created"}, 201)

    connection = libkeepalive.opensearch.Connection
    with serving(script) as server:
        port = int(server.url.split(":")[-1])
        client = OpenSearch(
            [{"host": "127.0.0.1", "port": port}], connection_class=connection,
            http_auth=("u", "p"), http_compress=True,
        )  # fmt: skip
        assert client.index(index="i", body={"a": "é"}, id="1")["result"] == "created"
        with pytest.warns(exceptions.OpenSearchWarning, match="old"):
            found = client.search(index="i", body={"query": {"match_all": {}}}, params={"size": 1})
        assert found["hits"] == {"hits": []}
        with pytest.raises(exceptions.NotFoundError):
            client.get(index="i", id="2")
        assert server.connections == 1
    refused = OpenSearch([NOBODY], connection_class=connection, max_retries=0)
    with pytest.raises(exceptions.ConnectionError) as caught:
        refused.info()
    assert caught.type is exceptions.ConnectionError
    late = OpenSearch([silent], connection_class=connection, max_retries=0, timeout=0.05)
    with pytest.raises(exceptions.ConnectionTimeout):
        late.info()


def test_tls_of_opensearch(origin: Any) -> None:
    from opensearchpy import exceptions

    def connection(**named: Any) -> Any:
        port = int(origin.https.split(":")[-1])
        named = {"host": "localhost", "port": port, "use_ssl": True, **named}
        return libkeepalive.opensearch.Connection(**named)

    assert connection(ca_certs=origin.ca_file).perform_request("GET", "/ok")[2] == "ok"
    with pytest.raises(exceptions.SSLError):
        connection().perform_request("GET", "/ok")
    with pytest.warns(UserWarning, match="insecure"):
        trusting = connection(verify_certs=False)
    assert trusting.perform_request("GET", "/ok")[0] == 200


@pytest.mark.parametrize(
    ("name", "hidden"),
    [
        ("stripe", "stripe"),
        ("google_auth", "google.auth"),
        ("elastic", "elastic_transport"),
        ("opensearch", "opensearchpy"),
    ],
)
def test_without_the_host_it_says_what_to_install(name: str, hidden: str) -> None:
    program = (
        f"import sys; sys.modules[{hidden!r}] = None\n"
        f"try: import libkeepalive.{name}\n"
        "except ImportError as error: print(error)"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert f"pip install 'libkeepalive[{name}]'" in ran.stdout, ran
