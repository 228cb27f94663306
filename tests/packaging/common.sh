# Sourced by the other scripts: what they share. WORK is an empty folder, HTTP an origin, KEEPALIVE_PACKAGE what is installed.
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
: "${WORK:?}" "${HTTP:?}" "${KEEPALIVE_PACKAGE:?}"
cd "$WORK"

fail() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }
need() { command -v "$1" >/dev/null || fail "$1 is needed: install the package $2"; }

# install_to PREFIX [VARIABLE=VALUE]...
install_to() { env PREFIX="$1" "${@:2}" make --silent -C "$ROOT" install >/dev/null; }

# answers PROGRAM...: it gets the origin's answer.
answers() {
    local said
    said=$("$@" "$HTTP/ok") || fail "$*: $said"
    [ "$(head -1 <<<"$said")" = 200 ] || fail "$*: $said"
}
