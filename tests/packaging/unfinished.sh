# What dist.sh lays beside the wheel's sources for maturin is gone afterwards, also where maturin fails or Ctrl-C comes.
# All that builds is a stand-in.
source "$(dirname "$0")/common.sh"
# dist.sh takes no path with a space, which WORK has.
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
mkdir -p "$tree"/{scripts,bindings/python,target/venv/bin}
cp "$ROOT/Cargo.toml" "$tree"
cp "$ROOT"/scripts/{common,dist}.sh "$tree/scripts"
(source "$tree/scripts/common.sh" && echo "${BUILD_PACKAGES[*]} ${DIST_PACKAGES[*]}" >"$VENV/.packages")
stand_in() { printf '#!/bin/sh\n%s\n' "$2" >"$tree/$1" && chmod 755 "$tree/$1"; }
stand_in scripts/sbom.sh 'echo "$1"'
stand_in target/venv/bin/python 'cat >/dev/null'
texts=$tree/bindings/python/LICENSE-THIRD-PARTY

# ends STATUS COMMANDS: what maturin does while it builds the wheel, and how dist.sh ends then.
ends() {
    local status=0 said
    stand_in target/venv/bin/maturin "cd '$tree'
case \$1 in
    build) [ -f '$texts' ] && echo built >seen; $2 ;;
    sdist) [ -f '$texts' ] || echo none >seen; exit 9 ;;
esac"
    rm -f "$tree/seen"
    said=$(SOURCE_DATE_EPOCH=0 bash "$tree/scripts/dist.sh" python 2>&1) || status=$?
    [ "$status" = "$1" ] || fail "$2: status $status: $said"
    [ -f "$tree/seen" ] || fail "$2: the wheel was to have the texts, and the sdist not: $said"
    [ ! -e "$texts" ] || fail "$2: the texts are there still"
}
ends 3 'exit 3'
ends 143 'kill -TERM $PPID; sleep 1'
# Who runs this in the background has SIGINT ignored, and gets the 130 all the same.
ends 130 'kill -INT $PPID $$; exit 130'
ends 9 'exit 0'
[ "$(cat "$tree/seen")" = none ] || fail "the sdist has the texts of the wheel"
