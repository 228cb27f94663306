#!/usr/bin/env bash
# sbom.sh list|texts FEATURE_OPTION...: the parts of what is handed out, for whatever target, to standard output: what
# cargo builds with these options, and nothing that only other features, tests or the build itself have. `list` is
# CycloneDX, `texts` their licences for people to read.
source "$(dirname "$0")/common.sh"
require cargo
what=${1:-}
case $what in list | texts) shift ;; *) die "sbom.sh: say list or texts" ;; esac
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cargo metadata --format-version 1 --locked "${TARGETS[@]/#/--filter-platform=}" "$@" >"$work/metadata"
for product in libkeepalive keepalive-python keepalive-node; do
    # A tree for each target. A crate's own parts stand below it the first time it is named.
    cargo tree --locked "${TARGETS[@]/#/--target=}" -p "$product" "$@" --edges normal,no-proc-macro --prefix depth \
        --charset ascii --format ' {p}' >>"$work/tree"
done
"$(python_command)" scripts/sbom.py "$(version)" "$work/metadata" "$work/tree" Cargo.lock >"$work/list"
case $what in
    list) cat "$work/list" ;;
    texts) "$(python_command)" scripts/notices.py "$work/list" "$work/metadata" ;;
esac
