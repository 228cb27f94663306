#!/usr/bin/env bash
# package_c.sh FOLDER [ARCHIVE]: the C library as it is installed, from the static library that cargo built (without
# ARCHIVE: from a release build, made here). FOLDER gets
#   libkeepalive.a    one object, whose only global symbols are the header's functions: a program's own zstd, or
#                     another Rust library, does not meet ours
#   libkeepalive.so   the same object with symbol versions (bindings/c/libkeepalive.map)
#   man/              the manual pages
# CC, LD, AR, NM and OBJCOPY name other tools than gcc's and binutils', UNWIND another library than gcc's that unwinds.
folder=$(realpath -m -- "${1:?package_c.sh FOLDER [ARCHIVE]}")
archive=${2:+$(realpath -m -- "$2")}
source "$(dirname "$0")/common.sh"
CC=${CC:-cc} LD=${LD:-ld} AR=${AR:-ar} NM=${NM:-nm} OBJCOPY=${OBJCOPY:-objcopy} UNWIND=${UNWIND:--lgcc_s}

require cargo "$CC" "$LD" "$AR" "$NM" "$OBJCOPY"
if [ -z "$archive" ]; then
    cargo build --quiet --release -p libkeepalive
    archive=$ROOT/target/release/libkeepalive.a
fi
strip=()
case $archive in */release/*) strip=(--strip-debug) ;; esac
[ -f "$archive" ] || die "$archive is not there: cargo build --release -p libkeepalive makes it"
map=$ROOT/bindings/c/libkeepalive.map
work=$folder.work
rm -rf "$folder" "$work"
mkdir -p "$folder" "$work"

# The functions, and of the archive what they need, in one object with its groups of sections settled: what is made
# local below could else be thrown away for the sake of another library's group of that name.
sed -n 's/^ *\(ka_[a-z0-9_]*\);$/\1/p' "$map" | sort >"$work/functions"
sed 's/^/--undefined=/' "$work/functions" >"$work/roots"
"$LD" -r --gc-sections --force-group-allocation -o "$work/keepalive.o" "@$work/roots" "$archive"
# std's objects carry their bitcode, which other LLVMs' plugins for binutils stumble over.
"$OBJCOPY" "${strip[@]}" --remove-section=.llvmbc --remove-section=.llvmcmd --keep-global-symbols="$work/functions" "$work/keepalive.o"
"$NM" -g --defined-only "$work/keepalive.o" | awk '{print $3}' | sort >"$work/global"
diff "$work/functions" "$work/global" >&2 || die "$archive does not have the header's functions (< header, > archive)"
(cd "$work" && "$AR" rcsD "$folder/libkeepalive.a" keepalive.o)

# rustc gives the linker a version script of its own, beside which there can be no other: so the library is linked here.
"$CC" -shared -o "$folder/libkeepalive.so" "$work/keepalive.o" \
    -Wl,--version-script="$map" -Wl,-soname,libkeepalive.so.1 -Wl,-z,nodelete -Wl,-z,relro -Wl,-z,now \
    -Wl,-z,noexecstack -Wl,--gc-sections -Wl,--no-undefined -Wl,--as-needed \
    "$UNWIND" -lutil -lrt -lpthread -lm -ldl
# zig's own parts say where it is.
[ ${#strip[@]} = 0 ] || "$OBJCOPY" "${strip[@]}" "$folder/libkeepalive.so"

# Without -p, so that crates have the features that other builds of this tree gave them.
cargo run --quiet --bin keepalive-generate -- man "$folder/man" "$(date -u -d "@$(source_date)" +%F)" >/dev/null
rm -rf "$work"
