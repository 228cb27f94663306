#!/usr/bin/env python3
"""Instructions and heap allocations of one warm request, of ours and of libcurl's.

`python3 bench/instructions.py` prints them; run.py puts them into the report, and tests/cost/run.py
holds ours below committed limits.
"""

import groups as g
import peers as p
import valgrind
from measure import Result, arguments, environment, progress
from peers import Peer
from server import Server

RUNS = (300, 1_300)

WORKS = {
    "1 in flight": ((p.RAW, p.CURL, p.OURS_C), 1),
    "64 in flight": ((p.RAW_EPOLL, p.CURL_MULTI, p.OURS_QUEUE), 64),
}


def command(peer: Peer, url: str, in_flight: int) -> valgrind.Command:
    """The warm GETs of `peer`, so many as it is called with."""

    def program(requests: int) -> list[str]:
        args = arguments(url=url, length=g.SMALL, requests=requests, warmup=2 * max(in_flight, 50))
        args += arguments(**{"in-flight": in_flight})
        if peer == p.OURS_C:
            # How often the socket is watched is the clock's choice.
            args += ["--busy-poll", "0"]
        return [*peer.command, *args]

    return program


def measure_counts(server: Server, say=progress) -> list[Result]:
    results = []
    for work, (peers, in_flight) in WORKS.items():
        for peer in peers:
            if not peer.installed:
                say(f"  {peer.name}: not installed, left out")
                continue
            result = Result("counts", work, peer.name, peer.ours, peer in (p.CURL, p.CURL_MULTI))
            results.append(result)
            program = command(peer, server.url("/json"), in_flight)
            try:
                env = environment(server)
                result.add(
                    {
                        "instructions": valgrind.instructions(program, RUNS, env),
                        "allocations": valgrind.allocations(program, RUNS, env),
                    }
                )
            except valgrind.Uncounted as failed:
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
