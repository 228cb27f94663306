#!/usr/bin/env bash
# Builds everything and shows one pool in C, Python and Node, over plain HTTP and HTTPS.
# ORIGIN=http://host:port/path runs against that server instead of the built-in one.
# REQUESTS=N changes the number of requests (default 500).
source "$(dirname "$0")/common.sh"
require node
scripts/build.sh release
say "compiling the C program"
gcc -O2 -Iinclude -o target/demo-c bindings/c/examples/demo.c -Ltarget/release -lkeepalive -Wl,-rpath,"$ROOT/target/release"
exec "$VENV/bin/python" scripts/demo.py "$KEEPALIVE_ORIGIN"
