"""seeds.py FOLDER: writes the seeds of every fuzz target below FOLDER, one folder each.

Those of `response` are the wire cases, so that each new case is also the start of new ones.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from typing import Any

WIRE = Path(__file__).parent.parent / "wire"
#: Longer cases are one rule many times over.
LONGEST = 4096


def to_bytes(value: Any) -> bytes:
    """A byte string as tests/wire/README.md spells it."""
    if isinstance(value, str):
        return value.encode("latin-1")
    if isinstance(value, list):
        return b"".join(map(to_bytes, value))
    if "hex" in value:
        return bytes.fromhex(value["hex"])
    return to_bytes(value["repeat"]) * value["count"]


def circumstances(case: dict[str, Any]) -> bytes:
    """The first bytes of an input of `response`: see src/response.rs."""
    request = case.get("request", {})
    fields = {name.lower(): value.lower() for name, value in request.get("headers", [])}
    if request.get("method") == "HEAD":
        kind = 1
    elif request.get("method") == "CONNECT":
        kind = 2
    elif "upgrade" in fields:
        kind = 3
    elif case.get("after") == "head":
        kind = 5
    elif "close" in fields.get("connection", ""):
        kind = 6
    else:
        kind = 4 if "body" in request else 0
    abrupt = case.get("end") == "rst" or case.get("tls") == "only"
    end = {"fin": 1, "rst": 2}.get(case.get("end", "open"), 0)
    return bytes([kind, 0, 2 if abrupt and end else end, 1, 2, 3, 4])


def responses() -> dict[str, bytes]:
    seeds = {}
    for path in sorted(WIRE.glob("*.toml")):
        for case in tomllib.loads(path.read_text())["case"]:
            response = to_bytes(case["response"])
            if len(response) <= LONGEST:
                seeds[case["name"]] = circumstances(case) + response
    return seeds


def main(folder: Path) -> None:
    for target, seeds in {"response": responses()}.items():
        (folder / target).mkdir(parents=True, exist_ok=True)
        assert len(seeds) > 20, f"only {len(seeds)} seeds for {target}"
        for name, data in seeds.items():
            (folder / target / name).write_bytes(data)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
