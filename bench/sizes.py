"""Bytes on disk: our library, wheel and addon, and the peers' native modules beside them."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

import peers as p
from measure import Result

SHARED_OBJECT, WHEEL, ADDON = "shared object, stripped", "Python package", "Node addon"


def stripped(path: Path) -> int:
    with tempfile.TemporaryDirectory() as directory:
        copy = Path(directory) / "copy"
        shutil.copyfile(path, copy)
        subprocess.run(["strip", str(copy)], check=True)
        return copy.stat().st_size


def newest(paths: Iterable[Path]) -> Path | None:
    return max(paths, key=lambda path: path.stat().st_mtime, default=None)


def measure_sizes() -> list[Result]:
    site = next(p.PYTHON.parent.parent.glob("lib/python3*/site-packages"), Path())
    found: list[tuple[str, str, Path | None]] = [
        (SHARED_OBJECT, p.OURS, existing(p.TARGET / "release" / "libkeepalive.so")),
        (SHARED_OBJECT, "libcurl.so", newest(Path("/usr/lib").glob("*/libcurl.so.4.*"))),
        (f"{WHEEL}: wheel", p.OURS, newest(p.WHEELS.glob("*.whl"))),
        (f"{WHEEL}: native module", p.OURS, newest(site.glob("libkeepalive/_native*.so"))),
        (f"{WHEEL}: native module", "primp", newest(site.glob("primp/*.so"))),
        (f"{WHEEL}: native module", "pyreqwest", newest(site.glob("pyreqwest/*.so"))),
        (ADDON, p.OURS, newest((p.NODE_MODULES / p.OURS).glob("*.node"))),
        (ADDON, "impit", newest(p.NODE_MODULES.glob("impit-*/*.node"))),
    ]
    results = []
    for work, name, path in found:
        if path is not None:
            result = Result("sizes", work, name, name == p.OURS, False)
            size = path.stat().st_size if path.suffix == ".whl" else stripped(path)
            result.add({"size": size})
            results.append(result)
    return results


def existing(path: Path) -> Path | None:
    return path if path.exists() else None
