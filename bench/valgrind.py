"""What one request costs a program, counted by valgrind.

Two runs of different length are compared, so that start-up and warm-up cancel out. No clock is
involved: the counts hold on any machine of the same architecture, also on a busy one.
"""

import re
import subprocess
from collections.abc import Callable, Mapping, Sequence

Command = Callable[[int], Sequence[str]]  # the program that makes so many requests

CALLGRIND = ("--tool=callgrind", "--callgrind-out-file=/dev/null")
COLLECTED = re.compile(r"Collected : (\d+)")
# Heap use is told by memcheck; its checks are switched off, they only cost time.
MEMCHECK = ("--tool=memcheck", "--leak-check=no", "--undef-value-errors=no", "--run-libc-freeres=no")
HEAP_USE = re.compile(r"total heap usage: ([\d,]+) allocs")


class Uncounted(Exception):
    """The program did not run to its end under valgrind."""


def instructions(command: Command, runs: tuple[int, int], env: Mapping[str, str]) -> float:
    return difference(lambda requests: count(CALLGRIND, COLLECTED, command(requests), env), runs)


def allocations(command: Command, runs: tuple[int, int], env: Mapping[str, str]) -> float:
    return difference(lambda requests: count(MEMCHECK, HEAP_USE, command(requests), env), runs)


def difference(measure: Callable[[int], int], runs: tuple[int, int]) -> float:
    """What one more request adds, from a short and a long run."""
    short, long = runs
    return (measure(long) - measure(short)) / (long - short)


def count(
    tool: Sequence[str], pattern: re.Pattern[str], program: Sequence[str], env: Mapping[str, str]
) -> int:
    try:
        done = subprocess.run(
            ["valgrind", *tool, *program], env=env, capture_output=True, text=True
        )
    except FileNotFoundError:
        raise Uncounted("valgrind is not installed") from None
    found = pattern.search(done.stderr)
    if done.returncode != 0 or found is None:
        raise Uncounted(f"valgrind: {done.stderr.strip().splitlines()[-1:]}")
    return int(found[1].replace(",", ""))
