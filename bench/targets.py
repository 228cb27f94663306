"""The figures libkeepalive aims at: ratios of medians in one run, or numbers of our own."""

from dataclasses import dataclass

import peers as p
from units import METRICS, written

Key = tuple[str, str, str]  # group, work, peer

C_ONE, C_MANY = ("c", "1 in flight"), ("c", "64 in flight")
C_TLS = ("tls", "C, 1 in flight")
PYTHON_ONE = ("python", "1 in flight")
ASYNC_ONE, ASYNC_MANY = ("asyncio", "1 in flight"), ("asyncio", "64 in flight")
NODE_ONE, NODE_MANY = ("node", "1 in flight"), ("node", "64 in flight")
REQUEST, FETCH = p.OURS_REQUEST.name, p.OURS_FETCH.name
QUEUE, UVLOOP = p.OURS_QUEUE.name, p.uvloop(p.OURS_ASYNC).name
AIOHTTP_UVLOOP = p.uvloop(p.AIOHTTP).name


@dataclass(frozen=True)
class Target:
    """`ours` must be at most (or at least) `limit` times `peer`'s value, or the value itself."""

    text: str
    ours: Key
    limit: float
    peer: Key | None = None
    metric: str = "time"

    @property
    def at_least(self) -> bool:
        return METRICS[self.metric].more_is_better

    def measured(self, medians: dict[Key, dict[str, float]]) -> float | None:
        ours = medians.get(self.ours, {}).get(self.metric)
        if ours is None or self.peer is None:
            return ours
        peer = medians.get(self.peer, {}).get(self.metric)
        return ours / peer if peer else None

    def met(self, value: float) -> bool:
        return value >= self.limit if self.at_least else value <= self.limit

    def written(self, value: float) -> str:
        return written(self.metric, value) if self.peer is None else f"{value:.3g} x"


def ratios(text: str, work: tuple[str, str], ours: str, limits: dict[str, float]) -> list[Target]:
    return [
        Target(f"{text}, against {peer}", (*work, ours), limit, (*work, peer))
        for peer, limit in limits.items()
    ]


def own(text: str, key: Key, metric: str, limit: float) -> Target:
    return Target(f"{text}: {METRICS[metric].title}", key, limit, metric=metric)


TARGETS = [
    *ratios("C, one at a time, 47 B", C_ONE, p.OURS, {p.RAW.name: 1.10, p.CURL.name: 0.60}),
    own("C, warm GET", ("counts", "1 in flight", p.OURS), "instructions", 8_000),
    own("C, warm GET", ("counts", "1 in flight", p.OURS), "allocations", 6),
    *ratios("C, 64 in flight", C_MANY, QUEUE, {p.GO.name: 0.5, p.CURL_MULTI.name: 0.7}),
    *ratios("C over TLS, one at a time", C_TLS, p.OURS, {p.CURL.name: 0.70}),
    *ratios(
        "Python sync, 47 B",
        PYTHON_ONE,
        p.OURS,
        {p.SOCKET.name: 1.5, p.PYCURL.name: 0.65, p.URLLIB3.name: 0.08, p.REQUESTS.name: 0.04},
    ),
    *ratios("urllib3's adapter", PYTHON_ONE, p.URLLIB3_ON_OURS.name, {p.URLLIB3.name: 0.60}),
    *ratios("requests' adapter", PYTHON_ONE, p.REQUESTS_ON_OURS.name, {p.REQUESTS.name: 0.70}),
    *ratios(
        "asyncio, 64 in flight",
        ASYNC_MANY,
        p.OURS,
        {AIOHTTP_UVLOOP: 0.20, p.PYREQWEST_ASYNC.name: 0.30},
    ),
    *ratios("asyncio, 1 in flight", ASYNC_ONE, p.OURS, {AIOHTTP_UVLOOP: 0.50}),
    *ratios("Node request, 64 in flight", NODE_MANY, REQUEST, {p.UNDICI.name: 0.30}),
    *ratios("Node fetch, 64 in flight", NODE_MANY, FETCH, {p.FETCH.name: 0.30}),
    *ratios("Node request, 1 in flight", NODE_ONE, REQUEST, {p.UNDICI.name: 0.9}),
    *ratios("C, 100 MB down", ("bodies", "C, 100 MB down"), p.OURS, {p.RAW.name: 1.15}),
    *ratios(
        "Python, 100 MB down",
        ("bodies", "Python, 100 MB down"),
        p.OURS,
        {p.REQUESTS.name: 0.45, p.PYCURL.name: 1.0},
    ),
    *ratios("Node, 100 MB down", ("bodies", "Node, 100 MB down"), REQUEST, {p.UNDICI.name: 0.5}),
    *(
        own(f"Beside endless {form}", ("beside", form, p.OURS), "median_latency", 0.005)
        for form in ("plain", "chunked", "one-byte-chunks", "gzip", "zstd", "br")
    ),
    own("Idle connection, plain", ("idle", "plain", p.OURS), "memory", 1_500),
    own("Idle connection, TLS", ("idle", "TLS", p.OURS), "memory", 24_000),
    Target(
        "C, 16 threads on one client, against 1 thread",
        ("threads", "C, 16 threads", p.OURS),
        1.0,
        ("threads", "C, 1 threads", p.OURS),
    ),
    own("C, 16 threads on one client", ("threads", "C, 16 threads", p.OURS), "fairness", 0.8),
    own("Python", ("startup", "Python import", p.OURS), "import", 0.012),
    own("Node", ("startup", "Node require", p.OURS), "import", 0.012),
    own("Shared object, stripped", ("sizes", "shared object, stripped", p.OURS), "size", 3.5e6),
]
