#!/usr/bin/env bash
# rustfmt and clippy, warnings are errors.
source "$(dirname "$0")/common.sh"
cargo fmt --all --check
cargo fmt --manifest-path tests/fuzz/Cargo.toml --check
cargo clippy --quiet --all-targets -- -D warnings
export PYO3_PYTHON=${PYO3_PYTHON:-$VENV/bin/python}
cargo clippy --quiet -p keepalive-python -p keepalive-node -- -D warnings
