# The list of parts: complete, the same each time, and without what only the build runs or other features have; and the
# texts of their licences.
source "$(dirname "$0")/common.sh"
need python3 python3
published=(--no-default-features --features aws-lc)
"$ROOT/scripts/sbom.sh" list "${published[@]}" >one
"$ROOT/scripts/sbom.sh" list "${published[@]}" >two
"$ROOT/scripts/sbom.sh" texts "${published[@]}" >texts
cmp one two || fail "two runs differ"
python3 - one "$ROOT/docs/licences.md" texts <<'END' || fail "the list is wrong"
import json, sys
told = json.load(open(sys.argv[1]))
assert told["bomFormat"] == "CycloneDX" and told["metadata"]["component"]["version"]
names = {part["bom-ref"]: part for part in told["components"]}
for one in told["dependencies"]:
    assert all(other in names for other in one["dependsOn"]), one
assert {one["ref"] for one in told["dependencies"]} == set(names) | {"libkeepalive"}
crates = {part["name"] for part in told["components"]}
assert {"rustls", "tokio", "keepalive-core", "zstd-sys", "aws-lc-sys", "pyo3", "napi"} <= crates, crates
# Cargo.lock's sums, of all that is not ours.
for part in told["components"]:
    of_this_tree = part["name"].startswith(("keepalive-", "libkeepalive"))
    assert of_this_tree != bool(part.get("hashes")), part
# On aarch64 only.
needs = {one["ref"].split("@")[0]: [other.split("@")[0] for other in one["dependsOn"]] for one in told["dependencies"]}
assert "pkg:cargo/libc" in needs["pkg:cargo/cpufeatures"], needs["pkg:cargo/cpufeatures"]
assert not {"cbindgen", "cc", "serde_derive", "keepalive-origin", "ring"} & crates, crates
# The page of licences has all of them but ours, and what any choice of features would add.
page = {line.split(" | ")[0].lstrip("| ") for line in open(sys.argv[2]) if line.startswith("| ")} - {"crate"}
ours = {name for name in crates if name.startswith(("keepalive-", "libkeepalive"))}
assert crates - ours <= page, crates - ours - page
assert "ring" in page
# Each has its text, or is said to have none; what may be had otherwise is not under a licence that nobody chose.
texts = open(sys.argv[3]).read()
for part in told["components"]:
    if part.get("hashes"):
        assert f"\n{part['name']} {part['version']} (" in texts, part["name"]
for phrase in ("Copyright (c) Meta Platforms, Inc.", "Amazon.com, Inc.", "Permission is hereby granted", "LLVM-exception"):
    assert phrase in texts, phrase
assert "GNU GENERAL PUBLIC LICENSE" not in texts and texts.count("no text comes with it") < 6
END
