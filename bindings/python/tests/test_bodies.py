"""Bodies: what can be sent, and how streamed responses are read, on the calling thread."""

from __future__ import annotations

import array
import asyncio
import email
import io
import tempfile
from collections import deque
from pathlib import Path

import pytest
import trio

import libkeepalive
from helpers import echoed


@pytest.mark.parametrize(
    ("content", "sent"),
    [
        ("text ü", "text ü".encode()),
        (b"bytes", b"bytes"),
        (b"x" * 100_000, b"x" * 100_000),
        (bytearray(b"array"), b"array"),
        (memoryview(b"view")[1:], b"iew"),
        (memoryview(b"abcdef")[::2], b"ace"),
        (array.array("I", [1, 2]), array.array("I", [1, 2]).tobytes()),
        (b"", b""),
    ],
)
def test_buffers_are_sent_whole(client, origin, content, sent):
    body, headers = echoed(client, origin, content=content)
    assert body == sent
    assert headers["content-length"] == str(len(sent)) and "transfer-encoding" not in headers
    assert echoed(client, origin, data=content)[0] == sent


def test_iterables_are_sent_chunked(client, origin):
    def generator():
        yield b"one"
        yield b""
        yield bytearray(b"two")

    for content in (generator(), deque([b"one", b"two"]), iter((b"one", b"two"))):
        body, headers = echoed(client, origin, content=content)
        assert body == b"onetwo"
        assert headers["transfer-encoding"] == "chunked" and "content-length" not in headers


@pytest.mark.parametrize("content", [[b"one", bytearray(b"two")], (b"one", b"", b"two")])
def test_lists_and_tuples_are_sent_with_their_length(client, origin, content):
    body, headers = echoed(client, origin, content=content)
    assert body == b"onetwo"
    assert headers["content-length"] == "6" and "transfer-encoding" not in headers
    assert echoed(client, origin, content=[])[1]["content-length"] == "0"


def test_an_iterable_with_a_known_length_is_sent_with_it(client, origin):
    body, headers = echoed(
        client, origin, content=iter([b"ab", b"c"]), headers={"Content-Length": "3"}
    )
    assert body == b"abc" and headers["content-length"] == "3"
    with pytest.raises(libkeepalive.LocalProtocolError) as raised:
        echoed(client, origin, content=iter([b"ab"]), headers={"Content-Length": "3"})
    assert raised.value.kind == "BodyLengthMismatch"


def test_files_are_streamed_with_their_length(client, origin):
    with tempfile.TemporaryFile() as file:
        file.write(b"0123456789" * 30_000)
        file.seek(5)
        response = client.post(origin.http + "/upload-count", content=file)
        assert response.text.strip() == "299995"
    body, headers = echoed(client, origin, content=io.BytesIO(b"abc"))
    assert body == b"abc" and headers["content-length"] == "3"

    class Unseekable:
        def __init__(self) -> None:
            self.pieces = [b"a", b"b"]

        def read(self, size: int) -> bytes:
            return self.pieces.pop(0) if self.pieces else b""

    body, headers = echoed(client, origin, content=Unseekable())
    assert body == b"ab" and headers["transfer-encoding"] == "chunked"


def test_a_text_file_is_refused(client, origin):
    with pytest.raises(TypeError, match="content: expected pieces of bytes, got str"):
        client.post(origin.http + "/echo", content=io.StringIO("text"))
    with pytest.raises(TypeError, match="content: expected pieces of bytes, got int"):
        client.post(origin.http + "/echo", content=[1, 2])


def test_the_source_s_own_exception_comes_through(client, origin):
    class Mine(Exception):
        pass

    def generator():
        yield b"x"
        raise Mine("broken")

    with pytest.raises(Mine, match="broken"):
        client.post(origin.http + "/echo", content=generator())
    assert client.stats().active == 0
    assert client.get(origin.http + "/ok").text == "ok"


def test_an_async_iterable_needs_the_async_client(client, origin):
    async def generator():
        yield b""

    with pytest.raises(TypeError, match="AsyncClient"):
        client.post(origin.http + "/echo", content=generator())


def test_a_file_is_sent_again_after_a_redirect(client, origin):
    response = client.post(
        origin.http + "/redirect/307?to=/echo-body",
        content=io.BytesIO(b"again"),
        follow_redirects=True,
    )
    assert response.content == b"again"
    response = client.post(
        origin.http + "/redirect/307?to=/echo-body", content=[b"li", b"st"], follow_redirects=True
    )
    assert response.content == b"list"


def test_a_request_is_replayed_with_its_body(client, origin):
    client.get(origin.http + "/ok")
    path = "/flaky?key=python-bodies&times=1&how=fin"
    response = client.put(origin.http + path, content=io.BytesIO(b"again"))
    assert (response.text, response.info.replays) == ("ok", 1)


def test_forms_and_json(client, origin):
    body, headers = echoed(client, origin, data={"a": "1 2", "b": ["x", "y"], "c": 3})
    assert body == b"a=1+2&b=x&b=y&c=3"
    assert headers["content-type"] == "application/x-www-form-urlencoded"
    body, headers = echoed(client, origin, json={"ü": [1, None, True]})
    assert body == '{"ü":[1,null,true]}'.encode() and headers["content-type"] == "application/json"
    _, headers = echoed(client, origin, json=1, headers={"Content-Type": "application/x+json"})
    assert headers["content-type"] == "application/x+json"


def test_files_are_sent_as_multipart(client, origin, tmp_path: Path):
    path = tmp_path / "a.txt"
    path.write_text("from a file")
    with path.open("rb") as file:
        body, headers = echoed(
            client,
            origin,
            data={"field": "value"},
            files={"f": file, "g": ('q".bin', b"\x00\xff"), "h": ("h", "text", "text/html")},
        )
    message = email.message_from_bytes(
        b"Content-Type: " + headers["content-type"].encode() + b"\r\n\r\n" + body
    )
    parts = [
        (part["Content-Disposition"], part.get_payload(decode=True))
        for part in message.get_payload()
    ]
    assert parts == [
        ('form-data; name="field"', b"value"),
        ('form-data; name="f"; filename="a.txt"', b"from a file"),
        ('form-data; name="g"; filename="q%22.bin"', b"\x00\xff"),
        ('form-data; name="h"; filename="h"', b"text"),
    ]
    assert [part.get_content_type() for part in message.get_payload()][1:] == [
        "text/plain",
        "application/octet-stream",
        "text/html",
    ]


def test_a_streamed_response_is_read_on_demand(client, origin):
    expected = client.get(origin.http + "/bytes/200000").content
    with client.stream("GET", origin.http + "/bytes/200000") as response:
        assert response.status_code == 200 and not response.is_closed
        with pytest.raises(libkeepalive.ResponseNotRead, match="read()"):
            response.content  # noqa: B018
        pieces = list(response.iter_bytes())
        assert b"".join(pieces) == expected and response.is_closed
        with pytest.raises(libkeepalive.StreamConsumed):
            response.iter_bytes()
        with pytest.raises(libkeepalive.StreamConsumed):
            response.read()
    assert client.get(origin.http + "/ok").info.reused


def test_pieces_of_a_given_size(client, origin):
    for path in ("/bytes/100", "/chunked/100?chunk=7"):
        with client.stream("GET", origin.http + path) as response:
            assert [len(piece) for piece in response.iter_bytes(30)] == [30, 30, 30, 10]
    with pytest.raises(ValueError, match="chunk_size"):
        client.get(origin.http + "/ok").iter_bytes(0)


def test_read_makes_content_available(client, origin):
    with client.stream("GET", origin.http + "/json") as response:
        assert response.read() == response.content
        assert response.json()["id"] == 12345
        assert list(response.iter_text()) == [response.text]
    assert response.read() == response.content


def test_a_response_closed_early_says_so(client, origin):
    with client.stream("GET", origin.http + "/bytes/50000000") as response:
        pieces = response.iter_bytes()
        assert next(pieces)
    assert response.is_closed
    with pytest.raises(libkeepalive.StreamClosed):
        next(pieces)
    with client.stream("GET", origin.http + "/bytes/50000000") as response:
        response.close()
        with pytest.raises(libkeepalive.StreamClosed):
            response.read()
    with pytest.raises(libkeepalive.InvalidState):
        stream = client.stream("GET", origin.http + "/ok")
        with stream, stream:
            pass


def test_text_and_lines_are_decoded_over_cuts(client, origin):
    text = "één\r\ntwo\nthree\r\rlast ü"
    for encoding in ("utf-8", "utf-16"):
        media = {"Content-Type": f"text/plain; charset={encoding}"}

        def stream(how: str, *arguments: int, body: bytes = text.encode(encoding)) -> list[str]:
            with client.stream(
                "POST", origin.http + "/echo-body", content=body, headers=media
            ) as got:
                return list(getattr(got, how)(*arguments))

        assert "".join(stream("iter_text", 1)) == text
        assert stream("iter_lines") == ["één", "two", "three", "", "last ü"]


LINES = "a\r\nb\n\nc\rd\r\n\r\ne\u2028f\x0bg\x0ch\x1ci\x1dj\x1ek\x85l\u2029m"
#: At CR, LF and CR LF only.
SPLIT = ["a", "b", "", "c", "d", "", "e\u2028f\x0bg\x0ch\x1ci\x1dj\x1ek\x85l\u2029m"]


def test_lines_cut_anywhere_are_the_same_lines():
    from libkeepalive import _pieces

    for size in range(1, len(LINES) + 1):
        parts = [LINES[at : at + size] for at in range(0, len(LINES), size)]
        assert list(_pieces.lines(parts)) == SPLIT, size
    for ended in ("x\n", "x\r", "x\r\n"):
        assert list(_pieces.lines([ended])) == ["x"] == list(_pieces.lines(list(ended)))
    assert list(_pieces.lines([])) == [] and list(_pieces.lines(["\r", "\n\n"])) == ["", ""]


def test_a_line_is_given_when_it_has_ended():
    """A server that sends events ends lines with CR LF, and then nothing for a while."""
    from libkeepalive import _pieces

    parts = iter(["one\r", "\ntwo\r\n", "three"])
    lines = _pieces.lines(parts)
    assert next(lines) == "one" and next(parts) == "\ntwo\r\n"
    assert list(lines) == ["three"]


def test_lines_of_a_response(client, origin):
    async def read() -> list[str]:
        url = origin.http + "/echo-body"
        async with client.aio.stream("POST", url, content=LINES) as response:
            return [line async for line in response.aiter_lines()]

    with client.stream("POST", origin.http + "/echo-body", content=LINES) as response:
        assert list(response.iter_lines()) == SPLIT
    whole = client.post(origin.http + "/echo-body", content=LINES)
    assert list(whole.iter_lines()) == SPLIT
    assert asyncio.run(read()) == SPLIT == trio.run(read)


@pytest.mark.parametrize("charset", ["hex", "base64", "idna", "nonsense", "undefined", "x\u00fc"])
def test_a_charset_that_is_none_is_read_as_utf_8(client, origin, charset):
    headers = {"Content-Type": f"text/plain; charset={charset}"}
    arguments = {"content": "ü\n", "headers": headers}
    response = client.post(origin.http + "/echo-body", **arguments)
    assert response.text == "ü\n"
    with client.stream("POST", origin.http + "/echo-body", **arguments) as response:
        assert list(response.iter_lines()) == ["ü"]


def test_a_broken_body_fails_while_it_is_read(client, origin):
    timeout = libkeepalive.Timeout(20, read=0.1)
    with client.stream("GET", origin.http + "/stall-body?n=10&sent=4", timeout=timeout) as response:
        received = b""
        with pytest.raises(libkeepalive.ReadTimeout) as raised:
            for piece in response.iter_bytes():
                received += piece
    assert len(received) == 4 and raised.value.phase == "body"
    assert raised.value.request == ("GET", response.url)


def test_an_early_answer_stops_the_upload(client, origin):
    pulled = 0

    def endless():
        nonlocal pulled
        while True:
            pulled += 1
            yield b"x" * 65536

    response = client.post(origin.http + "/early?status=413", content=endless())
    assert response.status_code == 413 and pulled < 10_000


def test_a_module_level_stream(origin):
    with libkeepalive.stream("GET", origin.http + "/json") as response:
        assert response.read()
