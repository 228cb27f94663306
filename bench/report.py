"""Writes what was measured: tables on the terminal, JSON, SVG charts and docs/performance.md."""

import json
from pathlib import Path
from typing import Any

import groups as g
import peers as p
from chart import chart
from targets import TARGETS, Key
from units import METRICS, written

# Groups in the order of the report: title, what it means, metrics (the first two are charted).
SECTIONS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    **{name: (group.title, group.means, ("time", "cpu")) for name, group in g.GROUPS.items()},
    "threads": (g.GROUPS["threads"].title, g.GROUPS["threads"].means, ("time", "cpu", "fairness")),
    "beside": (
        "Beside a response that never ends",
        "One small request after the other on the queue, while a response that always has more is "
        "read on the same engine. Its turns are bounded, and this is what a neighbour waits.",
        ("median_latency", "late_latency", "most_latency"),
    ),
    "idle": ("Idle connections", g.IDLE_MEANS, ("memory", "idle_cpu")),
    "startup": (
        "Start-up",
        "A fresh process: the import, then a client's making and its first request.",
        ("import", "first_request"),
    ),
    "sizes": (
        "Sizes",
        "Bytes on disk. Native modules are stripped; a wheel is compressed.",
        ("size",),
    ),
    "counts": (
        "Instructions and allocations",
        "Counted by valgrind for one warm GET of 47 bytes, as the difference of two run lengths. "
        "The kernel's work is not in it; clocks and other load do not matter.",
        ("instructions", "allocations"),
    ),
}

# Not clients but limits: what a program that can do only this one request needs.
LIMITS = {p.RAW.name, p.RAW_EPOLL.name, p.SOCKET.name}
NOTABLE = 1.05  # smaller differences are within the spread of the runs

FAIR_PLAY = """\
- One nginx on loopback serves everybody; clients are run one at a time, each in its own process.
- Same URL (an IP address, so nobody resolves names), same body, and every program checks the
  length of every body it reads.
- Keep-alive is on in every client, its pool holds all requests in flight, and HTTP/1.1 is spoken.
- Each client is used as its documentation advises for speed: one client object, options set once,
  large buffers for large bodies, no look at the environment for each request, no impersonation.
- Warm-up requests are not counted. Then each program makes a fixed number of requests; the number
  is chosen for each client so that a run takes about as long as the others'.
- Rounds are interleaved (A B C, B C A, C A B), and the figures are medians over the rounds.
- CPU is what the client's process used (user and system, all its threads), by `getrusage`. The
  server's is not in it, so a client that is faster than the server shows it here only.
- TLS is 1.3 with one cipher suite for everybody."""

EARLY_DATA = (
    "With `tls_early_data` a GET on a new connection that resumes a session takes one round trip "
    "less: against nginx with `ssl_early_data on`, 100 ms there and back, 0.21 s instead of 0.31 s "
    "(`early_data_saves_a_round_trip` in `tests/network` measures and prints it)."
)

READING = """\
- **time/request** is what a caller waits. With one request in flight most of it is the server, the
  kernel and two threads being woken, not the client: libcurl spends 59,000 instructions where the
  raw loop spends 1,400, and is slower by far less than that. A ratio in time cannot fall below
  what the server itself needs, which is what keeps some targets out of reach here.
- **client CPU/request** is what the client costs the machine, whatever it waits for.
- libkeepalive can be faster than the raw loop because that one sleeps in `recv` and has to be
  woken. Where a server answers within 50 us, ours watches the socket instead (`busy_poll`), for at
  most that long and only on connections where it has paid; the CPU column shows what that costs.
- With 64 or 512 in flight nobody sleeps; time and CPU are then the client's own work, until the
  server is the slower side.
- Large bodies are bound by copying them out of the kernel: all good clients come close to the raw
  loop, and CPU tells them apart."""


def load(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text())


def medians(results: list[dict]) -> dict[Key, dict[str, float]]:
    return {(r["group"], r["work"], r["peer"]): r["median"] for r in results if not r["failed"]}


def works_of(results: list[dict], group: str) -> dict[str, list[dict]]:
    works: dict[str, list[dict]] = {}
    for result in results:
        if result["group"] == group:
            works.setdefault(result["work"], []).append(result)
    return works


def reference_of(rows: list[dict], wanted: str | None) -> dict | None:
    """The row that ratios are to: the one asked for, else the work's own."""
    measured = [row for row in rows if row["median"]]
    named = [row for row in measured if row["peer"] == wanted]
    return next(iter(named or [row for row in measured if row["reference"]]), None)


def table(rows: list[dict], metrics: tuple[str, ...], wanted: str | None) -> list[list[str]]:
    """Rows of cells: peer, then each metric with its ratio to the reference."""
    reference = reference_of(rows, wanted)
    first = metrics[0]
    heading = ["client"]
    for metric in metrics:
        heading += [METRICS[metric].title]
        if reference is not None and metric in metrics[:2]:
            heading += [f"x {reference['peer']}"]
    cells = [heading]
    measured = [row for row in rows if row["median"] and not row["failed"]]
    for row in sorted(measured, key=lambda row: row["median"][first]):
        line = [row["peer"]]
        for metric in metrics:
            value = row["median"].get(metric)
            line += ["" if value is None else written(metric, value)]
            if reference is not None and metric in metrics[:2]:
                base = reference["median"].get(metric)
                line += [f"{value / base:.2f}" if base and value is not None else ""]
        cells.append(line)
    return cells


def on_terminal(cells: list[list[str]]) -> str:
    widths = [max(len(row[i]) for row in cells) for i in range(len(cells[0]))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if i else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in cells
    )


def in_markdown(cells: list[list[str]]) -> str:
    rule = ["---"] + ["---:"] * (len(cells[0]) - 1)
    bold = [[f"**{c}**" for c in row] if row[0].startswith(p.OURS) else row for row in cells]
    return "\n".join("| " + " | ".join(row) + " |" for row in [bold[0], rule, *bold[1:]])


def print_tables(run: dict[str, Any], reference: str | None) -> None:
    for group, (title, _, metrics) in SECTIONS.items():
        for work, rows in works_of(run["results"], group).items():
            print(f"\n{title}: {work}\n{on_terminal(table(rows, metrics, reference))}")
            for row in rows:
                if row["failed"]:
                    print(f"{row['peer']}: failed: {row['failed']}")
    print("\nTargets")
    for line in target_lines(run["results"])[1:]:
        print(f"  {line[3] or '-':8} {line[2]:>12}  (limit {line[1]})  {line[0]}")


def write_charts(run: dict[str, Any], directory: Path) -> list[str]:
    """One SVG for each group that was measured; returns their groups."""
    directory.mkdir(parents=True, exist_ok=True)
    drawn = []
    for group, (title, _, metrics) in SECTIONS.items():
        rows = [r for r in run["results"] if r["group"] == group and r["median"]]
        if not rows:
            continue
        second = metrics[1] if len(metrics) > 1 else None
        (directory / f"{group}.svg").write_text(chart(title, rows, metrics[0], second))
        drawn.append(group)
    return drawn


def target_lines(results: list[dict]) -> list[list[str]]:
    known = medians(results)
    lines = [["target", "limit", "measured", "verdict"]]
    for target in TARGETS:
        value = target.measured(known)
        limit = f"{'≥' if target.at_least else '≤'} {target.written(target.limit)}"
        if value is None:
            lines.append([target.text, limit, "not measured", ""])
        else:
            verdict = "met" if target.met(value) else "not met"
            lines.append([target.text, limit, target.written(value), verdict])
    return lines


def emphasised(lines: list[list[str]]) -> list[list[str]]:
    """Targets that are not met stand out."""
    return [[*rest, "**not met**" if last == "not met" else last] for *rest, last in lines]


def losses(results: list[dict]) -> list[str]:
    """Every work and metric in which a client does better than our best form of it."""
    found = []
    for group, (_, _, metrics) in SECTIONS.items():
        for work, rows in works_of(results, group).items():
            measured = [row for row in rows if not row["failed"]]
            for metric in metrics:
                loss = lost(measured, metric)
                if loss:
                    found.append(f"{SECTIONS[group][0]}, {work}, {METRICS[metric].title}: {loss}")
    return found


def lost(rows: list[dict], metric: str) -> str:
    sign = -1 if METRICS[metric].more_is_better else 1
    ours = [row for row in rows if row["ours"] and metric in row["median"]]
    if not ours:
        return ""
    best = min(ours, key=lambda row: sign * row["median"][metric])
    mine = best["median"][metric]
    better = []
    for row in rows:
        theirs = row["median"].get(metric)
        if row["ours"] or row["peer"] in LIMITS or theirs is None:
            continue
        if sign * mine > sign * theirs and max(mine, theirs) > NOTABLE * min(mine, theirs):
            better.append(f"{row['peer']} {written(metric, theirs)}")
    return f"{', '.join(better)}; {best['peer']} {written(metric, mine)}" if better else ""


def failures(results: list[dict]) -> list[str]:
    return [
        f"{SECTIONS[r['group']][0]}, {r['work']}, {r['peer']}: {r['failed']}"
        for r in results
        if r["failed"]
    ]


def later(groups: dict[str, str]) -> list[str]:
    """Says which groups were measured again, with a newer libkeepalive, after the whole run."""
    told = [f"{SECTIONS[name][0]} ({date})" for name, date in groups.items()]
    return [f"Measured again after the whole run: {', '.join(told)}."] if told else []


def write_page(run: dict[str, Any], page: Path, drawn: list[str]) -> None:
    machine = run["machine"]
    losing = losses(run["results"])
    failed = failures(run["results"])
    parts = [
        "# Performance",
        "Written by `make bench` from its last run; `bench/README.md` says how to run it and how "
        "to add a client. Every figure is from one run on one machine: compare within a table, "
        "not between machines.",
        "## Machine and versions",
        "\n".join(f"- {name}: {value}" for name, value in machine.items()),
        "| client or tool | version |\n|---|---|\n"
        + "\n".join(f"| {name} | {version} |" for name, version in run["versions"].items()),
        *later(run.get("later", {})),
        "## Fair play",
        FAIR_PLAY,
        f"{run['settings']['rounds']} rounds of about {run['settings']['seconds']} s for each "
        "client and work (fewer rounds for the groups with long runs).",
        "## How to read the figures",
        READING,
        "## Targets",
        "Ratios are of medians in this run: our time over the named client's; smaller is better. "
        "Values without `x` are our own.",
        in_markdown(emphasised(target_lines(run["results"]))),
        "## Where we lose",
        f"Every work and figure in which a client beats the best form of {p.OURS} by more than "
        f"{NOTABLE - 1:.0%}. The raw loops are not clients but limits, and are left out here.",
        "\n".join(f"- {line}" for line in losing) or "Nowhere in this run.",
        "What limits large bodies and idle connections: [a page of its own](bodies.md).",
    ]
    parts += ["## 0-RTT", EARLY_DATA]
    if failed:
        parts += ["## What failed", "\n".join(f"- {line}" for line in failed)]
    for group in drawn:
        title, means, metrics = SECTIONS[group]
        parts += [f"## {title}", means, f"![{title}](bench/{group}.svg)"]
        for work, rows in works_of(run["results"], group).items():
            parts += [f"### {title}: {work}", in_markdown(table(rows, metrics, None))]
    page.write_text("\n\n".join(parts) + "\n")
