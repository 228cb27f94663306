"""seeds.py FOLDER: writes the seeds of every fuzz target below FOLDER, one folder each.

Those of `response` are the wire cases, so that each new case is also the start of new ones. The
origin (cargo build -p keepalive-origin) hands them out.
"""

from __future__ import annotations

import base64
import gzip
import json
import os
import subprocess
import sys
import urllib.request
import zlib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
ORIGIN = os.environ.get("KEEPALIVE_ORIGIN", ROOT / "target/debug/keepalive-origin")
#: Longer cases are one rule many times over.
LONGEST = 4096
#: These are played with limits of 148 bytes and one field as well.
SHORT = 300


def wire_cases() -> list[dict[str, Any]]:
    """The cases as the origin has read them: it knows their format."""
    with subprocess.Popen([ORIGIN], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as origin:
        assert origin.stdin and origin.stdout
        base = json.loads(origin.stdout.readline())["http"]
        with urllib.request.urlopen(f"{base}/_cases") as answer:
            return json.load(answer)


def to_bytes(value: dict[str, Any]) -> bytes:
    return base64.b64decode(value["piece_b64"]) * value["times"]


def circumstances(case: dict[str, Any], limits: int) -> bytes:
    """The first bytes of an input of `response`: see src/response.rs."""
    request = case["request"]
    fields = {name.lower(): value.lower() for name, value in request["headers"]}
    if request["method"] == "HEAD":
        kind = 1
    elif request["method"] == "CONNECT":
        kind = 2
    elif "upgrade" in fields:
        kind = 3
    elif case["after"] == "head":
        kind = 5
    elif "close" in fields.get("connection", ""):
        kind = 6
    else:
        kind = 4 if request["chunked"] or to_bytes(request["body"]) else 0
    abrupt = case["end"] == "rst" or case["tls"] == "only"
    end = {"fin": 1, "rst": 2}.get(case["end"], 0)
    return bytes([kind, limits, 2 if abrupt and end else end, 1, 2, 3, 4])


def responses() -> dict[str, bytes]:
    seeds = {}
    for case in wire_cases():
        response = to_bytes(case["response"])
        if len(response) <= LONGEST:
            seeds[case["name"]] = circumstances(case, 0) + response
        if len(response) <= SHORT:
            seeds[case["name"] + "_at_the_limits"] = circumstances(case, 248) + response
    return seeds


TEXT = b"The same words, again and again. " * 20
ZEROS = bytes(1_000_000)
#: What Python has no encoder for: TEXT, "hello", nothing, TEXT with a window of 16 MiB, ZEROS.
ZSTD = """
28b52ffd6494012d0100d85468652073616d6520776f7264732c20616761696e20616e642e2002007088aab80e650c06c07dbe
28b52ffd000029000068656c6c6f
28b52ffd2000010000
28b52ffd00702d0100d85468652073616d6520776f7264732c20616761696e20616e642e2002007088aab80e650c
28b52ffda040420f005400001000000100fbff39c00202001000020010000200100002001000020010000200100003120a00
""".split()
BROTLI = "1b9302e02541585c7a904326a94c2b46a51aef33ca320fc22d6601 0b028068656c6c6f03 3b 5b3f428f7f02201e0b04f2731e00"


def gzip_of(data: bytes, window: int = 31) -> bytes:
    """A gzip, or with another window zlib (15) or raw deflate (-15)."""
    encoder = zlib.compressobj(wbits=window)
    return encoder.compress(data) + encoder.flush()


def codings() -> dict[str, bytes]:
    """Bodies behind the number of their codings in src/decode.rs, whole, cut, and with more behind."""
    zstd = [bytes.fromhex(each) for each in ZSTD]
    brotli = [bytes.fromhex(each) for each in BROTLI.split()]
    texts = (TEXT, b"hello", b"", ZEROS)
    coded = [(0, gzip_of(text)) for text in texts]
    coded += [(1, gzip_of(text, window)) for text in texts for window in (15, -15)]
    coded += [(2, each) for each in brotli] + [(3, each) for each in zstd]
    coded += [(4, gzip_of(gzip_of(text))) for text in texts] + [(6, gzip_of(each)) for each in zstd]
    coded += [(7, gzip_of(gzip_of(text, 15), -15)) for text in texts]
    named = gzip.compress(TEXT)
    flagged = named[:3] + b"\x1e" + named[4:10] + b"\2\0ab" + b"name\0" + b"comment\0" + b"cc" + named[10:]
    coded += [(0, named + named), (0, flagged), (3, zstd[0] + bytes.fromhex("502a4d180200000061 62") + zstd[1])]
    seeds = {}
    for at, (codings, body) in enumerate(coded):
        for way, data in (("", body), ("_cut", body[: len(body) * 2 // 3]), ("_more", body + b"\0\0more")):
            seeds[f"codings_{at}{way}"] = bytes([codings, at % 6, 1, 2, 3, 4]) + data
    return seeds


URLS = """
http://a
http://a/
http://a/b?c#d
HTTP://A.Example:80/%7Eb/../c
https://example.com:8443/x?y=z&w=%20#frag
http://user:S3CRET@host/path
http://us%65r:S3CRET%2B@host:81/
http://user:S3CRET@ho st/
http://user:S3CRET@host:port/
http://S3CRET@[::1/
http://u:S3CRET@a\\@b/
http://[::1]:8080/p
http://[fe80::1%25eth0]/
http://[fe80::1%eth0]:81/x
http://127.0.0.1/
http://0x7f.1/
http://127.1/
http://2130706433/
http://b\u00fccher.example/\u00e4?\u00f6
http://xn--bcher-kva.example/
http://\uff45xample.com/
http://a\u3002b/
http://ex%61mple.com/
http://a.b./
http://a:/
http://a:0/
http://a:99999/
http:///host
http:host
http:/host
//a/b
a.example/
ftp://a/
http://127.0.0.1:1\\@allowed.example/
http://a@b@c/
http://a#@b/
http://a?@b/
http://a/@b
http://a/ b
http://a/|<>"{}^`
http://a/b;c=d,e
http://a/./x/%2e%2e/y
""".strip().splitlines()
LOCATIONS = """

/x
x
../x?y#z
?q
#f
//b/x
https://b/x
http://a/
HTTP:x
http:/x
http:///x
\\\\b\\x
/\\b
 /x 
/a b\tc
/\u00e4?\u00f6#\u00fc
//u:S3CRET@b/
http://u:S3CRET@b:99999/
javascript:alert(1)
http://[::1]/x
http://b:80/
/%zz%00
""".removeprefix("\n").removesuffix("\n").splitlines()


def urls() -> dict[str, bytes]:
    pairs = [(url, LOCATIONS[at % len(LOCATIONS)]) for at, url in enumerate(URLS)]
    pairs += [("http://user:S3CRET@a:81/b/c?d#e", location) for location in LOCATIONS]
    pairs += [("http://[fe80::1%25eth0]/b", location) for location in LOCATIONS]
    seeds = [f"{url}\n{location}".encode() for url, location in pairs]
    seeds += [b"http://a/\n/\xff\xe4 x", b"http://a/\n\xff", b"http://a/\n//\xe4/"]
    return {f"url_{at}": seed for at, seed in enumerate(seeds)}


def main(folder: Path) -> None:
    for target, seeds in {"response": responses(), "decode": codings(), "url": urls()}.items():
        (folder / target).mkdir(parents=True, exist_ok=True)
        assert len(seeds) > 20, f"only {len(seeds)} seeds for {target}"
        for name, data in seeds.items():
            (folder / target / name).write_bytes(data)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
