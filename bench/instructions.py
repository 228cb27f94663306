#!/usr/bin/env python3
"""Instructions and heap allocations of one warm request, counted by valgrind.

Two runs of different length are compared, so that start-up and warm-up cancel out. No clock is
involved: the counts hold on any machine of the same architecture, also on a busy one.
`python3 bench/instructions.py` prints them; run.py puts them into the report.
"""

import re
import subprocess

import groups as g
import peers as p
from measure import Failed, Result, arguments, environment, progress
from peers import Peer
from server import Server

SHORT, LONG = 300, 1_300
CALLGRIND = ("--tool=callgrind", "--callgrind-out-file=/dev/null")
# Heap use is told by memcheck; its checks are switched off, they only cost time.
MEMCHECK = ("--tool=memcheck", "--leak-check=no", "--undef-value-errors=no", "--run-libc-freeres=no")
COLLECTED = re.compile(r"Collected : (\d+)")
ALLOCATIONS = re.compile(r"total heap usage: ([\d,]+) allocs")

WORKS = {
    "1 in flight": ((p.RAW, p.CURL, p.OURS_C), 1),
    "64 in flight": ((p.RAW_EPOLL, p.CURL_MULTI, p.OURS_QUEUE), 64),
}


def counted(tool: tuple[str, ...], pattern: re.Pattern[str], program: list[str], server: Server):
    done = subprocess.run(
        ["valgrind", *tool, *program], env=environment(server), capture_output=True, text=True
    )
    found = pattern.search(done.stderr)
    if done.returncode != 0 or found is None:
        raise Failed(f"valgrind: {done.stderr.strip().splitlines()[-1:]}")
    return int(found[1].replace(",", ""))


def per_request(peer: Peer, in_flight: int, server: Server) -> dict[str, float]:
    def difference(tool: tuple[str, ...], pattern: re.Pattern[str]) -> float:
        counts = []
        for requests in (SHORT, LONG):
            args = arguments(url=server.url("/json"), length=g.SMALL, requests=requests)
            args += arguments(warmup=100, **{"in-flight": in_flight})
            if peer == p.OURS_C:
                # How often the socket is watched is the clock's choice.
                args += ["--busy-poll", "0"]
            counts.append(counted(tool, pattern, [*peer.command, *args], server))
        return (counts[1] - counts[0]) / (LONG - SHORT)

    return {
        "instructions": difference(CALLGRIND, COLLECTED),
        "allocations": difference(MEMCHECK, ALLOCATIONS),
    }


def measure_counts(server: Server, say=progress) -> list[Result]:
    results = []
    for work, (peers, in_flight) in WORKS.items():
        for peer in peers:
            if not peer.installed:
                say(f"  {peer.name}: not installed, left out")
                continue
            result = Result("counts", work, peer.name, peer.ours, peer in (p.CURL, p.CURL_MULTI))
            results.append(result)
            try:
                result.add(per_request(peer, in_flight, server))
            except Failed as failed:
                result.failed = str(failed)
                say(f"  {peer.name}: {failed}")
    return results


def main() -> None:
    with Server(p.WORK / "counts") as server:
        for result in measure_counts(server):
            if result.failed:
                continue
            print(
                f"{result.work:14} {result.peer:20} "
                f"{result.runs['instructions'][0]:10,.0f} instructions/request "
                f"{result.runs['allocations'][0]:8.2f} allocations/request"
            )


if __name__ == "__main__":
    main()
