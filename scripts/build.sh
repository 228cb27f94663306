#!/usr/bin/env bash
# build.sh [debug|release]: the C library, the wheel (installed into target/venv) and the addon.
source "$(dirname "$0")/common.sh"
profile=${1:-release}
flags=()
[ "$profile" = release ] && flags=(--release)

require cargo cc
mkdir -p target
venv "${BUILD_PACKAGES[@]}"

say "building the C library and the Node addon ($profile)"
export PYO3_PYTHON=$VENV/bin/python
if [ "$profile" = debug ]; then
    # In one, and core by name: so all have the features that `cargo test` asks for.
    cargo build -p libkeepalive -p keepalive-core -p keepalive-node -p keepalive-origin
else
    cargo build --release -p libkeepalive -p keepalive-node
    cargo build -p keepalive-origin
fi
cp "target/$profile/libkeepalive_node.so" bindings/node/keepalive.node

say "building the wheel and installing it into target/venv"
rm -rf target/wheels
"$VENV/bin/maturin" build --quiet "${flags[@]}" --manifest-path bindings/python/Cargo.toml \
    --interpreter "$VENV/bin/python" --out target/wheels
install_wheel "$VENV"
# The second one is there for the tests only, and complete when it has this file.
[ ! -e "$ADAPTERS_VENV/.requirements" ] || install_wheel "$ADAPTERS_VENV"
