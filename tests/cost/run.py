"""The guard of the hot path: what a request costs must stay below the limits in this file.

Only what a busy machine cannot change is counted: instructions, heap allocations and system calls,
each as the difference between two runs of different length. It needs valgrind and strace, the
release build of the C library, and for Python and Node the builds that scripts/build.sh makes
(allocations are the same in a debug build). Prints every figure beside its limit; fails when one is
above, or cannot be counted.
"""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench"))

import install  # noqa: E402
import instructions  # noqa: E402
import peers as p  # noqa: E402
import valgrind  # noqa: E402

WORK = p.TARGET / "cost"
SHIM = WORK / "allocations.so"
WIDTH = 64  # requests in flight, where there are many
RUNS = (10 * WIDTH, 50 * WIDTH)
PYTHON = replace(
    p.OURS_ASYNC, command=(str(p.TARGET / "venv/bin/python"), *p.OURS_ASYNC.command[1:])
)
NODE = p.OURS_REQUEST


@dataclass(frozen=True)
class Limit:
    """Figures may rise to `most` before the guard fails: what was measured and about 5 %."""

    work: str
    what: str
    most: float
    count: Callable[[str], float]
    reason: str


def c_instructions(url: str) -> float:
    return valgrind.instructions(instructions.command(p.OURS_C, url, 1), RUNS, os.environ)


def through(variable: str, scheme: str) -> Callable[[str], float]:
    """Percent more instructions than without the proxy: `scheme` of the server itself."""

    def count(url: str) -> float:
        proxy = {"KEEPALIVE_TRUST_ENV": "1", variable: url.replace("http", scheme).rpartition("/")[0]}
        program = instructions.command(p.OURS_C, url, 1)
        proxied = valgrind.instructions(program, RUNS, {**os.environ, **proxy})
        return 100 * (proxied / c_instructions(url) - 1)

    return count


def c_allocations(url: str) -> float:
    return valgrind.allocations(instructions.command(p.OURS_C, url, 1), RUNS, os.environ)


def queue_instructions(url: str) -> float:
    return valgrind.instructions(instructions.command(p.OURS_QUEUE, url, WIDTH), RUNS, os.environ)


def queue_allocations(url: str) -> float:
    return valgrind.allocations(instructions.command(p.OURS_QUEUE, url, WIDTH), RUNS, os.environ)


def queue_calls(url: str) -> float:
    """Looks at and writes to sockets."""
    program = instructions.command(p.OURS_QUEUE, url, WIDTH)

    def calls(requests: int) -> int:
        summary = WORK / "strace"
        trace = ["strace", "-f", "-c", "-U", "calls,name", "-e", "trace=recvfrom,sendto"]
        finish([*trace, "-o", str(summary), *program(requests)], os.environ)
        rows = re.findall(r"^\s*(\d+) (?:recvfrom|sendto)$", summary.read_text(), re.MULTILINE)
        if len(rows) != 2:
            raise valgrind.Uncounted(f"strace: {summary.read_text()}")
        return sum(map(int, rows))

    return valgrind.difference(calls, RUNS)


def in_library(peer: p.Peer, library: str) -> Callable[[str], float]:
    """Allocations asked for by the shared object of that name while `peer` runs."""

    def count(url: str) -> float:
        program = instructions.command(peer, url, WIDTH)

        def allocations(requests: int) -> int:
            counter = WORK / "allocations"
            counter.write_bytes(bytes(8))
            env = {
                **os.environ,
                "LD_PRELOAD": str(SHIM),
                "ALLOCATIONS_OF": library,
                "ALLOCATIONS_FILE": str(counter),
                "NODE_PATH": str(WORK / "node_modules"),
            }
            finish(program(requests), env)
            counted = int.from_bytes(counter.read_bytes(), sys.byteorder)
            if counted == 0:
                raise valgrind.Uncounted(f"no allocation by {library}: is it still its name?")
            return counted

        return valgrind.difference(allocations, RUNS)

    return count


LIMITS = (
    Limit("C, GET, warm", "instructions", 7_950, c_instructions,
          "7,870; the parser has 1,200 of them, the allocator 500"),
    Limit("C, GET, warm", "allocations", 4.2, c_allocations,
          "the head, what is told of it, the body, the handle; 6 are promised"),
    Limit("C, GET, forwarded", "percent more", 3, through("http_proxy", "http"),
          "2.9; 3 are promised, of the instructions of a GET without a proxy"),
    Limit("C, GET, tunnelled", "percent more", 3, through("http_proxy", "socks5h"),
          "3 are promised; the way is opened once"),
    Limit(f"C, queue, {WIDTH} in flight", "instructions", 11_900, queue_instructions,
          "11,560, both threads together"),
    Limit(f"C, queue, {WIDTH} in flight", "allocations", 6.3, queue_allocations,
          "those of the GET, its future, its cancelling"),
    Limit(f"C, queue, {WIDTH} in flight", "recv and send", 2.6, queue_calls,
          "one each, no look before the answer is there; a probe of what idled for 100 ms"),
    Limit(f"asyncio, {WIDTH} in flight", "allocations", 11.5, in_library(PYTHON, "_native.abi3.so"),
          "11: five of the queue's, three for the request, three for Python"),
    Limit(f"Node, {WIDTH} in flight", "allocations", 14.9, in_library(NODE, "keepalive.node"),
          "14.2: five of the queue's, three for the request, the rest for Node"),
)  # fmt: skip


def finish(command: Sequence[str], env: dict[str, str] | os._Environ[str]) -> None:
    try:
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120)
    except FileNotFoundError:
        raise valgrind.Uncounted(f"{command[0]} is not installed") from None
    except subprocess.TimeoutExpired:
        raise valgrind.Uncounted(f"{command[0]}: no end within 120 s") from None
    if done.returncode != 0:
        raise valgrind.Uncounted(f"{command[0]}: {done.stderr.strip()[-400:]}")


def prepare() -> None:
    """Builds the programs and what counts in them."""
    p.BIN.mkdir(parents=True, exist_ok=True)
    install.compile_c(install.OUR_PROGRAMS)
    modules = WORK / "node_modules"
    modules.mkdir(parents=True, exist_ok=True)
    link = modules / p.OURS
    if not link.is_symlink():
        link.symlink_to(os.path.relpath(ROOT / "bindings" / "node", modules))
    source = Path(__file__).with_name("allocations.c")
    flags = ("-O2", "-std=c11", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC")
    install.run("cc", *flags, "-o", SHIM, source, "-ldl")


def serve(width: int) -> tuple[subprocess.Popen[str], str]:
    command = [sys.executable, str(Path(__file__).with_name("server.py")), str(width)]
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    return server, f"http://127.0.0.1:{int(server.stdout.readline())}/json"


def main() -> int:
    prepare()
    failed = 0
    servers = {}
    for limit in LIMITS:
        width = WIDTH if "in flight" in limit.work else 1
        if width not in servers:
            servers[width] = serve(width)
        try:
            got = limit.count(servers[width][1])
            verdict = "ok" if got <= limit.most else "ABOVE ITS LIMIT"
            told = f"{got:9,.2f} of at most {limit.most:9,.2f}"
        except valgrind.Uncounted as problem:
            verdict, told = "NOT COUNTED", str(problem)
        failed += verdict != "ok"
        print(f"{limit.work:24} {limit.what:14} {told}  {verdict} ({limit.reason})", flush=True)
    for server, _ in servers.values():
        server.communicate()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
