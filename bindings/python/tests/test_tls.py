"""Trust as Python spells it: ``verify``, ``cert``, and what an ``ssl.SSLContext`` says."""

from __future__ import annotations

import os
import ssl
import warnings
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from helpers import printed

import libkeepalive


def unverified(verify: Any = False) -> libkeepalive.Client:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", libkeepalive.InsecureWarning)
        return libkeepalive.Client(verify=verify)


def refuses(client: libkeepalive.Client, url: str, kind: str = "CertificateRejected") -> None:
    with pytest.raises(libkeepalive.ConnectError) as raised:
        client.get(url + "/ok")
    assert raised.value.kind == kind, str(raised.value)


def seen(client: libkeepalive.Client, base: str) -> dict[str, Any]:
    return client.get(base + "/echo").json()["tls"]


def test_a_path_is_trusted_instead_of_the_system(origin, tmp_path: Path):
    (tmp_path / "ca.pem").write_bytes(Path(origin.ca_file).read_bytes())
    for verify in [origin.ca_file, Path(origin.ca_file), tmp_path, str(tmp_path)]:
        with libkeepalive.Client(verify=verify) as client:
            assert client.get(origin.https + "/ok").text == "ok"
            refuses(client, origin.endpoints["untrusted"])
    program = """
        import libkeepalive, os, sys
        system, own, ca = sys.argv[1:]
        both, alone = libkeepalive.Client(ca_file=ca), libkeepalive.Client(verify=ca)
        print(both.get(system).status_code, both.get(own).status_code, alone.get(own).status_code)
        try:
            print(alone.get(system))
        except libkeepalive.ConnectError as error:
            print(error.kind)
    """
    other = tmp_path / "other"
    other.mkdir()
    with own_server(other) as own:
        before = os.environ.get("SSL_CERT_FILE")
        os.environ["SSL_CERT_FILE"] = origin.ca_file
        try:
            text = printed(program, origin.https + "/ok", own + "/ok", str(other / "ca.pem"))
        finally:
            os.environ.pop("SSL_CERT_FILE")
            if before is not None:
                os.environ["SSL_CERT_FILE"] = before
    assert text.split() == ["200", "200", "200", "CertificateRejected"]


class own_server:
    """Another origin, whose authority is another one."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def __enter__(self) -> str:
        import json
        import subprocess

        from conftest import ROOT

        binary = os.environ.get("KEEPALIVE_ORIGIN", str(ROOT / "target/debug/keepalive-origin"))
        command = [binary, "--dir", str(self.directory)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.process.stdout
        return json.loads(self.process.stdout.readline())["https"]

    def __exit__(self, *_: object) -> None:
        self.process.communicate()


def test_without_verification_it_works_and_warns_once(origin):
    with unverified() as client:
        for name in ("https", "wrong_host", "expired", "untrusted"):
            assert client.get(origin.endpoints[name] + "/ok").text == "ok"
    program = """
        import warnings, libkeepalive
        for _ in range(2):
            try:
                libkeepalive.Client(verify=False)
            except libkeepalive.InsecureWarning:
                print("raised")
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            libkeepalive.Client(tls_verify=False), libkeepalive.AsyncClient(verify=False)
        print(*[(w.category.__name__, w.filename) for w in seen])
    """
    assert printed(program) == "raised\nraised\n('InsecureWarning', '<string>')\n"


def test_certificates_of_the_client(origin, tmp_path: Path):
    files = [origin.endpoints["client_cert_file"], origin.endpoints["client_key_file"]]
    joined = tmp_path / "both.pem"
    joined.write_bytes(b"".join(Path(file).read_bytes() for file in files))
    forms: list[Any] = [joined, str(joined), tuple(files), (*files, None), (joined, None)]
    forms.append((*files, "a password that no key needs"))
    for cert in forms:
        with libkeepalive.Client(verify=origin.ca_file, cert=cert) as client:
            assert seen(client, origin.endpoints["mtls"])["client_certificate"] is True


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"verify": 1}, TypeError, "verify: expected True, False, a path or an ssl.SSLContext"),
        ({"verify": "/no/such"}, libkeepalive.InvalidArgument, "ca_file: /no/such: No such file"),
        ({"verify": False, "tls_verify": True}, libkeepalive.InvalidArgument, "verify: tls_verify"),
        ({"verify": "x", "ca_file": "y"}, libkeepalive.InvalidArgument, "verify: ca_file is given"),
        ({"cert": 1}, TypeError, "cert: expected a path or a tuple"),
        ({"cert": ("a",)}, TypeError, "cert: expected a path or a tuple"),
        ({"cert": ("a", 1)}, TypeError, r"cert\[1\]: expected str"),
        ({"cert": "/no"}, libkeepalive.InvalidArgument, "client_cert_file: /no: No such file"),
        ({"cert": "a", "client_key_file": "b"}, libkeepalive.InvalidArgument, "cert: client_key_file"),
        ({"tls_min_version": "1.4"}, libkeepalive.InvalidArgument, 'expected "1.2" or "1.3"'),
        ({"tls_pins": "x"}, libkeepalive.InvalidArgument, "tls_pins: \"x\" is no pin"),
    ],
)
def test_what_is_wrong_is_named(options: dict[str, Any], error: type, text: str):
    with pytest.raises(error, match=text):
        libkeepalive.Client(**options)


def test_a_context_is_taken_over(origin, tmp_path: Path):
    endpoints = origin.endpoints
    context = ssl.create_default_context(cafile=origin.ca_file)
    with libkeepalive.Client(verify=context) as client:
        assert seen(client, origin.https)["version"] == "TLSv1_3"
        for name in ("wrong_host", "expired", "untrusted"):
            refuses(client, endpoints[name])
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    with libkeepalive.Client(verify=context) as client:
        refuses(client, endpoints["tls12"], "TlsHandshakeFailed")
    context = ssl.create_default_context(cafile=origin.ca_file)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.keylog_filename = str(tmp_path / "keys.log")
    with libkeepalive.Client(verify=context) as client:
        assert seen(client, origin.https)["version"] == "TLSv1_2"
        assert "CLIENT_RANDOM " in (tmp_path / "keys.log").read_text()
    context = ssl.create_default_context(cafile=origin.ca_file)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.options |= ssl.OP_NO_TLSv1_3
    context.check_hostname = False
    with libkeepalive.Client(verify=context) as client:
        assert seen(client, endpoints["wrong_host"])["version"] == "TLSv1_2"
        refuses(client, endpoints["untrusted"])
    context.verify_mode = ssl.CERT_NONE
    with unverified(context) as client:
        assert client.get(endpoints["untrusted"] + "/ok").text == "ok"


def test_a_response_tells_of_its_tls(client, origin):
    assert client.get(origin.http + "/ok").info.tls is None
    response = client.get(origin.endpoints["tls12"] + "/ok")
    tls = response.info.tls
    assert tls is not None and tls.certificate is not None
    assert (tls.version, tls.cipher) == ("TLSv1.2", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384")
    assert (tls.alpn, tls.resumed, tls.early) == ("http/1.1", False, False)
    pem = Path(origin.endpoints["server_cert_file"]).read_text()
    assert tls.chain == [ssl.PEM_cert_to_DER_cert(pem)]
    said = tls.certificate
    assert (said.subject, said.issuer) == ("CN=localhost", "CN=keepalive-origin test CA")
    assert said.names == ["localhost", "127.0.0.1", "::1"]
    assert said.not_before == datetime(1975, 1, 1, tzinfo=UTC) < said.not_after
    assert "TlsInfo(version='TLSv1.2'" in repr(response.info) and "names=" in repr(tls)
    client.get(origin.https + "/ok")
    with libkeepalive.Client(ca_file=origin.ca_file, tls_pins=said.pin) as pinned:
        assert pinned.get(origin.https + "/ok").info.tls.group is not None


def test_certificates_are_believed_as_webpki_does(origin):
    cases = origin.ask("/_certificates")
    assert len(cases) > 30
    resolve = [f"{case['host']}:{case['url'].split(':')[-1][:-3]}:127.0.0.1" for case in cases]
    wrong = []
    with libkeepalive.Client(verify=origin.ca_file, resolve=" ".join(resolve)) as client:
        for case in cases:
            try:
                accepted = client.get(case["url"]).text == "ok"
            except libkeepalive.ConnectError as error:
                accepted = error.kind != "CertificateRejected"
            if accepted != case["accepted"]:
                wrong.append(case["name"])
    assert wrong == []


def test_a_context_without_authorities_of_its_own_has_the_system_s(origin):
    for context in [ssl.create_default_context(), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)]:
        with libkeepalive.Client(verify=context) as client:
            refuses(client, origin.https)


def test_what_of_a_context_cannot_be_taken_over_is_said():
    def changed(change: Any, protocol: int = ssl.PROTOCOL_TLS_CLIENT) -> ssl.SSLContext:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context = ssl.SSLContext(protocol)
            change(context)
        return context

    def old(context: ssl.SSLContext) -> None:
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1

    def crl(context: ssl.SSLContext) -> None:
        context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF

    def named(context: ssl.SSLContext) -> None:
        context.sni_callback = lambda *_: None

    for context, part in [
        (changed(lambda _: None, ssl.PROTOCOL_TLS_SERVER), "for servers"),
        (changed(named, ssl.PROTOCOL_TLS), "sni_callback"),
        (changed(crl), "verify_flags"),
        (changed(lambda context: context.set_ciphers("ECDHE-RSA-AES128-GCM-SHA256")), "ciphers"),
        (changed(old), "neither TLS 1.2 nor 1.3"),
    ]:
        with pytest.raises(libkeepalive.InvalidArgument, match=f"^verify: .*{part}"):
            libkeepalive.Client(verify=context)
    with pytest.raises(libkeepalive.InvalidArgument, match="verify: ca_file is given too"):
        libkeepalive.Client(verify=ssl.create_default_context(), ca_file="x")
