"""boto3 and botocore on the engine beside botocore alone, against a scripted server."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import boto3
import botocore.exceptions
import botocore.session
import pytest
import s3
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.httpsession import URLLib3Session

import libkeepalive
import libkeepalive.botocore

SECRETS = {"aws_access_key_id": "id", "aws_secret_access_key": "key", "region_name": "eu-west-1"}


@pytest.fixture
def server() -> Iterator[s3.Server]:
    server = s3.Server()
    yield server
    server.close()


def client(url: str, with_us: bool, **options: Any) -> Any:
    config = Config(
        **{
            "s3": {"addressing_style": "path"},
            "retries": {"total_max_attempts": 1},
            "read_timeout": 0.3,
            "connect_timeout": 0.3,
            **options,
        }
    )
    made = boto3.Session(**SECRETS).client("s3", endpoint_url=url, config=config)
    return libkeepalive.botocore.install(made) if with_us else made


KEYS = ["plain", "a/../b", "./x", "it's", "sp ace", "é+&=?#%2f", "a//b", "trailing/"]


@pytest.mark.parametrize("key", KEYS)
def test_keys_travel_as_they_were_signed(server, key):
    paths = []
    for with_us in (False, True):
        aws = client(server.url, with_us)
        aws.put_object(Bucket="bucket", Key=key, Body=key.encode())
        assert aws.get_object(Bucket="bucket", Key=key)["Body"].read() == key.encode()
        paths.append([request["path"] for request in server.seen])
        server.seen.clear()
    assert paths[0] == paths[1]


def test_the_fields_that_are_sent_are_botocores(server):
    names = []
    for with_us in (False, True):
        aws = client(server.url, with_us)
        aws.put_object(Bucket="bucket", Key="k", Body=b"x")
        aws.put_object(Bucket="bucket", Key="k", Body=io.BytesIO(b"y" * 300_000))
        aws.get_object(Bucket="bucket", Key="k")
        names.append([sorted(name.lower() for name, _ in seen["headers"]) for seen in server.seen])
        server.seen.clear()
    assert names[0] == names[1]


def test_bodies_stream_both_ways(server):
    aws = client(server.url, True)
    data = bytes(range(256)) * 4000
    aws.put_object(Bucket="bucket", Key="k", Body=io.BytesIO(data))
    assert server.objects["/bucket/k"].endswith(data) or len(server.objects["/bucket/k"]) >= len(data)
    server.objects["/bucket/k"] = data
    body = aws.get_object(Bucket="bucket", Key="k")["Body"]
    assert body.read(10) == data[:10]
    assert b"".join(body.iter_chunks(1000)) == data[10:]
    body = aws.get_object(Bucket="bucket", Key="k")["Body"]
    assert b"".join(body.iter_lines(keepends=True)) == data
    with aws.get_object(Bucket="bucket", Key="k")["Body"] as body:
        half = bytearray(1000)
        assert body.readinto(half) == 1000 and half == data[:1000]
    into = io.BytesIO()
    aws.upload_fileobj(io.BytesIO(b"z" * 100_000), "bucket", "up")
    server.objects["/bucket/up"] = b"z" * 100_000
    aws.download_fileobj("bucket", "up", into)
    assert into.getvalue() == b"z" * 100_000


MISHAPS: list[tuple[str, Any, type[Exception]]] = [
    ("get", s3.closes, botocore.exceptions.ConnectionClosedError),
    ("get", s3.no_http, botocore.exceptions.ConnectionClosedError),
    ("get", s3.stalls, botocore.exceptions.ReadTimeoutError),
    ("get", s3.truncates, botocore.exceptions.ResponseStreamingError),
    ("get some", s3.truncates, botocore.exceptions.IncompleteReadError),
    ("get", s3.cuts_chunks, botocore.exceptions.ResponseStreamingError),
    ("get", s3.stalls_in_body, botocore.exceptions.ReadTimeoutError),
    ("get", s3.fails, botocore.exceptions.ClientError),
    ("put", s3.closes, botocore.exceptions.ConnectionClosedError),
    ("put", s3.refuses, botocore.exceptions.ClientError),
]


@pytest.mark.parametrize(("way", "script", "expected"), MISHAPS)
@pytest.mark.parametrize("with_us", [False, True])
def test_a_servers_mishap_has_botocores_class(server, way, script, expected, with_us):
    server.objects["/bucket/k"] = b"data"
    aws = client(server.url, with_us)
    server.scripts.append(script)
    with pytest.raises(expected) as raised:
        if way.startswith("get"):
            body = aws.get_object(Bucket="bucket", Key="k")["Body"]
            while body.read(*([1000] if way == "get some" else [])):
                pass
        else:
            aws.put_object(Bucket="bucket", Key="k", Body=b"x" * 3_000_000)
    if script is s3.refuses:
        assert type(raised.value).__name__ == "AccessDenied"
        assert server.seen[0]["body"] is None  # nobody sent three megabytes to be refused


@pytest.mark.parametrize(
    ("url", "options", "expected"),
    [
        ("http://127.0.0.1:1", {}, "EndpointConnectionError"),
        ("http://no.such.host.invalid", {}, "EndpointConnectionError"),
        ("https://127.0.0.1:{port}", {}, "SSLError"),
        ("http://127.0.0.1:{port}", {"proxies": {"http": "127.0.0.1:1"}}, "ProxyConnectionError"),
    ],
)
@pytest.mark.parametrize("with_us", [False, True])
def test_a_mistake_has_botocores_class(server, url, options, expected, with_us):
    aws = client(url.format(port=server.url.rpartition(":")[2]), with_us, **options)
    with pytest.raises(getattr(botocore.exceptions, expected)) as raised:
        aws.get_object(Bucket="bucket", Key="k")
    assert type(raised.value).__name__ == expected


@pytest.mark.parametrize("with_us", [False, True])
def test_botocore_tries_again_by_itself(server, with_us):
    server.objects["/bucket/k"] = b"data"
    aws = client(server.url, with_us, retries={"total_max_attempts": 3})
    server.scripts += [s3.fails, s3.closes]
    assert aws.get_object(Bucket="bucket", Key="k")["Body"].read() == b"data"
    server.scripts += [s3.fails]
    aws.put_object(Bucket="bucket", Key="f", Body=io.BytesIO(b"again"))
    assert b"again" in server.objects["/bucket/f"]


def test_certificates_are_those_that_botocore_was_told(origin):
    def send(**options: Any) -> int:
        session = libkeepalive.botocore.HTTPSession(**options)
        request = AWSRequest("GET", origin.https + "/ok").prepare()
        return session.send(request).status_code

    with pytest.raises(botocore.exceptions.SSLError):
        send()
    assert send(verify=origin.ca_file) == 200
    assert send(verify=False) == 200


def test_raw_is_what_botocore_has(origin):
    for kind in (URLLib3Session, libkeepalive.botocore.HTTPSession):
        request = AWSRequest("GET", origin.http + "/gzip", stream_output=True).prepare()
        response = kind().send(request)
        assert response.raw.status == 200
        head = response.raw.read(10)
        assert head[:2] == b"\x1f\x8b" and len(head) == 10
        rest = b"".join(response.raw.stream())
        assert len(rest) + 10 == int(response.headers["Content-Length"])
        assert response.raw.read() == b""
        request = AWSRequest("GET", origin.http + "/chunked/3000").prepare()
        assert len(kind().send(request).content) == 3000


def test_sessions_and_threads_share_one_pool(server):
    import threading

    session = libkeepalive.botocore.install(boto3.Session(**SECRETS))
    assert libkeepalive.botocore.install(session) is session
    server.objects["/bucket/k"] = b"data"

    def work() -> None:
        aws = session.client("s3", endpoint_url=server.url)
        for _ in range(5):
            aws.get_object(Bucket="bucket", Key="k")["Body"].read()

    for _ in range(2):
        work()
    assert server.opened == 1
    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert server.opened <= 3
    resource = session.resource("s3", endpoint_url=server.url)
    assert resource.Object("bucket", "k").get()["Body"].read() == b"data"


def test_what_cannot_be_installed_is_named():
    with pytest.raises(TypeError, match="client_or_session: expected a client or session"):
        libkeepalive.botocore.install(object())
    aws = client(
        "http://127.0.0.1:1",
        False,
        proxies={"https": "https://127.0.0.1:2"},
        proxies_config={"proxy_ca_bundle": "/x.pem"},
    )
    with pytest.raises(ValueError, match="proxies_config: proxy_ca_bundle"):
        libkeepalive.botocore.install(aws)


def test_botocores_urllib3_may_be_the_one_before():
    # What 1.26 has at its top is less.
    program = "import urllib3; del urllib3.HTTPHeaderDict; import libkeepalive.botocore"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize("module", ["botocore", "aiobotocore"])
def test_without_the_host_the_extra_is_named(module):
    program = (
        f"import sys; sys.modules[{module!r}] = None\n"
        f"try: import libkeepalive.{module}\n"
        "except ImportError as error: print(error)"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert f"pip install 'libkeepalive[{module}]'" in ran.stdout
