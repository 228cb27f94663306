"""Reads pairs of a URL and what it was taken for, one JSON array a line, and compares host and port
with what urllib.parse, httpx and libcurl read. A parser that refuses the URL reads no other host."""

import ctypes
import ctypes.util
import ipaddress
import json
import sys
from urllib.parse import urlsplit

import httpx

DEFAULT_PORTS = {"http": 80, "https": 443}


def canonical(host: str) -> str:
    """A name in lower-case Unicode, an address in its shortest form, neither brackets nor zone."""
    host = host.strip("[]").split("%", 1)[0].lower()
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        pass
    try:
        return ".".join(map(_unicode, host.split(".")))
    except UnicodeError:
        return host


def _unicode(label: str) -> str:
    if label.startswith("xn--"):
        return label[4:].encode("ascii").decode("punycode")
    return label


def by_urllib(url: str) -> tuple[str, int] | None:
    try:
        parts = urlsplit(url)
        return canonical(parts.hostname or ""), parts.port or DEFAULT_PORTS[parts.scheme]
    except ValueError:
        return None


def by_httpx(url: str) -> tuple[str, int] | None:
    try:
        parsed = httpx.URL(url)
        return canonical(parsed.host), parsed.port or DEFAULT_PORTS[parsed.scheme]
    except (httpx.InvalidURL, UnicodeError, ValueError):
        return None


class Libcurl:
    """CURLU, by the numbers of curl/urlapi.h."""

    URL, HOST, PORT = 0, 5, 6
    DEFAULT_PORT, URLENCODE = 1 << 0, 1 << 7

    def __init__(self) -> None:
        name = ctypes.util.find_library("curl") or "libcurl.so.4"
        self.lib = ctypes.CDLL(name)
        self.lib.curl_url.restype = ctypes.c_void_p
        self.lib.curl_url_set.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint]
        self.lib.curl_url_get.argtypes = [
            ctypes.c_void_p, ctypes.c_int, ctypes.POINTER(ctypes.c_char_p), ctypes.c_uint,
        ]
        self.lib.curl_url_cleanup.argtypes = [ctypes.c_void_p]

    def part(self, handle: int, what: int, flags: int) -> str | None:
        value = ctypes.c_char_p()
        if self.lib.curl_url_get(handle, what, ctypes.byref(value), flags) or value.value is None:
            return None
        return value.value.decode("utf-8", "surrogateescape")

    def __call__(self, url: str) -> tuple[str, int] | None:
        handle = self.lib.curl_url()
        try:
            if self.lib.curl_url_set(handle, self.URL, url.encode(), self.URLENCODE):
                return None
            host, port = self.part(handle, self.HOST, 0), self.part(handle, self.PORT, self.DEFAULT_PORT)
            return None if host is None or port is None else (canonical(host), int(port))
        finally:
            self.lib.curl_url_cleanup(handle)


def main() -> int:
    parsers = {"urllib.parse": by_urllib, "httpx": by_httpx, "libcurl": Libcurl()}
    read = dict.fromkeys(parsers, 0)
    differences = []
    count = 0
    for line in sys.stdin:
        url, ours = json.loads(line)
        count += 1
        taken = by_urllib(ours)
        for name, parse in parsers.items():
            theirs = parse(url)
            read[name] += theirs is not None
            if theirs is not None and theirs != taken:
                differences.append(f"{url!r}: {name} reads {theirs}, we read {taken}")
    # A parser that refuses everything would agree with anything.
    for name, number in read.items():
        if number < count / 2:
            differences.append(f"{name} read only {number} of {count} URLs")
    if differences:
        print("\n".join(differences[:50]), f"{len(differences)} differences", sep="\n")
        return 1
    print(f"{count} URLs, {len(parsers)} parsers: no difference")
    return 0


if __name__ == "__main__":
    sys.exit(main())
