# Sourced by the other scripts: strict mode, the repository's root, small helpers.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
ROOT=$PWD
VENV=$ROOT/target/venv
export KEEPALIVE_ORIGIN=$ROOT/target/debug/keepalive-origin

say() { printf '\n\033[1m== %s\033[0m\n' "$*"; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# The newest Python of at least 3.11.
python_command() {
    local candidate
    for candidate in python3 python3.13 python3.12 python3.11; do
        if command -v "$candidate" >/dev/null &&
            "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    die "Python 3.11 or newer is needed"
}

# Makes target/venv with the given packages, once per list.
venv() {
    local stamp=$VENV/.packages want="$*"
    [ "$(cat "$stamp" 2>/dev/null)" = "$want" ] && return
    local python
    python=$(python_command)
    [ -x "$VENV/bin/python" ] || "$python" -m venv "$VENV" ||
        die "$python cannot make a venv; on Debian: apt-get install python3-venv"
    "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check "$@"
    printf '%s' "$want" >"$stamp"
}

require() {
    command -v "$1" >/dev/null || die "$1 is needed: $2"
}
