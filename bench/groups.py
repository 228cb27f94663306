"""What is measured: groups of works, and the peers of each."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import peers as p
from peers import Peer
from server import KB, MB

SMALL = 47


@dataclass(frozen=True)
class Work:
    """One kind of request, made by several peers."""

    name: str
    peers: tuple[Peer, ...]
    reference: Peer  # ratios are to this one
    path: str = "/json"
    tls: bool = False
    # Through a proxy: nginx itself, which takes targets in absolute-form, and `connect.py` over TLS.
    proxied: bool = False
    # 100 ms away.
    far: bool = False
    args: dict[str, int | str] = field(default_factory=dict)
    first: int = 400  # requests of the run that finds out how fast the peer is
    least: int = 200  # requests of a measured run, however slow the peer
    longer: float = 1.0  # times the wanted length of a run
    quick: bool = True  # part of --quick


@dataclass(frozen=True)
class Group:
    """Works shown in one table and one chart."""

    title: str
    means: str
    works: tuple[Work, ...]
    # Share of the rounds asked for: groups whose runs are long or many need fewer.
    rounds: float = 1.0


def get(name: str, peers: Iterable[Peer], reference: Peer, **args: int) -> Work:
    """Small GETs."""
    in_flight = args.get("in-flight", 1) * max(1, args.get("threads", 1))
    return Work(
        name,
        tuple(peers),
        reference,
        args={"mode": "get", "length": SMALL, **args},
        first=max(400, 2 * in_flight),
        least=max(200, 2 * in_flight),
    )


def over_tls(work: Work) -> Work:
    return replace(work, tls=True)


def proxied(work: Work) -> Work:
    return replace(work, proxied=True)


def proxies() -> tuple[Work, ...]:
    works = (
        get("C", (p.CURL, p.OURS_C), p.CURL),
        get("Python, sync", (p.PYCURL, p.OURS_PYTHON), p.PYCURL),
        get("Node", (p.UNDICI, p.OURS_REQUEST), p.UNDICI),
    )
    forwarded = tuple(replace(work, name=f"{work.name}, forwarded") for work in works)
    tunnelled = tuple(replace(work, name=f"{work.name}, tunnelled") for work in works)
    direct = tuple(replace(work, name=f"{work.name}, direct") for work in works)
    return (*direct, *map(proxied, forwarded), *(proxied(over_tls(work)) for work in tunnelled))


def far() -> tuple[Work, ...]:
    peers = (p.UNDICI, p.OURS_REQUEST)
    works = (
        get(f"Node, pipelining {depth}", peers, p.UNDICI, connections=4, pipelining=depth,
            **{"in-flight": 40})
        for depth in (1, 10)
    )  # fmt: skip
    return tuple(replace(work, far=True, first=80, least=80) for work in works)


def full_only(work: Work) -> Work:
    return replace(work, quick=False)


def download(name: str, peers: tuple[Peer, ...], reference: Peer, path: str, size: int) -> Work:
    """Bodies of 1 MB and less are read whole into memory, larger ones in pieces."""
    mode = "get" if size <= MB else "stream"
    return bulk(Work(name, peers, reference, path, args={"mode": mode, "length": size}), size)


def upload(name: str, peers: tuple[Peer, ...], reference: Peer, size: int) -> Work:
    args: dict[str, int | str] = {"mode": "upload", "length": SMALL, "upload": size}
    return bulk(Work(name, peers, reference, "/upload", args=args), size)


def bulk(work: Work, size: int) -> Work:
    first = max(1, min(200, 20 * MB // size))
    return replace(work, first=first, least=max(2, first // 2), quick=size in (MB, 100 * MB))


SIZES = {"10k": ("10 KB", 10 * KB), "1m": ("1 MB", MB), "100m": ("100 MB", 100 * MB)}
BODY_PEERS = {
    "C": ((p.RAW, p.CURL, p.HYPER, p.GO, p.OURS_C), p.RAW),
    "Python": (
        (p.SOCKET, p.URLLIB3, p.REQUESTS, p.HTTPX, p.PYCURL, p.PYREQWEST, p.OURS_PYTHON),
        p.SOCKET,
    ),
    "Node": ((p.UNDICI, p.FETCH, p.HTTP_AGENT, p.OURS_REQUEST, p.OURS_FETCH), p.UNDICI),
}


def bodies() -> tuple[Work, ...]:
    works: list[Work] = []
    for language, (peers, reference) in BODY_PEERS.items():
        for path, (label, size) in SIZES.items():
            works.append(download(f"{language}, {label} down", peers, reference, f"/{path}", size))
        for label, size in (("47 B", SMALL), *SIZES.values()):
            works.append(full_only(upload(f"{language}, {label} up", peers, reference, size)))
    return tuple(works)


def without(peers: tuple[Peer, ...], *left_out: Peer) -> tuple[Peer, ...]:
    return tuple(peer for peer in peers if peer not in left_out)


def tls() -> tuple[Work, ...]:
    c = without(p.C_SEQUENTIAL, p.RAW)
    c_many = without(p.C_CONCURRENT, p.RAW_EPOLL)
    python = without(p.PYTHON_SYNC, p.SOCKET)
    aio = (p.AIOHTTP, p.uvloop(p.AIOHTTP), p.PYREQWEST_ASYNC, p.OURS_ASYNC)
    node = (p.UNDICI, p.FETCH, p.HTTP_AGENT, p.OURS_REQUEST, p.OURS_FETCH)
    big = ("/100m", 100 * MB)
    few = (p.HTTP_CLIENT, p.REQUESTS, p.PYCURL, p.PYREQWEST, p.OURS_PYTHON)
    works = (
        get("C, 1 in flight", c, p.CURL),
        full_only(get("C, 64 in flight", c_many, p.CURL_MULTI, **{"in-flight": 64})),
        get("Python, sync", python, p.PYCURL),
        get("asyncio, 64 in flight", aio, p.AIOHTTP, **{"in-flight": 64}),
        get("Node, 64 in flight", node, p.UNDICI, **{"in-flight": 64}),
        full_only(download("C, 100 MB down", c, p.CURL, *big)),
        full_only(download("Python, 100 MB down", few, p.PYCURL, *big)),
        full_only(download("Node, 100 MB down", node, p.UNDICI, *big)),
    )
    return tuple(over_tls(work) for work in works)


def contention() -> tuple[Work, ...]:
    works = []
    for threads in (1, 2, 4, 8, 16, 32, 64):
        work = get(f"C, {threads} threads", (p.CURL, p.HYPER, p.GO, p.OURS_C), p.CURL,
                   threads=threads)  # fmt: skip
        works.append(work if threads in (1, 16) else full_only(work))
    for threads in (1, 16, 64):
        work = get(f"Python, {threads} threads", (p.URLLIB3, p.HTTPX, p.PYREQWEST, p.OURS_PYTHON),
                   p.URLLIB3, threads=threads)  # fmt: skip
        works.append(full_only(work))
    # Every thread warms up by itself; fairness needs many requests of each.
    return tuple(replace(work, first=400, least=400, longer=2.0) for work in works)


def by_in_flight(peers: tuple[Peer, ...], reference: Peer) -> tuple[Work, ...]:
    return tuple(
        replace(
            get(f"{many} in flight", peers, reference, **{"in-flight": many}), quick=many != 512
        )
        for many in (1, 64, 512)
    )


AIOHTTP_UVLOOP = p.uvloop(p.AIOHTTP)

GROUPS = {
    "c": Group(
        "C: GET of 47 bytes",
        "What a C program pays for a request: one after the other on its own thread, and many at "
        "once on one thread.",
        (
            get("1 in flight", p.C_SEQUENTIAL, p.RAW),
            get("64 in flight", p.C_CONCURRENT, p.CURL_MULTI, **{"in-flight": 64}),
        ),
    ),
    "python": Group(
        "Python: synchronous GET of 47 bytes",
        "One thread, one request after the other.",
        (get("1 in flight", p.PYTHON_SYNC, p.SOCKET),),
    ),
    "asyncio": Group(
        "Python: asynchronous GET of 47 bytes",
        "Coroutines on one loop, asyncio's own or uvloop.",
        by_in_flight(p.PYTHON_ASYNC, AIOHTTP_UVLOOP),
    ),
    "node": Group(
        "Node: GET of 47 bytes",
        "Promises on one event loop.",
        by_in_flight(p.NODE, p.UNDICI),
    ),
    "workers": Group(
        "Node: worker_threads",
        "Each worker has 64 requests in flight; the time is that of all workers together.",
        tuple(
            replace(
                get(f"{many} workers", (p.UNDICI, p.HTTP_AGENT, p.OURS_REQUEST), p.UNDICI,
                    workers=many, **{"in-flight": 64}),
                first=1000, least=1000, quick=False,
            )
            for many in (1, 2, 4)
        ),
        rounds=0.6,
    ),
    "tls": Group(
        "TLS 1.3",
        "The same requests over TLS; one cipher suite for everybody, the connection already open.",
        tls(),
        rounds=0.6,
    ),
    "bodies": Group(
        "Bodies, down and up",
        "Down: up to 1 MB whole into memory, 100 MB in pieces. Up: from memory, with "
        "Content-Length.",
        bodies(),
        rounds=0.6,
    ),
    "proxies": Group(
        "Proxies: GET of 47 bytes",
        "One after the other: without a proxy, plain http that a proxy forwards, and TLS through CONNECT.",
        proxies(),
        rounds=0.6,
    ),
    "far": Group(
        "A server 100 ms away: GET of 47 bytes",
        "40 requests in flight over 4 connections, one or up to ten at a time on each (`pipelining`).",
        far(),
        rounds=0.6,
    ),
    "threads": Group(
        "Threads on one client",
        "1 to 64 threads share one client (libcurl: a handle for each thread). The time is that "
        "of all threads together; fairness is the slowest thread's requests over the fastest's.",
        contention(),
        rounds=0.6,
    ),
}  # fmt: skip

# Memory each does not depend on the number; over TLS fewer keep the run short.
IDLE_PLAIN, IDLE_TLS, IDLE_QUICK = 10_000, 4_000, 500
OURS_ASYNC_IDLE = replace(p.OURS_ASYNC, name=f"{p.OURS} asyncio")  # its name here is C's
IDLE_PEERS = (
    p.CURL_MULTI, p.HYPER, p.GO, p.OURS_C, p.AIOHTTP, OURS_ASYNC_IDLE, p.UNDICI, p.OURS_REQUEST,
)  # fmt: skip
IDLE_MEANS = (
    "Memory of the client's process for each idle connection (anonymous memory a second after the "
    "last response, when the allocator gave back what it could; the kernel's buffers are not in it), and the CPU the "
    "client uses with all of them idle."
)
