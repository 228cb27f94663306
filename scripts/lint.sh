#!/usr/bin/env bash
# rustfmt and clippy, warnings are errors.
source "$(dirname "$0")/common.sh"
cargo fmt --all --check
cargo fmt --manifest-path tests/fuzz/Cargo.toml --check
export PYO3_PYTHON=${PYO3_PYTHON:-$VENV/bin/python}
# One run: in two, what both depend on would be checked twice.
cargo clippy --quiet --workspace --all-targets -- -D warnings
