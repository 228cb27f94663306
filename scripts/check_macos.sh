#!/usr/bin/env bash
# check_macos.sh [TRIPLE]...: everything that is handed out compiles for macOS on Apple's and Intel's processors. It is
# checked, not linked and not run: zig compiles what is in C, and nothing of Apple's is needed. By hand and weekly
# (.github/workflows/weekly.yml); it takes minutes.
source "$(dirname "$0")/common.sh"
[ $# -gt 0 ] || set -- aarch64-apple-darwin x86_64-apple-darwin
require cargo
venv "${BUILD_PACKAGES[@]}" "${DIST_PACKAGES[@]}"
for triple in "$@"; do
    if [ ! -d "$(rustc --print sysroot)/lib/rustlib/$triple" ]; then
        require rustup
        rustup target add "$triple"
    fi
    say "cargo check for $triple"
    # Without an interpreter pyo3 takes what abi3 promises.
    PATH=$VENV/bin:$PATH PYO3_NO_PYTHON=1 "$VENV/bin/cargo-zigbuild" check --quiet --locked --lib --target "$triple" \
        -p libkeepalive -p keepalive-python -p keepalive-node
done
