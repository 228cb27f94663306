"""Requests and bodies that are left as the caller has them: targets, fields that are not sent, bodies that
are not decoded."""

from __future__ import annotations

import gzip
from typing import Any

import pytest
import trio

import libkeepalive

TARGET = "/echo?X='a/../b'&sig=%2f%2F=="


def names(echoed: Any) -> list[str]:
    return [name.lower() for name, _ in echoed["headers"]]


@pytest.mark.parametrize(
    "arguments",
    [
        {"raw_target": TARGET},
        {"raw_target": TARGET.encode()},
        {"extensions": {"target": TARGET.encode()}},
    ],
)
def test_a_raw_target_is_sent_byte_for_byte(client, aio, origin, run, arguments):
    url = origin.http + "/ok"
    assert client.get(url, **arguments).json()["target"] == TARGET
    with client.stream("GET", url, **arguments) as response:
        response.read()
        assert response.json()["target"] == TARGET

    async def asynchronous():
        return (await aio.get(url, **arguments)).json()["target"]

    assert run(asynchronous()) == TARGET
    assert trio.run(asynchronous) == TARGET


def test_what_cannot_be_in_a_target_is_named(client, origin):
    url = origin.http + "/ok"
    before = client.stats().opened
    for target, text in [
        (b"/a b", "raw_target: a space at byte 2"),
        ("/é", "raw_target: 0xc3, which is not ASCII at byte 1"),
        (b"/\r\nX: y", "raw_target: a line break at byte 1"),
        (b"", "raw_target: is empty"),
    ]:
        with pytest.raises(libkeepalive.InvalidArgument, match=text):
            client.get(url, raw_target=target)
    with pytest.raises(TypeError, match="raw_target: expected bytes or str"):
        client.get(url, raw_target=7)
    with pytest.raises(TypeError, match="extensions"):
        client.get(url, extensions=b"/")
    with pytest.raises(TypeError, match="targte.*did you mean.*target|targte"):
        client.get(url, extensions={"targte": b"/"})
    assert client.stats().opened == before


def test_default_fields_are_left_out_by_none(client, aio, origin, run):
    url = origin.http.replace("//", "//user:secret@") + "/echo"
    usual = {"user-agent", "accept", "accept-encoding", "authorization"}
    assert usual <= set(names(client.get(url).json()))
    none = dict.fromkeys(["User-Agent", "ACCEPT", "accept-encoding", b"Authorization"])
    assert names(client.get(url, headers=none).json()) == ["host"]
    assert names(client.get(url, headers=list(none.items())).json()) == ["host"]
    assert names(run(aio.get(url, headers=none)).json()) == ["host"]
    body = client.post(url, json=1, headers={"Content-Type": None}).json()
    assert "content-type" not in names(body)
    for name in ["Host", "Content-Length"]:
        with pytest.raises(libkeepalive.LocalProtocolError, match=name):
            client.get(url, headers={name: None})


def test_none_takes_a_field_of_the_clients_away_and_a_client_can_have_none(origin):
    url = origin.http + "/echo"
    with libkeepalive.Client(headers={"X-A": "1", "User-Agent": None}) as client:
        assert "user-agent" not in names(client.get(url).json())
        assert "x-a" in names(client.get(url).json())
        assert "x-a" not in names(client.get(url, headers={"x-a": None}).json())
        assert "user-agent" in names(client.get(url, headers={"User-Agent": "own"}).json())


def test_a_body_is_decoded_unless_told_otherwise(client, aio, origin, run):
    plain = client.get(origin.http + "/compressible").content
    url = origin.http + "/gzip"
    assert client.get(url).content == plain
    raw = client.get(url, decode=False)
    assert gzip.decompress(raw.content) == plain
    assert raw.headers["content-length"] == str(len(raw.content))
    assert run(aio.get(url, decode=False)).content == raw.content
    with libkeepalive.Client(decode=False) as other:
        assert other.get(url).content == raw.content
        assert other.get(url, decode=True).content == plain
        assert "accept-encoding" not in names(other.get(origin.http + "/echo").json())
    with pytest.raises(TypeError, match="decode"):
        client.get(url, decode=1)


def test_iter_raw_gives_what_came(client, aio, origin, run):
    url = origin.http + "/gzip"
    plain = client.get(origin.http + "/compressible").content
    for size in [None, 7]:
        with client.stream("GET", url) as response:
            pieces = list(response.iter_raw(size))
        assert gzip.decompress(b"".join(pieces)) == plain
        assert size is None or {len(piece) for piece in pieces[:-1]} == {7}
    with client.stream("GET", url) as response:
        assert b"".join(response.iter_bytes()) == plain
        with pytest.raises(libkeepalive.StreamConsumed):
            response.iter_raw()
    with client.stream("GET", url) as response:
        assert response.read() == plain
        assert response.content == plain

    async def asynchronous():
        async with aio.stream("GET", url) as response:
            raw = b"".join([piece async for piece in response.aiter_raw()])
        async with aio.stream("GET", url) as response:
            return raw, await response.aread()

    for result in [run(asynchronous()), trio.run(asynchronous)]:
        assert (gzip.decompress(result[0]), result[1]) == (plain, plain)


def test_iter_raw_of_a_whole_body(client, origin):
    url = origin.http + "/gzip"
    raw = client.get(url, decode=False)
    assert b"".join(raw.iter_raw(10)) == raw.content
    assert b"".join(client.get(origin.http + "/ok").iter_raw()) == b"ok"
    with pytest.raises(libkeepalive.StreamConsumed, match="decode=False"):
        client.get(url).iter_raw()
