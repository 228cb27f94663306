"""sbom.py VERSION METADATA TREE LOCK: the parts of what is handed out as CycloneDX 1.5, from files that scripts/sbom.sh
makes: what `cargo metadata` tells of each crate, and what `cargo tree` says is linked into the C library, the wheel or
the addon; and from Cargo.lock, which has the sums of the crates. The same input gives the same bytes."""

import json
import sys
import tomllib
import uuid

PRODUCTS = ("libkeepalive", "keepalive-python", "keepalive-node")


def linked(told, tree):
    """The packages of the tree by name and version, and which of them each one uses."""
    packages = {(package["name"], package["version"]): package for package in told["packages"]}
    edges = {}
    above = []
    for line in filter(str.strip, tree):
        depth, name, version, *_ = line.split()
        number = (name, version.lstrip("v"))
        edges.setdefault(number, set())
        del above[int(depth) :]
        if above:
            edges[above[-1]].add(number)
        above.append(number)
    return packages, edges


def reference(package):
    return f"pkg:cargo/{package['name']}@{package['version']}"


def component(package, sums):
    told = {
        "type": "library",
        "bom-ref": reference(package),
        "name": package["name"],
        "version": package["version"],
        "scope": "required",
        "purl": reference(package),
    }
    # What is of this tree has none.
    checksum = sums.get((package["name"], package["version"]))
    if checksum:
        told["hashes"] = [{"alg": "SHA-256", "content": checksum}]
    if package["license"]:
        told["licenses"] = [{"expression": package["license"].replace("/", " OR ")}]
    if package["repository"]:
        told["externalReferences"] = [{"type": "vcs", "url": package["repository"]}]
    return told


def main():
    version, metadata, tree, lock = sys.argv[1:]
    with open(metadata) as told, open(tree) as lines:
        packages, edges = linked(json.load(told), lines)
    with open(lock, "rb") as locked:
        locked = tomllib.load(locked)["package"]
    sums = {(package["name"], package["version"]): package.get("checksum") for package in locked}
    missing = [name for name in PRODUCTS if not any(packages[number]["name"] == name for number in edges)]
    if missing:
        sys.exit(f"sbom.py: cargo tree has no {', '.join(missing)}")
    parts = sorted((packages[number] for number in edges), key=reference)
    ours = {"type": "library", "bom-ref": "libkeepalive", "name": "libkeepalive", "version": version}
    ours["licenses"] = [{"expression": "MIT OR Apache-2.0"}]
    roots = sorted(reference(part) for part in parts if part["name"] in PRODUCTS)
    dependencies = [{"ref": "libkeepalive", "dependsOn": roots}]
    for number in sorted(edges, key=lambda number: reference(packages[number])):
        used = sorted(reference(packages[other]) for other in edges[number])
        dependencies.append({"ref": reference(packages[number]), "dependsOn": used})
    told = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(dependencies))}",
        "version": 1,
        "metadata": {"component": ours},
        "components": [component(part, sums) for part in parts],
        "dependencies": dependencies,
    }
    json.dump(told, sys.stdout, indent=1)
    print()


main()
