"""Forms with files: streamed from where they are, framed as the caller asked."""

from __future__ import annotations

import asyncio
import email
import email.message
import io
import re
import tempfile
from pathlib import Path
from typing import Any

import pytest
import trio

import libkeepalive
from helpers import PEAK, echoed, printed


def parts(body: bytes, headers: dict[str, str]) -> list[email.message.Message]:
    whole = b"Content-Type: " + headers["content-type"].encode() + b"\r\n\r\n" + body
    message = email.message_from_bytes(whole)
    assert message.is_multipart() and not message.defects
    return message.get_payload()  # type: ignore[return-value]


def test_plain_fields_carry_no_content_type(client, origin):
    body, headers = echoed(
        client,
        origin,
        data={"a": 1, "b": ["x", None], "c": b"\xff"},
        files=[("f", (None, "value")), ("g", b"file"), ("h", ("", b"unnamed"))],
    )
    found = [
        (part["Content-Disposition"], part["Content-Type"], part.get_payload(decode=True))
        for part in parts(body, headers)
    ]
    assert found == [
        ('form-data; name="a"', None, b"1"),
        ('form-data; name="b"', None, b"x"),
        ('form-data; name="b"', None, b""),
        ('form-data; name="c"', None, b"\xff"),
        ('form-data; name="f"', None, b"value"),
        ('form-data; name="g"; filename="upload"', "application/octet-stream", b"file"),
        ('form-data; name="h"; filename=""', None, b"unnamed"),
    ]
    assert headers["content-length"] == str(len(body))


def test_a_part_has_the_headers_it_is_given(client, origin):
    files = {
        "a": ("a.txt", b"1", "text/x-mine", {"X-Part": "one", "Content-ID": "<1>"}),
        "b": ("b.txt", io.BytesIO(b"2"), None, [("X-Part", "ü")]),
        "c": ("c.txt", "3", "text/plain", {"Content-Type": "text/html"}),
        "d": ["d.bin", b"4"],
    }
    body, headers = echoed(client, origin, files=files)
    a, b, c, d = parts(body, headers)
    assert (a["X-Part"], a["Content-ID"], a["Content-Type"]) == ("one", "<1>", "text/x-mine")
    assert b["Content-Type"] == "text/plain" and "X-Part: ü".encode() in body
    assert c.get_all("Content-Type") == ["text/html"]
    assert d["Content-Type"] == "application/octet-stream"


@pytest.mark.parametrize(
    ("given", "boundary"),
    [
        ("multipart/form-data; boundary=mine", "mine"),
        ('multipart/form-data; boundary="with space"', "with space"),
        ("Multipart/Related; type=x; BOUNDARY=mine", "mine"),
    ],
)
def test_the_caller_s_boundary_is_used(client, origin, given, boundary):
    for value in (given, given.encode()):
        body, headers = echoed(client, origin, headers={"content-type": value}, files={"a": b"1"})
        assert headers["content-type"] == given
        assert body.startswith(f"--{boundary}\r\n".encode())
        assert body.endswith(f"\r\n--{boundary}--\r\n".encode())


def test_a_type_without_a_boundary_gets_one(client, origin):
    given = {"Content-Type": "multipart/form-data; charset=utf-8"}
    body, headers = echoed(client, origin, headers=given, files={"a": b"1"})
    assert re.fullmatch(r"multipart/form-data; charset=utf-8; boundary=\w+", headers["content-type"])
    assert len(parts(body, headers)) == 1
    with libkeepalive.Client(headers={"Content-Type": "application/json"}) as other:
        body, headers = echoed(other, origin, files={"a": b"1"})
        assert headers["content-type"].startswith("multipart/form-data; boundary=")
        assert echoed(other, origin, json=1)[1]["content-type"] == "application/json"


def test_no_files_are_no_multipart(client, origin):
    for files in ({}, [], None, ()):
        body, headers = echoed(client, origin, data={"a": 1}, files=files)
        assert body == b"a=1"
        assert headers["content-type"] == "application/x-www-form-urlencoded"
        body, headers = echoed(client, origin, files=files)
        assert body == b"" and "content-type" not in headers
        given = {"Content-Type": "text/csv"}
        assert echoed(client, origin, content=b"x", files=files, headers=given)[1][
            "content-type"
        ] == "text/csv"


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"files": {"f": open}}, TypeError, r"files\['f'\]: expected bytes, str or a binary file"),
        ({"files": {"f": io.StringIO("x")}}, TypeError, r"files\['f'\]: .*binary mode"),
        ({"files": {"f": ("a", "b", "c", {}, 1)}}, TypeError, r"files\['f'\]: .*got 5 values"),
        ({"files": {"f": (1, b"")}}, TypeError, r"files\['f'\]: expected the name"),
        ({"files": {"f": ("n", b"", 1)}}, TypeError, r"files\['f'\]: expected the media type"),
        ({"files": {"f": ("n", b"", "a\r\nb")}}, ValueError, r"files\['f'\]: line break"),
        ({"files": {"f": ("n", b"", None, {"a b": "c"})}}, ValueError, "name of a header field"),
        ({"files": {"f": ("n", b"", None, {"a": "b\nc"})}}, ValueError, "line break"),
        ({"files": {"f": ("n", b"", None, {"a": 1})}}, TypeError, "expected header values"),
        ({"files": {"f": ("n", b"", None, 1)}}, TypeError, "expected headers as a"),
        ({"files": {1: b""}}, TypeError, "files: expected a field name as str"),
        ({"files": 1}, TypeError, "files: expected a mapping"),
        (
            {"files": {"f": b""}, "headers": {"Content-Type": "application/json"}},
            ValueError,
            "application/json; expected multipart/form-data",
        ),
        (
            {"files": {"f": b""}, "headers": {"Content-Type": "multipart/x; boundary=é"}},
            ValueError,
            "RFC 2046",
        ),
        (
            {
                "files": {"f": b""},
                "headers": {"Content-Type": "multipart/x; boundary=" + "b" * 71},
            },
            ValueError,
            "1 to 70",
        ),
        ({"files": {"f": b""}, "data": "text"}, TypeError, "data: expected a mapping"),
    ],
)
def test_what_is_wrong_is_named(client, origin, arguments, error, text):
    with pytest.raises(error, match=text):
        client.post(origin.http + "/echo", **arguments)


def test_names_cannot_end_their_field(client, origin):
    body, headers = echoed(
        client, origin, data={'a"\r\nX: y': 1}, files={"f": ('n"\r\nX: y.txt', b"")}
    )
    first, second = parts(body, headers)
    assert first["Content-Disposition"] == 'form-data; name="a%22%0D%0AX: y"'
    assert second["Content-Disposition"].endswith('filename="n%22%0D%0AX: y.txt"')
    assert first["X"] is second["X"] is None
    body, headers = echoed(client, origin, data={"a\n": "1\n"}, files={"\r": ("b\n", b"\n")})
    first, second = parts(body, headers)
    assert first["Content-Disposition"] == 'form-data; name="a%0D%0A"'
    assert second["Content-Disposition"] == 'form-data; name="%0D%0A"; filename="b%0A"'
    assert [part.get_payload(decode=True) for part in (first, second)] == [b"1\n", b"\n"]


class Once:
    """A file that is neither sought nor as long as anybody knows."""

    def __init__(self) -> None:
        self.pieces = [b"x"]

    def read(self, _: int) -> bytes:
        return self.pieces.pop() if self.pieces else b""


def test_a_form_is_sent_again_when_its_files_can_be(client, origin, tmp_path: Path):
    async def asynchronous(files: Any) -> bytes:
        response = await client.aio.post(url, files=files, follow_redirects=True)
        return response.content

    url = origin.http + "/redirect/307?to=/echo-body"
    path = tmp_path / "file.txt"
    path.write_bytes(b"skipped, and sent " * 30_000)
    for run in (
        lambda files: client.post(url, files=files, follow_redirects=True).content,
        lambda files: asyncio.run(asynchronous(files)),
        lambda files: trio.run(asynchronous, files),
    ):
        with path.open("rb") as file:
            file.seek(9)
            # One file twice: each part is the whole of it.
            body = run([("a", file), ("b", ("other", file)), ("c", b"bytes")])
            assert body.count(path.read_bytes()[9:]) == 2 and b"bytes" in body
        with pytest.raises(libkeepalive.RemoteProtocolError, match="again"):
            run({"f": Once()})
    body, headers = echoed(client, origin, files={"f": Once()})
    assert headers["transfer-encoding"] == "chunked" and len(parts(body, headers)) == 1


SCRIPT = """
import asyncio, sys
import libkeepalive
way, url, path = sys.argv[1:]

async def post(file, aio):
    return await aio.post(url, files={"f": file})

with libkeepalive.Client(total_timeout=120) as client, open(path, "rb") as file:
    warm = (lambda: client.post(url, files={"f": b"x"})) if way == "blocking" else (
        lambda: asyncio.run(post(b"x", client.aio)))
    warm()
    if way == "trio":
        import trio
        trio.run(post, b"x", client.aio)
    before = peak()
    if way == "blocking":
        response = client.post(url, files={"f": file})
    elif way == "asyncio":
        response = asyncio.run(post(file, client.aio))
    else:
        response = trio.run(post, file, client.aio)
    print(int(response.text), peak() - before)
"""


@pytest.mark.parametrize("way", ["blocking", "asyncio", "trio"])
def test_a_large_file_is_streamed_from_disk(origin, way):
    size = 200_000_000
    with tempfile.NamedTemporaryFile() as file:
        file.truncate(size)
        out = printed(SCRIPT, way, origin.http + "/upload-count", file.name, before=PEAK)
    sent, memory = map(int, out.split())
    assert size < sent < size + 1000
    assert memory < 20_000_000
