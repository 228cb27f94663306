"""notices.py SBOM METADATA: the licences' texts of what is linked into what is handed out, for people who get it without
its sources; from the list of parts that scripts/sbom.py made and what `cargo metadata` tells. A text that several crates
have stands once. The same input gives the same bytes."""

import json
import re
import sys
from pathlib import Path

HEAD = """\
What is inside libkeepalive besides itself, and the texts of its licences.

libkeepalive is under MIT or Apache-2.0, at your choice (LICENSE-MIT, LICENSE-APACHE). Linked with it are the crates below,
and parts of the compilers that made it: Rust's standard library (MIT OR Apache-2.0, copyright the Rust Project
contributors), and LLVM's libunwind and compiler-rt (Apache-2.0 WITH LLVM-exception, copyright the LLVM contributors).
"""
TEXT = re.compile(r"(licen[sc]e|copying|notice|copyright)", re.IGNORECASE)
RULE = "-" * 78


def texts(folder, licence):
    """The files with texts: the crate's own, and of the C sources it has, in a folder of theirs."""
    own = sorted(file for file in folder.iterdir() if file.is_file() and TEXT.match(file.name))
    choice = " AND " not in licence and " OR " in licence
    if choice and any("mit" in file.name.lower() for file in own):
        # The shortest of those to choose from.
        own = [file for file in own if not re.search(r"apache|unlicense|zlib|0bsd|boost", file.name.lower())]
    return own + sorted(folder.glob("*/LICENSE"))


def main():
    parts, metadata = (json.loads(Path(path).read_text()) for path in sys.argv[1:])
    packages = {(package["name"], package["version"]): package for package in metadata["packages"]}
    having, without = {}, []
    for part in parts["components"]:
        package = packages[part["name"], part["version"]]
        if not package["source"]:
            continue
        licence = part["licenses"][0]["expression"]
        name = f"{part['name']} {part['version']} ({licence})"
        found = texts(Path(package["manifest_path"]).parent, licence)
        for file in found:
            text = "\n".join(line.rstrip() for line in file.read_text().splitlines()).strip("\n")
            having.setdefault(text, []).append(name)
        if not found:
            authors = ", ".join(package["authors"]) or "its authors"
            without.append(f"{name}: copyright {authors}; no text comes with it, {package['repository']}")
    print(HEAD)
    print("\n".join(without))
    for text, names in having.items():
        print(f"\n{RULE}\n" + "\n".join(dict.fromkeys(names)) + f"\n{RULE}\n\n{text}")


main()
