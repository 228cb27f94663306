"""Runs the demo programs and prints what they report, as a table and a bar chart."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REQUESTS = os.environ.get("REQUESTS", "500")
PYTHON = sys.executable


def programs(url, ca):
    """The command of each program: URL, CA file if one is needed, number of requests."""
    tail = arguments(url, ca)
    return [
        [str(ROOT / "target/demo-c"), *tail],
        [PYTHON, str(ROOT / "bindings/python/examples/demo.py"), *tail],
        ["node", str(ROOT / "bindings/node/examples/demo.js"), *tail],
    ]


def arguments(url, ca):
    return [url, *([ca] if ca else []), REQUESTS]


def sharing(url, ca):
    tail = arguments(url, ca)
    return [
        [PYTHON, str(ROOT / "bindings/python/examples/demo_shared.py"), *tail],
        ["node", str(ROOT / "bindings/node/examples/demo_workers.js"), url, REQUESTS],
    ]


def run(command):
    """The JSON lines a program printed; its failure is ours."""
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"error: {' '.join(command)} ended with status {done.returncode}")
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def bar(value, most, width=34):
    return "█" * max(1, round(value / most * width))


def show(title, rows):
    print(f"\n{title}")
    print(f"  {'':16}{'requests':>9}{'opened':>8}{'reused':>8}{'keep-alive':>13}{'new each':>12}{'faster':>8}")
    for row in rows:
        gain = row["new_connection_s"] / max(row["keepalive_s"], 1e-9)
        print(
            f"  {row['language']:16}{row['requests']:>9}{row['opened']:>8}{row['reused']:>8}"
            f"{row['keepalive_s'] * 1000:>10.1f} ms{row['new_connection_s'] * 1000:>9.1f} ms{gain:>7.1f}x"
        )
    most = max(row["new_connection_s"] for row in rows)
    print()
    for row in rows:
        print(f"  {row['language']:16}keep-alive      {bar(row['keepalive_s'], most)} {row['keepalive_s'] * 1000:.1f} ms")
        print(f"  {'':16}new connection  {bar(row['new_connection_s'], most)} {row['new_connection_s'] * 1000:.1f} ms")


def show_sharing(rows):
    print("\nOne pool, shared inside one process")
    for row in rows:
        parts = ", ".join(f"{key} {value}" for key, value in row.items() if key != "language")
        print(f"  {row['language']:28}{parts}")


def main():
    given = os.environ.get("ORIGIN")
    if given:
        show(given, [row for command in programs(given, "") for row in run(command)])
        show_sharing([row for command in sharing(given, "") for row in run(command)])
        return
    with subprocess.Popen([sys.argv[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as origin:
        try:
            ready = json.loads(origin.stdout.readline())
            ca = ready["ca_file"]
            for title, base in (("HTTP", ready["http"]), ("HTTPS", ready["https"])):
                url = f"{base}/json"
                rows = [row for command in programs(url, ca) for row in run(command)]
                show(f"{title}  {url}", rows)
            url = f"{ready['http']}/json"
            show_sharing([row for command in sharing(url, ca) for row in run(command)])
        finally:
            origin.stdin.close()


main()
