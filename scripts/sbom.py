"""sbom.py VERSION: the parts of what is handed out as CycloneDX 1.5, from `cargo metadata` on standard input.

Crates that are linked into the C library, the wheel or the addon, with licence and checksum's source; not those that
run only in the build. The same input gives the same bytes."""

import json
import sys
import uuid

PRODUCTS = ("libkeepalive", "keepalive-python", "keepalive-node")


def linked(told):
    """The packages behind the products by normal dependencies, without macros that run in the compiler."""
    packages = {package["id"]: package for package in told["packages"]}
    nodes = {node["id"]: node for node in told["resolve"]["nodes"]}
    open_ids = [number for number, package in packages.items() if package["name"] in PRODUCTS]
    edges = {}
    while open_ids:
        number = open_ids.pop()
        if number in edges:
            continue
        used = [
            one["pkg"]
            for one in nodes[number]["deps"]
            if any(kind["kind"] is None for kind in one["dep_kinds"]) and not is_macro(packages[one["pkg"]])
        ]
        edges[number] = used
        open_ids.extend(used)
    return packages, edges


def is_macro(package):
    return any("proc-macro" in target["kind"] for target in package["targets"])


def reference(package):
    return f"pkg:cargo/{package['name']}@{package['version']}"


def component(package):
    told = {
        "type": "library",
        "bom-ref": reference(package),
        "name": package["name"],
        "version": package["version"],
        "scope": "required",
        "purl": reference(package),
    }
    if package["license"]:
        told["licenses"] = [{"expression": package["license"].replace("/", " OR ")}]
    if package["repository"]:
        told["externalReferences"] = [{"type": "vcs", "url": package["repository"]}]
    return told


def main():
    version = sys.argv[1]
    packages, edges = linked(json.load(sys.stdin))
    missing = [name for name in PRODUCTS if not any(packages[number]["name"] == name for number in edges)]
    if missing:
        sys.exit(f"sbom.py: cargo metadata has no {', '.join(missing)}")
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
        "components": [component(part) for part in parts],
        "dependencies": dependencies,
    }
    json.dump(told, sys.stdout, indent=1)
    print()


main()
