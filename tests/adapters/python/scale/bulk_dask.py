"""Fetches many URLs as a job on Dask: batches over the workers, one pool in each worker process.

    python bulk_dask.py http://host/path --urls 100000 --workers 4 --in-flight 64
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from typing import Any

from dask.distributed import Client as Cluster
from dask.distributed import LocalCluster, as_completed, progress

import libkeepalive


def fetch(urls: list[str], client: libkeepalive.AsyncClient, in_flight: int) -> dict[str, Any]:
    """One batch, on a thread of a worker. ``client`` came by pickle: those of all batches have one pool in a
    worker process, and tries and the breaker are the worker's, as connections are."""
    rest = iter(urls)
    failures: list[str] = []
    size = 0

    async def work() -> None:
        nonlocal size
        for url in rest:
            try:
                response = await client.get(url)
                size += len(response.raise_for_status().content)
            except libkeepalive.HTTPError as error:
                failures.append(f"{url}: {type(error).__name__}")

    async def batch() -> None:
        await asyncio.gather(*[work() for _ in range(in_flight)])

    asyncio.run(batch())
    stats = client.stats()
    facts = {"pid": os.getpid(), "opened": stats.opened, "reused": stats.reused}
    return {**facts, "urls": len(urls), "bytes": size, "failures": failures}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--urls", type=int, default=100_000)
    parser.add_argument("--batch", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--threads", type=int, default=1, help="batches that a worker has at a time")
    parser.add_argument("--in-flight", type=int, default=64)
    options = parser.parse_args()
    client = libkeepalive.AsyncClient(
        trust_env=False, retries=2, circuit_breaker=True, max_per_host=64, timeout=30
    )
    urls = [f"{options.url}?n={number}" for number in range(options.urls)]
    batches = [urls[at : at + options.batch] for at in range(0, len(urls), options.batch)]
    with (
        LocalCluster(
            n_workers=options.workers, threads_per_worker=options.threads, dashboard_address=None
        ) as local,
        Cluster(local) as cluster,
    ):
        jobs = cluster.map(fetch, batches, client=client, in_flight=options.in_flight, pure=False)
        if sys.stderr.isatty():
            progress(jobs)  # and on the dashboard, with each task and worker
        by_worker: dict[int, dict[str, Any]] = {}
        total: dict[str, Any] = {"urls": 0, "bytes": 0, "failures": 0}
        for job, found in as_completed(jobs, with_results=True):
            job.release()
            total["urls"] += found["urls"]
            total["bytes"] += found["bytes"]
            total["failures"] += len(found["failures"])
            last = by_worker.setdefault(found["pid"], found)
            if found["opened"] + found["reused"] >= last["opened"] + last["reused"]:
                by_worker[found["pid"]] = found
    total["opened"] = {str(pid): found["opened"] for pid, found in by_worker.items()}
    print(json.dumps(total))


if __name__ == "__main__":
    main()
