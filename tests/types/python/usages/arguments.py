"""Arguments of requests: params, headers, bodies, cookies, limits."""

from __future__ import annotations

import datetime
import io
import json
from collections import OrderedDict
from collections.abc import AsyncIterator, Iterator
from decimal import Decimal
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any

from libkeepalive import Client, Cookies, Headers, Progress, QueryParams, Response, Timeout

client = Client()


def right_params() -> None:
    client.get("/", params={"a": 1, "b": [1, 2], "c": None, "d": True, "e": Decimal("1.5")})
    client.get("/", params=[("a", "1"), ("a", "2")])
    client.get("/", params="a=1")
    client.get("/", params=QueryParams({"a": 1}).merge({"b": 2}))
    client.get("/", params={"day": datetime.date(2026, 1, 1)})
    client.get("/", params=OrderedDict(a="1"))


def right_headers() -> None:
    client.get("/", headers={"a": "b", "User-Agent": None})
    client.get("/", headers=[("a", "b"), (b"c", b"d")])
    client.get("/", headers={b"a": b"b"})
    client.get("/", headers=Headers({"a": "b"}))
    client.get("/", headers=client.headers | {"c": "d"})


def right_forms() -> None:
    client.post("/", data={"a": "1", "b": ["2", "3"]})
    client.post("/", data=[("a", "1")])
    client.post("/", data=b"a=1")
    with open("file", "rb") as file:
        client.post("/", data=file)


def right_bodies() -> None:
    client.post("/", content="text")
    client.post("/", content=bytearray(b"bytes"))
    client.post("/", content=memoryview(b"bytes"))
    client.post("/", content=io.BytesIO(b"file"))
    client.post("/", content=Path("file"))
    client.post("/", content=[b"a", b"b"])
    client.put("/", content=(piece for piece in [b"a", b"b"]))


def right_files() -> None:
    client.post("/", files={"f": b"content"})
    client.post("/", files={"f": Path("file"), "g": io.BytesIO()})
    client.post("/", files={"f": ("name.txt", "content", "text/plain", {"X-A": "b"})})
    client.post("/", files=[("f", ("a", b"1")), ("f", ("b", b"2", None))], data={"a": "1"})
    with open("file", "rb") as file:
        client.post("/", files={"f": file})


def right_cookies() -> None:
    client.get("/", cookies={"a": "b"})
    client.get("/", cookies=[("a", "b")])
    client.get("/", cookies=Cookies({"a": "b"}))
    client.get("/", cookies=CookieJar())
    client.get("/", cookies=False)


def right_timeouts() -> None:
    client.get("/", timeout=3)
    client.get("/", timeout=None)
    client.get("/", timeout=(1, 2.5))
    client.get("/", timeout=(1, 2, None, 4))
    client.get("/", timeout=Timeout(5, total=30))


def right_trailers_and_progress() -> None:
    def shown(progress: Progress) -> None:
        print(progress.bytes, progress.total, progress.rate, progress.upload)

    client.post("/", content=b"a", trailers={"Digest": lambda: "value"}, progress=shown)
    client.post("/", content=b"a", trailers=[("A", b"1")], progress="tqdm")


def right_extensions() -> None:
    def trace(name: str, info: dict[str, Any]) -> None:
        print(name, info)

    client.get("/", extensions={"trace": trace, "sni_hostname": "h", "target": b"*"})


def right_one_way_for_a_request() -> None:
    client.get("/", proxy="http://proxy:3128", unix_socket=None, local_address="127.0.0.1")
    client.get("/", verify=Path("ca.pem"), cert=("a.pem", None), decode=False, raw_target=b"/a/../b")


def right_options_in_a_dict() -> Response:
    options: dict[str, Any] = json.loads("{}")
    return client.get("/", **options)


def wrong_params() -> None:
    client.get("/", params=7)  # error: arg-type / reportArgumentType
    client.get("/", params={"a": object()})  # error: dict-item / reportArgumentType
    client.get("/", params={1: "a"})  # error: dict-item / reportArgumentType


def wrong_headers() -> None:
    client.get("/", headers="a: b")  # error: arg-type / reportArgumentType
    client.get("/", headers={"a": 1})  # error: arg-type / reportArgumentType
    client.get("/", headers=[("a", 1)])  # error: list-item / reportArgumentType
    client.headers["a"] = 1  # error: assignment / reportArgumentType


async def pieces() -> AsyncIterator[bytes]:
    yield b"a"


def texts() -> Iterator[str]:
    yield "a"


def wrong_bodies() -> None:
    client.post("/", content=7)  # error: arg-type / reportArgumentType
    client.post("/", content=pieces())  # error: arg-type / reportArgumentType
    client.post("/", content=texts())  # error: arg-type / reportArgumentType
    client.post("/", content=io.StringIO("text"))  # error: arg-type / reportArgumentType
    client.post("/", content={"a": "1"})  # error: dict-item / reportArgumentType
    client.post("/", data=7)  # error: arg-type / reportArgumentType


def wrong_files() -> None:
    client.post("/", files=b"content")  # error: arg-type / reportArgumentType
    client.post("/", files={"f": 7})  # error: dict-item / reportArgumentType
    client.post("/", files={"f": ("a", b"", "text/plain", {}, 5)})  # error: dict-item / reportArgumentType
    with open("file") as file:
        client.post("/", files={"f": file})  # error: dict-item / reportArgumentType


def wrong_cookies() -> None:
    client.get("/", cookies="a=b")  # error: arg-type / reportArgumentType
    client.get("/", cookies={"a": 1})  # error: arg-type / reportArgumentType


def wrong_switches() -> None:
    client.get("/", follow_redirects="yes")  # error: arg-type / reportArgumentType
    client.get("/", decode=1.5)  # error: arg-type / reportArgumentType
    client.get("/", timeout=[1, 2])  # error: arg-type / reportArgumentType
    client.get("/", min_speed="1k")  # error: arg-type / reportArgumentType


def wrong_extensions() -> None:
    async def trace(name: str, info: dict[str, Any]) -> None:
        print(name, info)

    client.get("/", extensions={"trace": trace})  # error: arg-type / reportArgumentType
    client.get("/", extensions={"trcae": print})  # error: arg-type / reportArgumentType
    client.get("/", extensions={"sni_hostname": 7})  # error: arg-type / reportArgumentType


def wrong_progress() -> None:
    client.get("/", progress="bar")  # error: arg-type / reportArgumentType
    client.get("/", progress=lambda: None)  # error: arg-type,misc / reportArgumentType
    client.post("/", trailers={"A": 1})  # error: dict-item / reportArgumentType
