#!/usr/bin/env bash
# msrv.sh: everything that is handed out compiles with the oldest Rust that Cargo.toml promises (rust-version).
source "$(dirname "$0")/common.sh"
oldest=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml)
require cargo
oldest=$oldest.0
if ! cargo "+$oldest" --version >/dev/null 2>&1; then
    require rustup
    say "installing Rust $oldest"
    rustup toolchain install "$oldest" --profile minimal >/dev/null
fi
say "cargo check with Rust $oldest"
venv "${BUILD_PACKAGES[@]}"
export PYO3_PYTHON=$VENV/bin/python
# A folder of its own: what two compilers build would else be built again each time.
cargo "+$oldest" check --quiet --locked --target-dir target/msrv -p libkeepalive -p keepalive-python -p keepalive-node
