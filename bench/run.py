#!/usr/bin/env python3
"""Measures libkeepalive beside its peers and writes the report. `--help` tells the options."""

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import groups as g
import install
import peers as p
import report
from beside import measure_beside
from instructions import measure_counts
from measure import Result, Settings, measure_group, measure_idle, measure_startup, progress
from server import Server
from sizes import measure_sizes

# Results and page of whole runs; quick and partial ones must not replace them.
RESULTS, DOCS = p.WORK / "results.json", p.ROOT / "docs"
PREVIEW_RESULTS, PREVIEW_DOCS = p.WORK / "preview.json", p.WORK / "preview"

# Workers of the server for idle connections: two descriptors each, and a limit for each worker.
IDLE_WORKERS = 4


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer works, short runs: 4 minutes")
    parser.add_argument("--group", action="append", metavar="NAME", choices=report.SECTIONS,
                        help=f"only this group; may be repeated: {', '.join(report.SECTIONS)}")
    parser.add_argument("--rounds", type=int, help="rounds of every client (default 5; quick 3)")
    parser.add_argument("--reference", metavar="CLIENT", help="ratios in the tables are to it")
    parser.add_argument("--peers", action="store_true", help="install, list every client and end")
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    parser.add_argument("--no-install", action="store_true", help="use what is built already")
    parser.add_argument("--update", action="store_true",
                        help="with --group: put these groups into the last whole run's page")
    parser.add_argument("--render", action="store_true", help="only write docs/ from the last whole run")
    return parser.parse_args()  # fmt: skip


def machine() -> dict[str, str]:
    model = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    return {
        "CPU": f"{model}, {os.cpu_count()} cores",
        "kernel": f"{platform.system()} {platform.release()} {platform.machine()}",
        "C library": " ".join(platform.libc_ver()),
        "load before the run": f"{os.getloadavg()[0]:.2f}",
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
    }


def list_peers() -> None:
    for peer in p.ALL:
        print(f"{'installed' if peer.installed else 'missing':10} {peer.name:24} "
              f"{Path(peer.command[-1]).name}")  # fmt: skip


def measure(wanted: list[str], settings: Settings) -> list[Result]:
    results: list[Result] = []
    with Server(p.WORK / "nginx") as server:
        special: dict[str, Callable[[], list[Result]]] = {
            "startup": lambda: measure_startup(server, settings, progress),
            "sizes": measure_sizes,
            "beside": measure_beside,
            "counts": lambda: measure_counts(server),
        }
        for name in wanted:
            if name in g.GROUPS:
                results += measure_group(name, server, settings, progress)
            elif name in special:
                results += special[name]()
    if "idle" in wanted:
        with Server(p.WORK / "nginx-idle", IDLE_WORKERS) as server:
            results += measure_idle(server, settings, progress)
    return results


def updated(last: dict[str, Any], run: dict[str, Any], groups: list[str]) -> dict[str, Any]:
    """The last whole run with `groups` from a later one; the page names them."""
    kept = [result for result in last["results"] if result["group"] not in groups]
    later = {**last.get("later", {}), **dict.fromkeys(groups, run["machine"]["date"])}
    return {**last, "results": kept + run["results"], "later": later}


def write_docs(run: dict[str, Any], directory: Path) -> None:
    drawn = report.write_charts(run, directory / "bench")
    report.write_page(run, directory / "performance.md", drawn)


def main() -> None:
    options = parse()
    if options.update and (options.quick or not options.group):
        sys.exit("--update needs --group, and no --quick")
    if options.render:
        write_docs(report.load(RESULTS), DOCS)
        return
    if not options.no_install:
        install.install(progress)
    if options.peers:
        list_peers()
        return
    settings = Settings(rounds=3, seconds=0.1, quick=True) if options.quick else Settings()
    settings.rounds = options.rounds or settings.rounds
    started = time.monotonic()
    about = machine()
    results = measure(options.group or list(report.SECTIONS), settings)
    run = {
        "machine": about,
        "versions": install.versions(),
        "settings": vars(settings),
        "seconds": time.monotonic() - started,
        "results": [result.as_json() for result in results],
    }
    if options.update:
        run = updated(report.load(RESULTS), run, options.group)
    whole = options.update or not (options.quick or options.group)
    file, docs = (RESULTS, DOCS) if whole else (PREVIEW_RESULTS, PREVIEW_DOCS)
    file.write_text(json.dumps(run, indent=1) + "\n")
    write_docs(run, docs)
    if options.json:
        json.dump(run, sys.stdout, indent=1)
    else:
        report.print_tables(run, options.reference)
    progress(f"{run['seconds'] / 60:.1f} minutes; results in {file}, page in {docs}")


if __name__ == "__main__":
    main()
