"""multipart.py SECONDS [SEED]: random forms through the Python client, read back by two parsers.

One is strict and splits as RFC 2046 5.1.1 says; the other is the standard library's `email`. The names and contents
are made of what could end a header field, a part or the form.
"""

from __future__ import annotations

import io
import json
import os
import random
import re
import subprocess
import sys
import time
from email.parser import BytesParser
from email.policy import HTTP
from pathlib import Path
from typing import Any

import libkeepalive

ROOT = Path(__file__).parents[2]
ORIGIN = os.environ.get("KEEPALIVE_ORIGIN", str(ROOT / "target/debug/keepalive-origin"))
WORDS = [
    '"', "\\", "\r", "\n", "\r\n", "\r\n\r\n", ";", "; name=x", "=", "%22", "%0D", "%", "--", "\t", " ", "'", ":",
    "\0", "\x7f", "\u00e9", "\u4e2d", "\U0001f600", "\u2028", "a", "name", "file.txt", "x" * 300,
    "Content-Type: text/html", '"; filename="evil', "form-data",
]  # fmt: skip
DISPOSITION = re.compile(
    rb'Content-Disposition: form-data; name="([^"\r\n]*)"(?:; filename="([^"\r\n]*)")?'
)

Part = tuple[bytes, bytes | None, bytes | None, bytes]


def word(draw: random.Random) -> str:
    return "".join(draw.choices(WORDS, k=draw.randint(0, 5)))


def content(draw: random.Random, boundaries: list[str]) -> bytes:
    pieces = [*(each.encode() for each in WORDS), bytes(range(256)), b"\r\n--"]
    pieces += [f"\r\n--{each}{end}".encode() for each in boundaries for end in ("", "--", "\r\n")]
    return b"".join(draw.choices(pieces, k=draw.randint(0, 6)))


def quoted(text: str) -> bytes:
    """How WHATWG writes a name."""
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A").encode()


def field(name: str) -> bytes:
    """The same for the name of a field, whose line ends become CRLF first."""
    return quoted(re.sub("\r\n|\r|\n", "\r\n", name))


def form(draw: random.Random, boundaries: list[str]) -> tuple[dict[str, Any], list[Part]]:
    """Arguments of a request, and the parts that they are."""
    data: dict[str, str] = {}
    parts: list[Part] = []
    for _ in range(draw.randint(0, 3)):
        data[word(draw)] = content(draw, boundaries).decode("latin-1")
    parts += [(field(name), None, None, text.encode()) for name, text in data.items()]
    files: list[tuple[str, Any]] = []
    for _ in range(draw.randint(1, 3)):
        key, name, bytes_ = word(draw), "f" + word(draw), content(draw, boundaries)
        media_type = draw.choice([None, "text/plain", "application/x-y; a=b"])
        given: Any = bytes_ if draw.random() < 0.5 else io.BytesIO(bytes_)
        files.append((key, (name, given) if media_type is None else (name, given, media_type)))
        parts.append((field(key), quoted(name), media_type and media_type.encode(), bytes_))
    return {"data": data, "files": files}, parts


def strict(body: bytes, boundary: bytes) -> list[Part]:
    first, *rest = (b"\r\n" + body).split(b"\r\n--" + boundary)
    assert first == b"", "a preamble"
    assert rest and rest.pop() == b"--\r\n", "the end of the form"
    parts: list[Part] = []
    for part in rest:
        assert part.startswith(b"\r\n"), "a boundary that is not alone on its line"
        head, bytes_ = part[2:].split(b"\r\n\r\n", 1)
        first_line, *lines = head.split(b"\r\n")
        found = DISPOSITION.fullmatch(first_line)
        assert found, first_line
        fields = dict(line.split(b": ", 1) for line in lines)
        assert len(fields) == len(lines) and set(fields) <= {b"Content-Type"}, lines
        parts.append((found[1], found[2], fields.get(b"Content-Type"), bytes_))
    return parts


def by_email(body: bytes, content_type: str) -> list[tuple[str | None, bytes]]:
    message = BytesParser(policy=HTTP).parsebytes(
        b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body
    )
    parts = message.get_payload()
    assert isinstance(parts, list) and not message.defects, message.defects
    return [(part.get_filename(), part.get_payload(decode=True)) for part in parts]


def check(answer: libkeepalive.Response, parts: list[Part]) -> str:
    content_type = answer.headers["content-type"]
    boundary = content_type.removeprefix("multipart/form-data; boundary=")
    seen = strict(answer.content, boundary.encode())
    expected = [
        (name, file, media_type or of[2], bytes_)
        for (name, file, media_type, bytes_), of in zip(parts, seen, strict=True)
    ]
    assert seen == expected
    # `email` takes a part for its own kind of message, which a name may spell.
    if not any(b"\\" in name + (file or b"") or b"\0" in name for name, file, _, _ in parts):
        contents = [bytes_ for _, bytes_ in by_email(answer.content, content_type)]
        assert contents == [bytes_ for _, _, _, bytes_ in parts]
    return boundary


def main(seconds: float, seed: int) -> None:
    process = subprocess.Popen([ORIGIN], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin and process.stdout
    url = json.loads(process.stdout.readline())["http"] + "/echo-body"
    # Boundaries of earlier forms stand in later ones: one that were used again would end a part.
    boundaries: list[str] = ["x"]
    rounds = 0
    end = time.monotonic() + seconds
    with libkeepalive.Client() as client:
        while time.monotonic() < end:
            arguments, parts = form(random.Random(f"{seed}/{rounds}"), boundaries)
            try:
                boundaries = [check(client.post(url, **arguments), parts)]
            except Exception:
                print(f"round {rounds} of seed {seed}: {parts!r}", file=sys.stderr)
                raise
            rounds += 1
    process.stdin.close()
    process.wait()
    assert rounds > 20 * seconds, f"only {rounds} forms"
    print(f"{rounds} forms, seed {seed}")


if __name__ == "__main__":
    main(float(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1)
