#!/usr/bin/env bash
# dist.sh [source|c|sbom]...: what is published, into dist/, with SHA256SUMS; without a word all of it.
#   source   libkeepalive-src-VERSION.tar.gz, of the commit that is checked out
#   c        what `make install` makes, for this machine's system
#   sbom     the parts of all of them, CycloneDX
# Nothing of the machine stands in what comes out: not its paths, and of its time only the commit's.
source "$(dirname "$0")/common.sh"
[ $# -gt 0 ] || set -- source c sbom
umask 022
VERSION=$(version)
SOURCE_DATE_EPOCH=$(source_date)
export SOURCE_DATE_EPOCH LC_ALL=C TZ=UTC
DIST=$ROOT/dist
WORK=$ROOT/target/dist
ARCH=$(uname -m)
TRIPLE=$ARCH-unknown-linux-gnu
export CARGO_TARGET_DIR=$WORK/cargo
export RUSTFLAGS="--remap-path-prefix=$ROOT=/libkeepalive --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo"
mkdir -p "$DIST" "$WORK"
require cargo "https://rustup.rs"

# pack FOLDER FILE: a tar of FOLDER's inside that is the same each time.
pack() {
    tar -C "$1" --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner \
        --format=gnu -cf - "${@:3}" | gzip -9n >"$2"
}

source_() {
    git archive --format=tar --prefix="libkeepalive-$VERSION/" HEAD | gzip -9n >"$DIST/libkeepalive-src-$VERSION.tar.gz"
}

# The installation of the C library for others to copy.
package=$WORK/package
c_package() {
    [ -f "$package/libkeepalive.so" ] && return
    cargo build --quiet --release --locked -p libkeepalive
    scripts/package_c.sh "$package" "$CARGO_TARGET_DIR/release/libkeepalive.a"
}

c() {
    local name=libkeepalive-$VERSION-linux-$ARCH
    rm -rf "$package" "$WORK/c"
    c_package
    env KEEPALIVE_PACKAGE="$package" PREFIX="/$name" DESTDIR="$WORK/c" scripts/install.sh install >/dev/null
    pack "$WORK/c" "$DIST/$name.tar.gz" "$name"
}

sbom() {
    cargo metadata --format-version 1 --locked --filter-platform "$TRIPLE" |
        "$(python_command)" scripts/sbom.py "$VERSION" >"$DIST/libkeepalive-$VERSION.cdx.json"
}

for part in "$@"; do
    case $part in
        source) say source && source_ ;;
        c | sbom) say "$part" && "$part" ;;
        *) die "dist.sh: $part is none of source, c, sbom" ;;
    esac
done
(cd "$DIST" && find . -type f ! -name SHA256SUMS -printf '%P\n' | sort | xargs sha256sum >SHA256SUMS)
say "in dist/"
cat "$DIST/SHA256SUMS"
