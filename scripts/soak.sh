#!/usr/bin/env bash
# 256 callers in three languages against a reloading nginx and a misbehaving origin, for SOAK_SECONDS
# (default 600). KEEPALIVE_SEED=N repeats a run.
source "$(dirname "$0")/common.sh"
scripts/setup.sh
scripts/build.sh release
exec "$VENV/bin/python" tests/soak/run.py "${SOAK_SECONDS:-600}" target/release
