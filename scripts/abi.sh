#!/usr/bin/env bash
# abi.sh check [HEADER] | update: holds the C ABI against bindings/c/abi/released.*, which is what the last release
# promised. A library made of the header alone says what programs were compiled with: each function, the place of
# each field, each number. New functions, new fields at the end of a struct that has a size, and new numbers pass;
# all else ends with what changed. `update` is for a release, or before the first one.
given=${2:+$(realpath -- "$2")}
source "$(dirname "$0")/common.sh"
require g++ abidiff abidw
header=${given:-$ROOT/include/keepalive.h}
released=$ROOT/bindings/c/abi/released.abi
fields=$ROOT/bindings/c/abi/released.fields
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cp "$header" "$work/keepalive.h"
# Each declaration with a body. As C++, in which the functions use the enums that have their numbers.
{
    printf '#include "keepalive.h"\nextern "C" {\n'
    awk '/^KA_API/ { on = 1; text = "" }
        on { text = text " " $0 }
        on && /;$/ { sub(/^ *KA_API/, "", text); sub(/;$/, " { __builtin_trap(); }", text); print text; on = 0 }' "$header"
    printf '}\n'
} >"$work/every.cc"
(cd "$work" && g++ -std=c++17 -g -O0 -w -fPIC -shared every.cc -o libkeepalive.so.1 \
    -Wl,-soname,libkeepalive.so.1 -Wl,--version-script="$ROOT/bindings/c/libkeepalive.map" -Wl,--undefined-version)

# The fields of the structs and the numbers in order, a line each: abidiff looks neither at names nor, behind what has
# grown, at types of one size.
awk '/^typedef struct \{|^enum ka_/ { open = 1; text = ""; next }
    /^\}/ && open { name = $2; sub(/;/, "", name); n = split(text, lines, "\n")
        for (i = 1; i < n; i++) print (name == "" ? "number" : name) " " lines[i]; open = 0 }
    open && /[;,]$/ && !/^ *\*/ { line = $0; sub(/^ +/, "", line); text = text line "\n" }' "$header" >"$work/fields"

# kept STRUCT: what it had is where it was.
kept() {
    grep "^$1 " "$fields" >"$work/before"
    grep "^$1 " "$work/fields" | head -n "$(wc -l <"$work/before")" | diff "$work/before" - || return 1
}

broken() {
    die "the C ABI has changed: $1. GOVERNANCE.md says what may change; before the first release: scripts/abi.sh update"
}

case ${1:-} in
    check)
        for struct in $(cut -d' ' -f1 "$fields" | sort -u | grep -v '^number$'); do
            kept "$struct" || broken "$struct had other fields"
        done
        gone=$(grep '^number ' "$fields" | grep -vxFf "$work/fields" || true)
        [ -z "$gone" ] || broken "these are gone: $gone"
        abidiff --no-added-syms --suppressions bindings/c/abi/growth.suppr "$released" "$work/libkeepalive.so.1" ||
            broken "programs that were compiled before would break"
        ;;
    update)
        (cd "$work" && abidw --no-show-locs --no-comp-dir-path --no-corpus-path --no-parameter-names \
            libkeepalive.so.1) >"$released"
        cp "$work/fields" "$fields"
        ;;
    *) die "abi.sh: say check or update" ;;
esac
