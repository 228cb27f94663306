#!/usr/bin/env bash
# sbom.sh TRIPLE FEATURE_OPTION...: the parts of what is handed out for TRIPLE as CycloneDX, to standard output: what
# cargo builds with these options, and nothing that only other features, tests or the build itself have.
source "$(dirname "$0")/common.sh"
triple=${1:?sbom.sh TRIPLE FEATURE_OPTION...}
shift
require cargo "https://rustup.rs"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cargo metadata --format-version 1 --locked --filter-platform "$triple" "$@" >"$work/metadata"
for product in libkeepalive keepalive-python keepalive-node; do
    # A crate's own parts stand below it the first time it is named.
    cargo tree --locked --target "$triple" -p "$product" "$@" --edges normal,no-proc-macro --prefix depth --charset ascii \
        --format ' {p}' >>"$work/tree"
done
"$(python_command)" scripts/sbom.py "$(version)" "$work/metadata" "$work/tree"
