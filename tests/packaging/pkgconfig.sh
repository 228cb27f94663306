# pkg-config: a program builds shared, static (--static) and wholly static (-static), also after the installation was
# moved to another folder, whose name has what a shell takes for its own.
source "$(dirname "$0")/common.sh"
need pkg-config pkg-config
install_to "$WORK/first place" LIBDIR="$WORK/first place/lib64/deep"
prefix="$WORK/second place & #2; ~"
mv "first place" "$prefix"
export PKG_CONFIG_PATH="$prefix/lib64/deep/pkgconfig"
version=$(pkg-config --modversion libkeepalive)
grep -q "define KA_VERSION \"$version\"" "$prefix/include/keepalive.h" || fail "the .pc has version $version"

# build PROGRAM PKG_CONFIG_OPTION GCC_OPTION: as a shell reads it, a path with a space has a backslash there.
build() {
    local flags
    flags=$(pkg-config --cflags --libs $2 libkeepalive)
    eval "gcc -Wall -Werror \"\$ROOT/bindings/c/examples/get.c\" $flags ${3:+\"\$3\"} -o $1" || fail "$1 does not build"
}
build shared "" "-Wl,-rpath,$prefix/lib64/deep"
readelf -d shared | grep -q 'NEEDED.*libkeepalive.so.1\]' || fail "the program does not ask for libkeepalive.so.1"
answers ./shared
# Without the shared library the linker takes the static one.
rm "$prefix"/lib64/deep/libkeepalive.so*
build static --static ""
readelf -d static | grep -q 'NEEDED.*libkeepalive' && fail "the static program asks for the shared library"
answers ./static
# glibc warns that its resolver wants shared libraries of the same version.
build whole --static -static 2>said || fail "$(cat said)"
if readelf -d whole | grep -q NEEDED; then fail "the wholly static program asks for a library"; fi
answers ./whole
