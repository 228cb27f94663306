"""``python -m libkeepalive patch app.py ...``: runs a program whose HTTP libraries use the shared pool."""

from __future__ import annotations

import os
import runpy
import sys

from ._patch import patch_all

USAGE = """\
usage: python -m libkeepalive patch [--quiet] PROGRAM.py [ARGUMENT ...]
       python -m libkeepalive patch [--quiet] -m MODULE [ARGUMENT ...]

Runs the program with the sessions and clients of requests, urllib3, httpx, httpx2, aiohttp and botocore, as far as
they are installed, on one keep-alive connection pool. Says on standard error what it patched, unless --quiet is given.
"""


def main() -> None:
    arguments = sys.argv[1:]
    if arguments[:1] in (["-h"], ["--help"]):
        print(USAGE, end="")
        return
    if arguments[:1] != ["patch"]:
        _refuse("expected: patch" if not arguments else f"unknown command: {arguments[0]}")
    arguments = arguments[1:]
    quiet = arguments[:1] == ["--quiet"]
    if quiet:
        arguments = arguments[1:]
    as_module = arguments[:1] == ["-m"]
    if as_module:
        arguments = arguments[1:]
    if not arguments:
        _refuse("the module is missing behind -m" if as_module else "the program is missing")
    target = arguments[0]
    if target.startswith("-"):
        _refuse(f"unknown option: {target}")
    names = patch_all()
    if not quiet:
        print(f"libkeepalive: patched {', '.join(names) or 'nothing: none of them is installed'}", file=sys.stderr)
    if as_module:
        sys.argv = arguments
        sys.path[0] = os.getcwd()
        runpy.run_module(target, run_name="__main__", alter_sys=True)
        return
    sys.argv = arguments
    sys.path[0] = os.path.dirname(os.path.realpath(target))
    if not os.path.exists(target):
        _refuse(f"no such file: {target}")
    runpy.run_path(target, run_name="__main__")


def _refuse(reason: str) -> None:
    sys.stderr.write(f"libkeepalive: {reason}\n\n{USAGE}")
    raise SystemExit(2)


if __name__ == "__main__":
    main()
