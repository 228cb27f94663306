#!/usr/bin/env bash
# Installs the peers, builds ours and runs the comparison; arguments go to bench/run.py.
source "$(dirname "$0")/common.sh"
exec "$(python_command)" bench/run.py "$@"
