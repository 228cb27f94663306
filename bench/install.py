"""Installs the peers and builds the programs; what is there already is left alone."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import peers as p

APT = {
    "nginx": lambda: shutil.which("nginx") or Path("/usr/sbin/nginx").exists(),
    "libcurl4-openssl-dev": lambda: any(Path("/usr/include").glob("**/curl/curl.h")),
    "golang-go": lambda: shutil.which("go"),
    "openssl": lambda: shutil.which("openssl"),
    "valgrind": lambda: shutil.which("valgrind"),
}
PIP = (
    "urllib3", "requests", "httpx", "httpx2", "pycurl", "curl_cffi", "primp", "pyreqwest", "aiohttp",
    "uvloop",
)  # fmt: skip
NPM = ("undici", "axios", "got", "impit")

# Program -> its sources and what it links with.
C_PROGRAMS = {
    "raw_loop": (("raw_loop.c", "raw.c"), ()),
    "raw_epoll": (("raw_epoll.c", "raw.c"), ()),
    "libcurl_easy": (("libcurl_easy.c",), ("-lcurl",)),
    "libcurl_multi": (("libcurl_multi.c",), ("-lcurl",)),
}
RELEASE = p.TARGET / "release"
OUR_PROGRAMS = {
    name: (
        (f"{name}.c",),
        (f"-I{p.ROOT / 'include'}", f"-L{RELEASE}", f"-Wl,-rpath,{RELEASE}", "-lkeepalive"),
    )
    for name in ("keepalive_send", "keepalive_queue")
}


def install(say: Callable[[str], None]) -> None:
    """Everything; a step that fails is told and leaves its clients out of the run."""
    p.BIN.mkdir(parents=True, exist_ok=True)
    steps = (
        ("system packages", install_apt),
        ("Python peers", install_python),
        ("Node peers", install_node),
        ("C programs", lambda: compile_c(C_PROGRAMS)),
        ("Go program", build_go),
        ("Rust program", build_rust),
        ("libkeepalive", build_ours),
    )
    for name, step in steps:
        say(f"install: {name}")
        try:
            step()
        except subprocess.CalledProcessError as failed:
            say(f"  failed: {' '.join(map(str, failed.cmd))}")


def run(*command: object, cwd: Path = p.ROOT, **env: str) -> None:
    words = [str(word) for word in command]
    subprocess.run(words, cwd=cwd, check=True, env={**os.environ, **env}, stdout=2)


def install_apt() -> None:
    missing = [package for package, there in APT.items() if not there()]
    if not missing:
        return
    sudo = [] if os.geteuid() == 0 else ["sudo"]
    run(*sudo, "apt-get", "update", "-q")
    run(*sudo, "apt-get", "install", "-qy", "--no-install-recommends", *missing)


def install_python() -> None:
    for python, packages in ((p.PYTHON, PIP), (p.NIQUESTS_PYTHON, ("niquests",))):
        environment = python.parent.parent
        if not python.exists():
            run("python3", "-m", "venv", environment)
        run(python, "-m", "pip", "install", "-q", "--disable-pip-version-check", *packages)


def install_node() -> None:
    directory = p.NODE_MODULES.parent
    directory.mkdir(parents=True, exist_ok=True)
    if any(not (p.NODE_MODULES / package).exists() for package in NPM):
        (directory / "package.json").write_text('{"private": true}\n')
        run("npm", "install", "--no-audit", "--no-fund", "--loglevel=error", *NPM, cwd=directory)


def compile_c(programs: dict[str, tuple[tuple[str, ...], tuple[str, ...]]]) -> None:
    flags = ("-O2", "-std=c11", "-Wall", "-Wextra", "-Werror", "-pthread")
    for name, (sources, links) in programs.items():
        run("cc", *flags, "-o", p.BIN / name, *sources, "bench.c", *links, cwd=p.BENCH / "c")


def build_go() -> None:
    run("go", "build", "-o", p.BIN / "go_net_http", ".", cwd=p.BENCH / "go")


def build_rust() -> None:
    target = p.WORK / "rust_peer"
    run("cargo", "build", "-q", "--release", "--target-dir", target, cwd=p.BENCH / "rust_peer")
    shutil.copy2(target / "release" / "rust_peer", p.BIN / "rust_peer")


def build_ours() -> None:
    """The release artefacts as they are shipped: shared object, wheel, addon."""
    run("scripts/build.sh", "release")
    compile_c(OUR_PROGRAMS)
    pip = (p.PYTHON, "-m", "pip", "--disable-pip-version-check")
    run(*pip, "install", "-q", "--no-deps", "--force-reinstall", *p.WHEELS.glob("*.whl"))
    link = p.NODE_MODULES / p.OURS
    if not link.is_symlink():
        link.symlink_to(os.path.relpath(p.ROOT / "bindings" / "node", link.parent))


def versions() -> dict[str, str]:
    """Name and version of everything measured."""
    found = {
        "nginx": first_line(shutil.which("nginx") or "/usr/sbin/nginx", "-v").split("/")[-1],
        "libcurl": first_line("pkg-config", "--modversion", "libcurl"),
        "Go": first_line("go", "version").removeprefix("go version "),
        "rustc": first_line("rustc", "--version").removeprefix("rustc "),
        "Python": first_line(p.PYTHON, "-V").removeprefix("Python "),
        "Node": first_line("node", "-v"),
        "OpenSSL": first_line("openssl", "version").removeprefix("OpenSSL ").split(" (")[0],
    }
    found |= rust_versions(("hyper", "hyper-util", "tokio", "rustls"))
    for python, wanted in ((p.PYTHON, PIP), (p.NIQUESTS_PYTHON, ("niquests",))):
        listed = json.loads(first_line(python, "-m", "pip", "list", "--format=json") or "[]")
        found |= {each["name"]: each["version"] for each in listed if each["name"] in wanted}
    for package in NPM:
        manifest = p.NODE_MODULES / package / "package.json"
        if manifest.exists():
            found[package] = json.loads(manifest.read_text())["version"]
    return {name: version for name, version in found.items() if version}


def rust_versions(wanted: tuple[str, ...]) -> dict[str, str]:
    lock = p.BENCH / "rust_peer" / "Cargo.lock"
    if not lock.exists():
        return {}
    lines = lock.read_text().splitlines()
    pairs = zip(lines, lines[1:], strict=False)
    names = {f'name = "{name}"': name for name in wanted}
    return {names[a]: b.split('"')[1] for a, b in pairs if a in names}


def first_line(*command: object) -> str:
    words = [str(word) for word in command]
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return (done.stdout or done.stderr).strip().splitlines()[0]
