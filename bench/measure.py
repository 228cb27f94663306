"""Runs the programs: how often, in which order, and what is kept of their result lines."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import groups as g
import peers as p
from peers import Peer
from server import Server

TIMEOUT = 180  # seconds for one program; far beyond the slowest of them
MOST_REQUESTS = 200_000


@dataclass
class Settings:
    """How much is run."""

    rounds: int = 5
    seconds: float = 0.35  # wanted length of one measured run
    quick: bool = False


@dataclass
class Result:
    """What one peer did in one work: every round's values, by metric, in seconds and bytes."""

    group: str
    work: str
    peer: str
    ours: bool
    reference: bool
    runs: dict[str, list[float]] = field(default_factory=dict)
    failed: str = ""

    def add(self, values: dict[str, float]) -> None:
        for metric, value in values.items():
            self.runs.setdefault(metric, []).append(value)

    def as_json(self) -> dict[str, Any]:
        return {**vars(self), "median": {name: median(runs) for name, runs in self.runs.items()}}


class Failed(Exception):
    """A program that did not end with a result line."""


def environment(server: Server, proxied: bool = False) -> dict[str, str]:
    """Trust in the benchmark's CA for clients that can be told in no other way, and the proxies."""
    proxies = {
        "http_proxy": server.url("").rstrip("/"),
        "https_proxy": f"http://127.0.0.1:{server.connect_port}",
        "KEEPALIVE_TRUST_ENV": "1",
        "NODE_USE_ENV_PROXY": "1",
    }
    kept = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    return {
        **kept,
        "NODE_PATH": str(p.NODE_MODULES),
        "NODE_EXTRA_CA_CERTS": str(server.ca),
        "SSL_CERT_FILE": str(server.ca),
        "PYTHONDONTWRITEBYTECODE": "",
        **(proxies if proxied else {}),
    }


def run_program(command: Iterable[str], env: dict[str, str]) -> dict[str, float]:
    """Runs one program to its end; returns its result line."""
    command = list(command)
    try:
        done = subprocess.run(command, env=env, capture_output=True, timeout=TIMEOUT, text=True)
    except subprocess.TimeoutExpired as expired:
        raise Failed(f"no end within {TIMEOUT} s") from expired
    lines = done.stdout.strip().splitlines()
    if done.returncode != 0 or not lines:
        errors = done.stderr.strip().splitlines() or ["no output"]
        # Node prints its version last.
        told = next((line for line in reversed(errors) if "rror" in line), errors[-1])
        raise Failed(f"exit {done.returncode}: {told.strip()}")
    return json.loads(lines[-1])


def arguments(**values: int | str) -> list[str]:
    return [part for name, value in values.items() for part in (f"--{name}", str(value))]


def call(peer: Peer, work: g.Work, server: Server, requests: int, warmup: int) -> dict[str, float]:
    args = arguments(
        url=server.far_url(work.path) if work.far else server.url(work.path, work.tls),
        requests=requests,
        warmup=warmup,
        **work.args,
    )
    if work.tls:
        args += ["--ca", str(server.ca)]
    line = run_program([*peer.command, *args], environment(server, work.proxied))
    values = {
        "time": line["seconds"] / line["requests"],
        "cpu": line["cpu_seconds"] / line["requests"],
    }
    if work.args.get("threads", 1) != 1:
        values["fairness"] = line["slowest"] / line["fastest"] if line["fastest"] else 0.0
    return values


def available(peers: Iterable[Peer], say: Callable[[str], None]) -> list[Peer]:
    found = []
    for peer in peers:
        if peer.installed:
            found.append(peer)
        else:
            say(f"  {peer.name}: not installed, left out")
    return found


def in_rounds(
    peers: list[Peer],
    results: dict[Peer, Result],
    rounds: int,
    once: Callable[[Peer], dict[str, float]],
    say: Callable[[str], None],
) -> None:
    """A B C, B C A, C A B: each round begins with another peer, so that none is always first."""
    for turn in range(rounds):
        start = turn % max(1, len(peers))
        for peer in peers[start:] + peers[:start]:
            if results[peer].failed:
                continue
            try:
                results[peer].add(once(peer))
            except Failed as failed:
                results[peer].failed = str(failed)
                say(f"  {peer.name}: {failed}")


def measure_work(
    group: str, work: g.Work, server: Server, settings: Settings, rounds: int, say: Any
) -> list[Result]:
    """Finds out how many requests each peer makes in the wanted time, then measures in rounds."""
    peers = available(work.peers, say)
    results = {
        peer: Result(group, work.name, peer.name, peer.ours, peer == work.reference)
        for peer in peers
    }
    counts: dict[Peer, int] = {}
    for peer in peers:
        try:
            pace = call(peer, work, server, work.first, max(1, work.first // 2))
        except Failed as failed:
            results[peer].failed = str(failed)
            say(f"  {peer.name}: {failed}")
            continue
        wanted = int(settings.seconds * work.longer / pace["time"])
        counts[peer] = min(MOST_REQUESTS, max(work.least, wanted))

    def once(peer: Peer) -> dict[str, float]:
        # Each thread warms up by itself.
        warmup = max(1, counts[peer] // 3 // int(work.args.get("threads", 1)))
        return call(peer, work, server, counts[peer], warmup)

    in_rounds(peers, results, rounds, once, say)
    return list(results.values())


def measure_group(name: str, server: Server, settings: Settings, say: Any) -> list[Result]:
    group = g.GROUPS[name]
    rounds = settings.rounds
    if not settings.quick:
        rounds = max(1, round(rounds * group.rounds))
    results = []
    for work in group.works:
        if settings.quick and not work.quick:
            continue
        started = time.monotonic()
        say(f"{name}: {work.name}")
        results += measure_work(name, work, server, settings, rounds, say)
        say(f"  {time.monotonic() - started:.0f} s")
    return results


def measure_idle(server: Server, settings: Settings, say: Any) -> list[Result]:
    """One run each: the numbers do not vary."""
    results = []
    for tls in (False,) if settings.quick else (False, True):
        wanted = g.IDLE_QUICK if settings.quick else g.IDLE_TLS if tls else g.IDLE_PLAIN
        wanted = min(wanted, server.most_connections)
        work = "TLS" if tls else "plain"
        say(f"idle: {wanted} connections, {work}")
        for peer in available(g.IDLE_PEERS, say):
            result = Result("idle", work, peer.name, peer.ours, peer == p.CURL_MULTI)
            results.append(result)
            args = arguments(
                url=server.url("/held/", tls), mode="idle", length=2, requests=wanted
            )
            args += ["--ca", str(server.ca)] if tls else []
            try:
                line = run_program([*peer.command, *args], environment(server))
                if line["connections"] < wanted:
                    raise Failed(f"only {line['connections']} of {wanted} connections")
                result.add(
                    {
                        "memory": line["bytes"] / wanted,
                        "idle_cpu": line["idle_cpu_seconds"] / line["idle_seconds"],
                    }
                )
            except Failed as failed:
                result.failed = str(failed)
                say(f"  {peer.name}: {failed}")
    return results


STARTUP = {
    "python": ("urllib3", "requests", "httpx", "aiohttp", "pycurl", "primp", "pyreqwest", p.OURS),
    "node": ("http", "undici", "axios", "impit", p.OURS),
}


def measure_startup(server: Server, settings: Settings, say: Any) -> list[Result]:
    """Fresh processes: the time of the import, and of a client's making and first request."""
    say("startup: import and first request")
    results: dict[Peer, Result] = {}
    for language, modules in STARTUP.items():
        work = {"python": "Python import", "node": "Node require"}[language]
        for module in modules:
            if language == "python":
                peer = p.python(module, "startup.py", module)
            else:
                peer = p.node(module, "startup.js", None if module == "http" else module)
            if not peer.installed:
                say(f"  {module} ({language}): not installed, left out")
                continue
            reference = module in ("requests", "undici")
            results[peer] = Result("startup", work, module, peer.ours, reference)

    def once(peer: Peer) -> dict[str, float]:
        args = arguments(url=server.url("/json"), module=peer.name, length=g.SMALL)
        return run_program([*peer.command, *args], environment(server))

    peers = list(results)
    for peer in peers:  # fills the page cache and Python's byte code
        try:
            once(peer)
        except Failed as failed:
            results[peer].failed = str(failed)
            say(f"  {peer.name}: {failed}")
    in_rounds(peers, results, settings.rounds, once, say)
    return list(results.values())


def progress(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
