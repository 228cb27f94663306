"""A prefork fleet: processes of a few threads each, straight to the server or by HAProxy on a Unix socket.

    python prefork.py http://host:port/path --processes 8 --threads 4 --requests 100 [--unix-socket PATH]
"""

from __future__ import annotations

import argparse
import json
import os
import random
import threading
import time

import libkeepalive


def serve(options: argparse.Namespace) -> dict[str, int]:
    """What a worker does: its threads' requests, with pauses as between a site's visitors."""
    client = libkeepalive.Client(
        trust_env=False, unix_socket=options.unix_socket, idle_timeout=300, timeout=30
    )

    def visitors(seed: int) -> None:
        dice = random.Random(seed)
        for _ in range(options.requests):
            time.sleep(dice.random() * options.pause)
            client.get(options.url).raise_for_status()

    seeds = [os.getpid() * 100 + number for number in range(options.threads)]
    threads = [threading.Thread(target=visitors, args=(seed,)) for seed in seeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stats = client.stats()
    return {"opened": stats.opened, "reused": stats.reused}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--threads", type=int, default=4)
    parser.add_argument("--requests", type=int, default=100)
    parser.add_argument("--pause", type=float, default=0.02, help="seconds between requests, at most")
    parser.add_argument("--unix-socket")
    options = parser.parse_args()
    workers = []
    for _ in range(options.processes):
        reading, writing = os.pipe()
        if not (pid := os.fork()):
            os.write(writing, json.dumps(serve(options)).encode())
            os._exit(0)
        os.close(writing)
        workers.append((pid, reading))
    found = []
    for pid, reading in workers:
        with os.fdopen(reading, "rb") as told:
            found.append(json.loads(told.read()))
        assert os.waitpid(pid, 0)[1] == 0
    print(json.dumps({name: sum(facts[name] for facts in found) for name in ("opened", "reused")}))


if __name__ == "__main__":
    main()
