#!/usr/bin/env bash
# dist.sh [source|c|deb|python|node|sbom]...: what is published, into dist/, with SHA256SUMS; without a word all of it.
#   source   libkeepalive-src-VERSION.tar.gz, of the commit that is checked out
#   c        what `make install` makes
#   deb      libkeepalive1, libkeepalive-dev and python3-libkeepalive, by dpkg-buildpackage (contrib/debian), of what
#            c and python make; for this machine only
#   python   the wheel, and the sdist
#   node     libkeepalive, and libkeepalive-PLATFORM with the addon
#   sbom     the parts of all of them, CycloneDX
# KEEPALIVE_TARGET says for whom c, python and node are: this machine's processor with glibc (the default), or one of
#   x86_64-unknown-linux-gnu  aarch64-unknown-linux-gnu    glibc 2.17 and newer (manylinux2014)
#   x86_64-unknown-linux-musl aarch64-unknown-linux-musl   musl 1.2 and newer (musllinux_1_2)
# RUSTC names another compiler than the rustc of PATH. KEEPALIVE_BUILD_STD=1 is for one that has no library for the target
#   (a distribution's): it is compiled from its sources first, which rustc expects in lib/rustlib/src/rust.
# zig compiles for all of them. Nothing of the machine stands in what comes out: not its paths, and of its time only the
# commit's.
source "$(dirname "$0")/common.sh"
# What zig compiles for cargo first: for maturin it compiles anew.
[ $# -gt 0 ] || set -- source c node deb python sbom
# cargo parts the compiler's flags, in which they stand, at spaces.
[[ $ROOT${CARGO_HOME:-$HOME} != *" "* ]] || die "$ROOT, or where cargo keeps its crates, has a space in its path: packages cannot be made there"
umask 022
VERSION=$(version)
SOURCE_DATE_EPOCH=$(source_date)
export SOURCE_DATE_EPOCH LC_ALL=C TZ=UTC
DIST=$ROOT/dist
WORK=$ROOT/target/dist
TRIPLE=${KEEPALIVE_TARGET:-$(uname -m)-unknown-linux-gnu}
ARCH=${TRIPLE%%-*}
# Cryptography by AWS-LC: docs/tls.md says why.
FEATURES=(--no-default-features --features aws-lc)
export CARGO_TARGET_DIR=$WORK/cargo CARGO_INCREMENTAL=0
require cargo "${RUSTC:-rustc}"
python_command >/dev/null
crates=${CARGO_HOME:-$HOME/.cargo}
sysroot=$("${RUSTC:-rustc}" --print sysroot)
sources=$sysroot/lib/rustlib/src/rust
# Where rustc finds the sources of its library it names these, and else what they are called here last.
export RUSTFLAGS="--remap-path-prefix=$ROOT=/libkeepalive --remap-path-prefix=$crates=/cargo"
RUSTFLAGS="$RUSTFLAGS --remap-path-prefix=$sources=/rustc/$("${RUSTC:-rustc}" -vV | sed -n 's/^commit-hash: //p')"
case $TRIPLE in
    x86_64-unknown-linux-gnu | aarch64-unknown-linux-gnu)
        LIBC=gnu WHEEL=manylinux2014 TAG=manylinux_2_17 RUST_TARGET=$TRIPLE.2.17 ZIG_TARGET=$ARCH-linux-gnu.2.17 SYSTEM=linux-$ARCH
        ;;
    x86_64-unknown-linux-musl | aarch64-unknown-linux-musl)
        LIBC=musl WHEEL=musllinux_1_2 TAG=musllinux_1_2 RUST_TARGET=$TRIPLE ZIG_TARGET=$ARCH-linux-musl SYSTEM=linux-$ARCH-musl
        # rustc would else make static programs only.
        RUSTFLAGS="$RUSTFLAGS -C target-feature=-crt-static"
        ;;
    *) die "KEEPALIVE_TARGET is $TRIPLE: it can be x86_64 or aarch64, then -unknown-linux-gnu or -unknown-linux-musl" ;;
esac
binutils=
[ "$ARCH" = "$(uname -m)" ] || binutils=$ARCH-linux-gnu-
# What a part needs is looked for before anything is built.
for part in "$@"; do
    case $part in
        source) require git gzip ;;
        c) require "$binutils"{ld,ar,nm,objcopy} readelf gzip ;;
        deb)
            [ "$TRIPLE" = "$(uname -m)-unknown-linux-gnu" ] || die "dist.sh deb: without KEEPALIVE_TARGET, for this machine"
            require git ld ar nm objcopy readelf dpkg-buildpackage dh make
            ;;
        node) require git node npm readelf ;;
        python) require readelf ;;
        sbom) ;;
        *) die "dist.sh: $part is none of source, c, deb, python, node, sbom" ;;
    esac
done
mkdir -p "$DIST" "$WORK"
case ${KEEPALIVE_BUILD_STD:-0} in
    0)
        compgen -G "$sysroot/lib/rustlib/$TRIPLE/lib/libstd-*.rlib" >/dev/null ||
            die "Rust has no library for $TRIPLE: rustup target add $TRIPLE installs it, KEEPALIVE_BUILD_STD=1 compiles it"
        ;;
    1)
        [ -f "$sources/library/Cargo.lock" ] ||
            die "KEEPALIVE_BUILD_STD=1 compiles what is in $sources, and nothing is: rustup component add rust-src installs it"
        # A stable cargo, too, is to take -Zbuild-std.
        export RUSTC_BOOTSTRAP=1 CARGO_UNSTABLE_BUILD_STD=std,panic_unwind
        ;;
    *) die "KEEPALIVE_BUILD_STD is $KEEPALIVE_BUILD_STD: it can be 0 or 1" ;;
esac

# pack FOLDER FILE: a tar of FOLDER's inside that is the same each time.
pack() {
    tar -C "$1" --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner \
        --format=gnu -cf - "${@:3}" | gzip -9n >"$2"
}

# Compiles for an old libc, by zig's compiler.
zigbuild() {
    venv "${BUILD_PACKAGES[@]}" "${DIST_PACKAGES[@]}"
    PATH=$VENV/bin:$PATH "$VENV/bin/cargo-zigbuild" build --quiet --release --locked --target "$RUST_TARGET" \
        "${FEATURES[@]}" "$@"
}

# nameless FILE...: none of them names a path of this machine.
nameless() {
    local file found
    for file in "$@"; do
        found=$(grep -aoF -m1 -e "$crates/registry/" -e "$sources/" -e "$ROOT/" "$file" | head -1) || true
        [ -z "$found" ] || [ "$ROOT" = /libkeepalive ] || die "$file names $found: it would differ on another machine"
    done
}

# What is inside, as a list and as its licences' texts: also for what has it inside. One for all targets: each has parts of
# its own.
list=$WORK/libkeepalive-$VERSION.cdx.json
texts=$WORK/LICENSE-THIRD-PARTY
parts() {
    [ -z "${have_parts:-}" ] || return 0
    have_parts=1
    venv "${BUILD_PACKAGES[@]}" "${DIST_PACKAGES[@]}"
    scripts/sbom.sh texts "${FEATURES[@]}" >"$texts"
    scripts/sbom.sh list "${FEATURES[@]}" >"$list"
    "$VENV/bin/python" - "$list" <<'END' || die "$list is not what CycloneDX 1.5 asks for"
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
fault = JsonStrictValidator(SchemaVersion.V1_5).validate_str(open(sys.argv[1]).read())
if fault:
    sys.exit(f"{fault.data.json_path}: {fault.data.message}")
END
}

source_() {
    git archive --format=tar --prefix="libkeepalive-$VERSION/" HEAD | gzip -9n >"$DIST/libkeepalive-src-$VERSION.tar.gz"
}

# The installation of the C library for others to copy.
package=$WORK/package
c_package() {
    [ -z "${have_c:-}" ] || return 0
    have_c=1
    zigbuild -p libkeepalive
    local cc=$WORK/cc-$ZIG_TARGET
    printf '#!/bin/sh\nexec "%s" -m ziglang cc -target %s "$@"\n' "$VENV/bin/python" "$ZIG_TARGET" >"$cc"
    chmod 755 "$cc"
    # What makes the manual pages runs here and now: in the folder of any other build.
    env -u CARGO_TARGET_DIR -u RUSTFLAGS -u CARGO_UNSTABLE_BUILD_STD -u RUSTC_BOOTSTRAP CC="$cc" UNWIND=-lunwind LD="${binutils}ld" AR="${binutils}ar" \
        NM="${binutils}nm" OBJCOPY="${binutils}objcopy" \
        scripts/package_c.sh "$package" "$CARGO_TARGET_DIR/$TRIPLE/release/libkeepalive.a"
    nameless "$package"/libkeepalive.{so,a}
    scripts/old_libc.sh "$LIBC" "$package/libkeepalive.so"
    parts
    cp "$texts" "$package"
}

c() {
    local name=libkeepalive-$VERSION-$SYSTEM
    rm -rf "$WORK/c"
    c_package
    env KEEPALIVE_PACKAGE="$package" PREFIX="/$name" DESTDIR="$WORK/c" scripts/install.sh install >/dev/null
    pack "$WORK/c" "$DIST/$name.tar.gz" "$name"
}

deb() {
    c_package
    python
    local tree=$WORK/deb/libkeepalive-$VERSION
    rm -rf "$WORK/deb"
    mkdir -p "$tree"
    git archive HEAD | tar -x -C "$tree"
    cp -r contrib/debian "$tree/debian"
    sed "s/@VERSION@/$VERSION/; s/@DATE@/$(date -u -R -d "@$SOURCE_DATE_EPOCH")/" contrib/debian/changelog.in >"$tree/debian/changelog"
    rm "$tree/debian/changelog.in"
    (cd "$tree" && env KEEPALIVE_PACKAGE="$package" KEEPALIVE_WHEEL="$(wheel)" \
        dpkg-buildpackage --build=binary --unsigned-source --unsigned-changes --no-check-builddeps) >"$WORK/deb.log" 2>&1 ||
        die "dpkg-buildpackage failed: $(tail -20 "$WORK/deb.log")"
    cp "$WORK"/deb/*.deb "$DIST"
}

wheel() { ls "$DIST"/libkeepalive-"$VERSION"-cp311-abi3-*"$TAG"*_"$ARCH".whl; }

python() {
    [ -z "${have_wheel:-}" ] || return 0
    have_wheel=1
    venv "${BUILD_PACKAGES[@]}" "${DIST_PACKAGES[@]}"
    rm -f "$DIST"/libkeepalive-"$VERSION"-cp311-abi3-*"$TAG"*_"$ARCH".whl
    parts
    # It is of the wheel, not of the sdist, and gone again however this ends.
    trap 'rm -f "$ROOT/bindings/python/${texts##*/}"' EXIT
    cp "$texts" bindings/python
    PATH=$VENV/bin:$PATH "$VENV/bin/maturin" build --quiet --release --locked --zig --target "$TRIPLE" "${FEATURES[@]}" \
        --compatibility "$WHEEL" --sbom-include "$list" --manifest-path bindings/python/Cargo.toml \
        --interpreter "$VENV/bin/python" --out "$DIST"
    rm "bindings/python/${texts##*/}"
    "$VENV/bin/maturin" sdist --manifest-path bindings/python/Cargo.toml --out "$DIST"
    "$VENV/bin/twine" check --strict "$(wheel)" "$DIST/libkeepalive-$VERSION.tar.gz"
    # auditwheel knows musl by the name that it has on Alpine; zig's, libc.so, musl itself knows everywhere.
    [ "$LIBC" = musl ] || "$VENV/bin/auditwheel" show "$(wheel)" | tr -s ' \n' ' ' |
        grep -q "consistent with the following platform tag: \"${TAG}_" || die "the wheel needs a newer libc"
    "$VENV/bin/python" -m zipfile -e "$(wheel)" "$WORK/wheel"
    local files
    mapfile -t files < <(find "$WORK/wheel" -type f)
    nameless "${files[@]}"
    cmp "$texts" "$WORK/wheel/libkeepalive-$VERSION.dist-info/licenses/${texts##*/}"
    scripts/old_libc.sh "$LIBC" "$WORK/wheel/libkeepalive/_native.abi3.so"
    rm -rf "$WORK/wheel"
}

node() {
    zigbuild -p keepalive-node
    local cpu=${ARCH/x86_64/x64} stage=$WORK/node
    cpu=${cpu/aarch64/arm64}
    local platform=libkeepalive-linux-$cpu-$LIBC
    rm -rf "$stage"
    mkdir -p "$stage/$platform" "$stage/libkeepalive"
    cp "$CARGO_TARGET_DIR/$TRIPLE/release/libkeepalive_node.so" "$stage/$platform/keepalive.node"
    nameless "$stage/$platform/keepalive.node"
    scripts/old_libc.sh "$LIBC" "$stage/$platform/keepalive.node"
    git archive HEAD:bindings/node | tar -x -C "$stage/libkeepalive"
    parts
    cp LICENSE-MIT LICENSE-APACHE "$texts" "$stage/$platform"
    cp LICENSE-MIT LICENSE-APACHE "$stage/libkeepalive"
    command node scripts/npm_manifests.js "$stage" "$platform" "$VERSION"
    find "$stage" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
    local name
    for name in "$platform" libkeepalive; do
        (cd "$stage/$name" && npm pack --silent --ignore-scripts --pack-destination "$DIST" >/dev/null)
    done
}

sbom() {
    parts
    cp "$list" "$DIST"
}

for part in "$@"; do
    say "$part"
    "${part/source/source_}"
done
(cd "$DIST" && find . -type f ! -name SHA256SUMS -printf '%P\n' | sort | xargs sha256sum >SHA256SUMS)
say "in dist/"
cat "$DIST/SHA256SUMS"
