#!/usr/bin/env bash
# install.sh install|uninstall: the C library to and from PREFIX (/usr/local), its libraries in LIBDIR (PREFIX/lib),
# headers in INCLUDEDIR (PREFIX/include) and pages in MANDIR (PREFIX/share/man), all below DESTDIR (nothing). What is
# installed can be moved as a whole: the .pc and CMake files find it from where they are. KEEPALIVE_PACKAGE names a
# folder of scripts/package_c.sh that is there already.
source "$(dirname "$0")/common.sh"
DESTDIR=${DESTDIR:-}
PREFIX=${PREFIX:-/usr/local}
LIBDIR=${LIBDIR:-$PREFIX/lib}
INCLUDEDIR=${INCLUDEDIR:-$PREFIX/include}
MANDIR=${MANDIR:-$PREFIX/share/man}
for name in PREFIX LIBDIR INCLUDEDIR MANDIR; do
    [ "${!name:0:1}" = / ] || die "$name is \"${!name}\": an absolute path is needed"
    path=$(realpath -m -s -- "${!name}")
    printf -v "$name" %s "$path"
done
VERSION=$(version)
# Programs ask for libkeepalive.so.1, whatever the package's version is: before 1.0 that is the ABI's first.
case $VERSION in 0.*) LIBRARY=libkeepalive.so.1.0.0 ;; *) LIBRARY=libkeepalive.so.$VERSION ;; esac

lib=$DESTDIR$LIBDIR
include=$DESTDIR$INCLUDEDIR
man=$DESTDIR$MANDIR
share=$DESTDIR$PREFIX/share/libkeepalive
pkgconfig=$lib/pkgconfig
cmake=$lib/cmake/keepalive

# fill TEMPLATE FILE: paths are said from the folder of FILE, so that the whole can be moved.
fill() {
    local from=${2%/*}
    up() { realpath -m -s --relative-to="${from#"$DESTDIR"}" -- "$1" | sed 's/[&|\\]/\\&/g'; }
    sed -e "s|@PREFIX@|$(up "$PREFIX")|g" -e "s|@LIBDIR@|$(up "$LIBDIR")|g" \
        -e "s|@INCLUDEDIR@|$(up "$INCLUDEDIR")|g" -e "s|@VERSION@|$VERSION|g" -e "s|@LIBRARY@|$LIBRARY|g" \
        "bindings/c/$1" >"$2"
    chmod 644 "$2"
}

put_in() {
    local package=${KEEPALIVE_PACKAGE:-$ROOT/target/package}
    if [ -z "${KEEPALIVE_PACKAGE:-}" ]; then
        # As root with no Rust of root's own: what was built before.
        if command -v cargo >/dev/null; then
            scripts/package_c.sh "$package"
        elif [ ! -f "$package/libkeepalive.so" ]; then
            die "cargo is needed: https://rustup.rs; or run scripts/package_c.sh target/package as who has it"
        fi
    fi
    mkdir -p "$lib" "$include" "$man/man3" "$man/man7" "$pkgconfig" "$cmake" "$share"
    install -m 755 "$package/libkeepalive.so" "$lib/$LIBRARY"
    ln -sfn "$LIBRARY" "$lib/libkeepalive.so.1"
    ln -sfn libkeepalive.so.1 "$lib/libkeepalive.so"
    install -m 644 "$package/libkeepalive.a" "$lib/libkeepalive.a"
    install -m 644 include/keepalive.h include/keepalive.hpp include/keepalive_dispatcher.hpp "$include"
    install -m 644 "$package"/man/*.3 "$man/man3"
    install -m 644 "$package"/man/*.7 "$man/man7"
    install -m 644 bindings/c/sanitizers/*.supp tests/c/valgrind.supp LICENSE-MIT LICENSE-APACHE "$share"
    # With what is handed out.
    [ ! -f "$package/LICENSE-THIRD-PARTY" ] || install -m 644 "$package/LICENSE-THIRD-PARTY" "$share"
    fill libkeepalive.pc.in "$pkgconfig/libkeepalive.pc"
    fill keepalive-config.cmake.in "$cmake/keepalive-config.cmake"
    fill keepalive-config-version.cmake.in "$cmake/keepalive-config-version.cmake"
    tell_loader
    [[ $PREFIX$LIBDIR != *[\'\"\\]* ]] || echo "pkg-config has no flags for a path with a quote or a backslash; CMake has" >&2
    say "libkeepalive $VERSION is in $DESTDIR$PREFIX"
}

tell_loader() {
    if [ -z "$DESTDIR" ] && [ "$(id -u)" = 0 ] && PATH=$PATH:/sbin command -v ldconfig >/dev/null; then
        PATH=$PATH:/sbin ldconfig
    fi
}

# emptied FOLDER...: away with those that have nothing in them now, and with what is above them, up to PREFIX.
emptied() {
    local folder
    for folder in "$@"; do
        while rmdir "$folder" 2>/dev/null && [[ ${folder%/*}/ == "$DESTDIR$PREFIX"/* ]]; do folder=${folder%/*}; done
    done
}

take_out() {
    rm -f "$lib"/libkeepalive.so "$lib"/libkeepalive.so.1 "$lib"/libkeepalive.so.1.*.* "$lib/libkeepalive.a" \
        "$include/keepalive.h" "$include/keepalive.hpp" "$include/keepalive_dispatcher.hpp" \
        "$pkgconfig/libkeepalive.pc" "$cmake"/keepalive-config*.cmake \
        "$man/man7/libkeepalive.7"
    rm -rf "$share"
    local page
    for page in "$man"/man3/ka_*.3; do
        # Others' pages may begin with ka_ too.
        if [ -f "$page" ] && grep -q 'Generated from keepalive.h' "$page"; then rm -f "$page"; fi
    done
    case $PREFIX in
        # They have these folders anyway.
        / | /usr | /usr/local) rmdir "$cmake" 2>/dev/null || true ;;
        *) emptied "$cmake" "${cmake%/*}" "$pkgconfig" "$include" "$man"/man{3,7} "$man" "${share%/*}" "$lib" ;;
    esac
    tell_loader
    say "libkeepalive is no longer in $DESTDIR$PREFIX"
}

case ${1:-} in
    install) put_in ;;
    uninstall) take_out ;;
    *) die "install.sh: say install or uninstall" ;;
esac
