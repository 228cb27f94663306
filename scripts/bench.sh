#!/usr/bin/env bash
# Builds the release artefacts and runs the comparison; arguments go to bench/run.py.
source "$(dirname "$0")/common.sh"
scripts/build.sh release
exec "$(python_command)" bench/run.py "$@"
