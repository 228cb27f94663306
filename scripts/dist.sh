#!/usr/bin/env bash
# dist.sh [source|c|deb|python|node|sbom]...: what is published, into dist/, with SHA256SUMS; without a word all of it.
#   source   libkeepalive-src-VERSION.tar.gz, of the commit that is checked out
#   c        what `make install` makes, for this machine's system
#   deb      libkeepalive1, libkeepalive-dev and python3-libkeepalive, by dpkg-buildpackage (contrib/debian)
#   python   the wheel for glibc 2.17 and newer (manylinux2014), and the sdist
#   node     libkeepalive, and libkeepalive-linux-ARCH-gnu with the addon, for glibc 2.17 and newer
#   sbom     the parts of all of them, CycloneDX
# Nothing of the machine stands in what comes out: not its paths, and of its time only the commit's.
source "$(dirname "$0")/common.sh"
[ $# -gt 0 ] || set -- source c deb python node sbom
umask 022
VERSION=$(version)
SOURCE_DATE_EPOCH=$(source_date)
export SOURCE_DATE_EPOCH LC_ALL=C TZ=UTC
DIST=$ROOT/dist
WORK=$ROOT/target/dist
ARCH=$(uname -m)
TRIPLE=$ARCH-unknown-linux-gnu
GLIBC=2.17
export CARGO_TARGET_DIR=$WORK/cargo
export RUSTFLAGS="--remap-path-prefix=$ROOT=/libkeepalive --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo"
mkdir -p "$DIST" "$WORK"
require cargo "https://rustup.rs"

# pack FOLDER FILE: a tar of FOLDER's inside that is the same each time.
pack() {
    tar -C "$1" --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner \
        --format=gnu -cf - "${@:3}" | gzip -9n >"$2"
}

# Compiles for an old glibc, by zig's compiler.
zigbuild() {
    venv "${BUILD_PACKAGES[@]}" "${DIST_PACKAGES[@]}"
    PATH=$VENV/bin:$PATH PYO3_PYTHON=$VENV/bin/python \
        "$VENV/bin/cargo-zigbuild" build --quiet --release --locked --target "$TRIPLE.$GLIBC" "$@"
}

source_() {
    git archive --format=tar --prefix="libkeepalive-$VERSION/" HEAD | gzip -9n >"$DIST/libkeepalive-src-$VERSION.tar.gz"
}

# The installation of the C library for others to copy.
package=$WORK/package
c_package() {
    [ -z "${have_c:-}" ] || return 0
    have_c=1
    cargo build --quiet --release --locked -p libkeepalive
    scripts/package_c.sh "$package" "$CARGO_TARGET_DIR/release/libkeepalive.a"
}

c() {
    local name=libkeepalive-$VERSION-linux-$ARCH
    rm -rf "$WORK/c"
    c_package
    env KEEPALIVE_PACKAGE="$package" PREFIX="/$name" DESTDIR="$WORK/c" scripts/install.sh install >/dev/null
    pack "$WORK/c" "$DIST/$name.tar.gz" "$name"
}

deb() {
    require dpkg-buildpackage "install the package dpkg-dev"
    require dh "install the package debhelper"
    c_package
    python
    local tree=$WORK/deb/libkeepalive-$VERSION
    rm -rf "$WORK/deb"
    mkdir -p "$tree"
    git archive HEAD | tar -x -C "$tree"
    cp -r contrib/debian "$tree/debian"
    sed "s/@VERSION@/$VERSION/; s/@DATE@/$(date -u -R -d "@$SOURCE_DATE_EPOCH")/" contrib/debian/changelog.in >"$tree/debian/changelog"
    rm "$tree/debian/changelog.in"
    (cd "$tree" && env KEEPALIVE_PACKAGE="$package" KEEPALIVE_WHEEL="$(ls "$DIST"/libkeepalive-"$VERSION"-cp311-abi3-*.whl)" \
        dpkg-buildpackage --build=binary --unsigned-source --unsigned-changes --no-check-builddeps) >"$WORK/deb.log" 2>&1 ||
        die "dpkg-buildpackage failed: $(tail -20 "$WORK/deb.log")"
    cp "$WORK"/deb/*.deb "$DIST"
}

python() {
    [ -z "${have_wheel:-}" ] || return 0
    have_wheel=1
    venv "${BUILD_PACKAGES[@]}" "${DIST_PACKAGES[@]}"
    rm -f "$DIST"/libkeepalive-"$VERSION"-cp*.whl
    PATH=$VENV/bin:$PATH "$VENV/bin/maturin" build --quiet --release --locked --zig --target "$TRIPLE" \
        --compatibility manylinux2014 --manifest-path bindings/python/Cargo.toml \
        --interpreter "$VENV/bin/python" --out "$DIST"
    "$VENV/bin/maturin" sdist --manifest-path bindings/python/Cargo.toml --out "$DIST"
    "$VENV/bin/twine" check --strict "$DIST"/libkeepalive-"$VERSION"-cp*.whl "$DIST/libkeepalive-$VERSION.tar.gz"
    "$VENV/bin/auditwheel" show "$DIST"/libkeepalive-"$VERSION"-cp*.whl | tr -s ' \n' ' ' |
        grep -q 'consistent with the following platform tag: "manylinux_2_17_' || die "the wheel needs a newer glibc"
}

node() {
    require npm "install Node.js 20 or newer"
    zigbuild -p keepalive-node
    local cpu=${ARCH/x86_64/x64} stage=$WORK/node
    cpu=${cpu/aarch64/arm64}
    local platform=libkeepalive-linux-$cpu-gnu
    rm -rf "$stage"
    mkdir -p "$stage/$platform" "$stage/libkeepalive"
    cp "$CARGO_TARGET_DIR/$TRIPLE/release/libkeepalive_node.so" "$stage/$platform/keepalive.node"
    git archive HEAD:bindings/node | tar -x -C "$stage/libkeepalive"
    cp LICENSE-MIT LICENSE-APACHE "$stage/$platform"
    cp LICENSE-MIT LICENSE-APACHE "$stage/libkeepalive"
    command node scripts/npm_manifests.js "$stage" "$platform" "$cpu" "$VERSION"
    find "$stage" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
    local name
    for name in "$platform" libkeepalive; do
        (cd "$stage/$name" && npm pack --silent --ignore-scripts --pack-destination "$DIST" >/dev/null)
    done
}

sbom() {
    cargo metadata --format-version 1 --locked --filter-platform "$TRIPLE" |
        "$(python_command)" scripts/sbom.py "$VERSION" >"$DIST/libkeepalive-$VERSION.cdx.json"
}

for part in "$@"; do
    case $part in
        source) say source && source_ ;;
        c | deb | python | node | sbom) say "$part" && "$part" ;;
        *) die "dist.sh: $part is none of source, c, deb, python, node, sbom" ;;
    esac
done
(cd "$DIST" && find . -type f ! -name SHA256SUMS -printf '%P\n' | sort | xargs sha256sum >SHA256SUMS)
say "in dist/"
cat "$DIST/SHA256SUMS"
