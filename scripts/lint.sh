#!/usr/bin/env bash
# rustfmt, and clippy with warnings as errors: by the oldest Rust that Cargo.toml promises (rust-version), so that all of
# the tree compiles with it, and no newer clippy's opinion comes unasked. Without rustup, or with KEEPALIVE_MSRV=0, by
# the Rust at hand.
source "$(dirname "$0")/common.sh"
require cargo
cargo fmt --all --check
cargo fmt --manifest-path tests/fuzz/Cargo.toml --check
cargo=(cargo)
if [ "${KEEPALIVE_MSRV:-1}" != 0 ] && command -v rustup >/dev/null; then
    oldest=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml).0
    if ! cargo "+$oldest" clippy --version >/dev/null 2>&1; then
        say "installing Rust $oldest"
        rustup toolchain install "$oldest" --profile minimal --component clippy >/dev/null
    fi
    cargo=(cargo "+$oldest")
fi
venv "${BUILD_PACKAGES[@]}"
export PYO3_PYTHON=$VENV/bin/python
say "${cargo[*]} clippy"
# One run: in two, what both depend on would be checked twice.
"${cargo[@]}" clippy --quiet --locked --workspace --all-targets -- -D warnings
