"""The soak: 256 callers in C, Python and Node against nginx, which reloads every second, and an origin
that misbehaves at random. Nothing may be lost, mixed up or done twice, and nothing may grow.

    run.py SECONDS LIBRARY_DIR

Prints the seed (KEEPALIVE_SEED=N repeats it) and a table; the files of a run stay in target/soak.
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = ROOT / "tests/soak"
DIR = ROOT / "target/soak"

DEADS = {"connectionclosed", "connectionreset"}
CUTS = {"bodytruncated", "headtruncated"}
# Whatever a server does, a request ends in its own answer or in one of these. A 408 is the unasked one
# that was under way when the request was written: nobody can tell it from an answer.
ALLOWED = {
    "chaos GET": DEADS | CUTS | {"408"},
    "chaos PUT": DEADS | CUTS | {"408"},
    "chaos POST": DEADS | CUTS | {"408"},
    "chaos POST+key": DEADS | CUTS | {"408"},
    # nginx finishes what it has begun and closes what is idle: what may be repeated never fails.
    "nginx GET": set(),
    "nginx POST+key": set(),
    "nginx POST": DEADS,
}
# Of all requests to the origin; a race of microseconds.
MOST_408 = 0.01
# Of the requests of each kind, so that the run is not one of errors only.
LEAST_OK = 0.6

# What the second sample, with nothing under way, may have above the first.
GROWTH = {
    # driver: (descriptors, threads, resident KiB), and why not 0: name resolution has up to 16
    # threads, which stay for 10 s after their last use;
    "C": (0, 16, 6 * 1024),  # the allocator's arenas do not all fill up in the first phase
    "Python": (0, 16, 12 * 1024),  # the same, and the interpreter's
    "Node": (0, 16, 40 * 1024),  # V8 keeps pages after a collection
}
# Seconds beyond its time before a run counts as hung: deadline 30, slack 10, settling 2 x 15.
PATIENCE = 75

NGINX = """
daemon off; user root; worker_processes 2; pid {dir}/nginx.pid; error_log {dir}/nginx.log;
events {{ worker_connections 1024; }}
http {{
    access_log off; default_type text/plain;
    client_body_temp_path {dir}/body; proxy_temp_path {dir}/proxy; fastcgi_temp_path {dir}/fastcgi;
    uwsgi_temp_path {dir}/uwsgi; scgi_temp_path {dir}/scgi;
    ssl_certificate {cert}; ssl_certificate_key {key}; ssl_session_cache shared:s:1m;
    add_header X-Id $http_x_id; keepalive_requests 500;
    server {{
        listen 127.0.0.1:{port}; listen 127.0.0.1:{tls_port} ssl;
        location = /echo {{ return 200 "$http_x_id\\n"; }}
        location = /file {{ alias {dir}/file; }}
    }}
}}
"""


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def start_nginx(endpoints: dict) -> tuple[subprocess.Popen, str, str]:
    port, tls_port = free_ports(2)
    (DIR / "file").write_bytes(bytes(i % 251 for i in range(20000)))
    config = DIR / "nginx.conf"
    config.write_text(
        NGINX.format(
            dir=DIR, port=port, tls_port=tls_port,
            cert=endpoints["server_cert_file"], key=endpoints["server_key_file"],
        )
    )  # fmt: skip
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if program is None:
        sys.exit("the soak needs nginx: apt-get install nginx-light")
    process = subprocess.Popen([program, "-e", DIR / "nginx.log", "-p", DIR, "-c", config])
    limit = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", tls_port), 1).close()
            return process, f"http://127.0.0.1:{port}", f"https://localhost:{tls_port}"
        except ConnectionRefusedError:
            if process.poll() is not None or time.monotonic() > limit:
                sys.exit(f"nginx does not start: {(DIR / 'nginx.log').read_text()}")
            time.sleep(0.01)


def compile_driver(library: Path) -> Path:
    program = DIR / "driver-c"
    subprocess.run(
        ["gcc", "-std=c11", "-O1", "-g", "-pthread", "-Wall", "-Wextra", "-Wpedantic", "-Werror",
         "-I", ROOT / "include", HERE / "driver.c", "-o", program,
         "-L", library, "-lkeepalive", f"-Wl,-rpath,{library}"],
        check=True,
    )  # fmt: skip
    return program


def normal(outcome: str) -> str:
    """KA_CONNECTION_CLOSED and ConnectionClosed are one."""
    return outcome.removeprefix("KA_").replace("_", "").lower()


def judge(name: str, result: dict) -> list[str]:
    """What is wrong with a driver's report."""
    bad = [f"{name}: {what}" for what in result["wrong"]]
    counts: dict[str, dict[str, int]] = {}
    for key, count in result["outcomes"].items():
        what, outcome = key.rsplit(" ", 1)
        counts.setdefault(what, {})[normal(outcome)] = count
    for what, allowed in ALLOWED.items():
        outcomes = counts.pop(what, {})
        total = sum(outcomes.values())
        bad += [
            f"{name}: {what} ended {count} times in {outcome}"
            for outcome, count in outcomes.items()
            if outcome not in allowed | {"ok"}
        ]
        if outcomes.get("ok", 0) < LEAST_OK * total or total == 0:
            bad.append(f"{name}: {what}: {outcomes.get('ok', 0)} of {total} answered")
        if outcomes.get("408", 0) > MOST_408 * total:
            bad.append(f"{name}: {what}: {outcomes['408']} unasked 408 of {total}")
    bad += [f"{name}: unknown outcomes {what}: {outcomes}" for what, outcomes in counts.items()]
    stats = result["stats"]
    if stats["opened"] != stats["closed"] or any(
        stats[what] for what in ("idle", "active", "dialing", "waiting")
    ):
        bad.append(f"{name}: the counters do not balance: {stats}")
    warm, end = result["held"]
    for what, before, after, most in zip(
        ("descriptors", "threads", "KiB of memory"), warm, end, GROWTH[name], strict=True
    ):
        if after > before + most:
            bad.append(f"{name}: {before} {what} grew to {after}, allowed are {most} more")
    return bad


def judge_origin(report: dict) -> list[str]:
    bad = [f"origin: {what}" for what in report["wrong"]]
    if len(report["dealt"]) < 10 + 7:
        bad.append(f"origin: not everything was dealt: {report['dealt']}")
    return bad


def soak(seconds: float, library: Path, seed: int) -> list[str]:
    shutil.rmtree(DIR, ignore_errors=True)
    DIR.mkdir(parents=True)
    program = compile_driver(library)
    origin = subprocess.Popen(
        [os.environ.get("KEEPALIVE_ORIGIN", ROOT / "target/debug/keepalive-origin")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    started: list[subprocess.Popen] = [origin]
    done = threading.Event()
    try:
        endpoints = json.loads(origin.stdout.readline())
        nginx, nginx_http, nginx_https = start_nginx(endpoints)
        started.append(nginx)
        reloads = 0

        def reload() -> None:
            nonlocal reloads
            while not done.wait(1):
                nginx.send_signal(signal.SIGHUP)
                reloads += 1

        threading.Thread(target=reload, daemon=True).start()
        warm = min(60.0, seconds / 3)
        places = [
            endpoints["http"], endpoints["https"], nginx_http, nginx_https, endpoints["ca_file"],
            str(seed),
        ]  # fmt: skip
        commands = {
            "C": [program],
            "Python": [sys.executable, HERE / "driver.py"],
            # A small nursery, collected often, says more about what is held.
            "Node": ["node", "--expose-gc", "--max-semi-space-size=2", HERE / "driver.mjs"],
        }
        drivers = {}
        for index, (name, command) in enumerate(commands.items()):
            arguments = [*places, str(1000 * (index + 1)), str(warm), str(seconds - warm)]
            out, err = (open(DIR / f"{name}.{end}", "w+") for end in ("json", "log"))
            drivers[name] = subprocess.Popen(
                [*command, *arguments], stdout=out, stderr=err,
                # Fewer arenas fill up sooner, so that the first sample has most of them.
                env={**os.environ, "MALLOC_ARENA_MAX": "2"},
            )  # fmt: skip
            started.append(drivers[name])
        bad: list[str] = []
        limit = time.monotonic() + seconds + PATIENCE
        for name, driver in drivers.items():
            try:
                code = driver.wait(max(1, limit - time.monotonic()))
            except subprocess.TimeoutExpired:
                bad.append(f"{name}: hangs")
                driver.send_signal(signal.SIGABRT)
                continue
            if code != 0:
                bad.append(f"{name}: exit {code}: {(DIR / f'{name}.log').read_text()[-2000:]}")
        done.set()
        for name in drivers:
            text = (DIR / f"{name}.json").read_text()
            if text.endswith("\n"):
                result = json.loads(text)
                show(name, result)
                bad += judge(name, result)
            elif not bad:
                bad.append(f"{name}: said nothing")
        report = ask(endpoints["http"] + "/_chaos")
        print(f"origin  {report['requests']} requests, {report['repeated']} of them repeated;"
              f" nginx reloaded {reloads} times")  # fmt: skip
        bad += judge_origin(report)
        (DIR / "origin.json").write_text(json.dumps(report, indent=1))
        log = (DIR / "nginx.log").read_text()
        bad += [f"nginx: {line}" for line in re.findall(r".*\[(?:emerg|crit|alert)\].*", log)[:5]]
        return bad
    finally:
        done.set()
        for process in reversed(started):
            if process.poll() is None:
                process.terminate()
                process.wait()


def ask(url: str) -> dict:
    import urllib.request

    with urllib.request.urlopen(url, timeout=30) as response:
        return json.load(response)


def show(name: str, result: dict) -> None:
    warm, end = result["held"]
    failed = result["requests"] - sum(
        count for key, count in result["outcomes"].items() if key.endswith(" ok")
    )
    print(
        f"{name:7} {result['requests']} requests, {failed} errors of the allowed kinds, slowest"
        f" {result['slowest']} s; descriptors {warm[0]} -> {end[0]}, threads {warm[1]} -> {end[1]},"
        f" memory {warm[2]} -> {end[2]} KiB; {result['stats']['opened']} connections opened,"
        f" {result['stats']['reused']} reuses, {result['stats']['replayed']} replays"
    )


def main() -> None:
    seconds, library = float(sys.argv[1]), Path(sys.argv[2]).resolve()
    seed = int(os.environ.get("KEEPALIVE_SEED") or time.time_ns() % (1 << 48))
    print(f"KEEPALIVE_SEED={seed}", flush=True)
    bad = soak(seconds, library, seed)
    if bad:
        print(*bad, f"KEEPALIVE_SEED={seed}, logs in {DIR}", sep="\n")
        sys.exit(1)


main()
