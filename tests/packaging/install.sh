# make install: files and links where they belong, twice, below DESTDIR; make uninstall takes out what it put in.
source "$(dirname "$0")/common.sh"

listing() { (cd "$1" && find . \( -type f -o -type l \) | sort); }

target="$WORK/root of another"
install_to /opt/keep\ alive DESTDIR="$target" LIBDIR=/opt/keep\ alive/lib/x86_64-linux-gnu
prefix="$target/opt/keep alive"
lib="$prefix/lib/x86_64-linux-gnu"
[ "$(readlink "$lib/libkeepalive.so")" = libkeepalive.so.1 ] || fail "libkeepalive.so leads elsewhere"
real=$(readlink "$lib/libkeepalive.so.1")
[[ $real =~ ^libkeepalive\.so\.1\.[0-9]+\.[0-9]+$ ]] || fail "libkeepalive.so.1 leads to $real"
[ -f "$lib/$real" ] && [ ! -L "$lib/$real" ] || fail "$real is no file"
for file in "$lib/libkeepalive.a" "$prefix/include/keepalive.h" "$prefix/include/keepalive.hpp" "$lib/pkgconfig/libkeepalive.pc" \
    "$lib/cmake/keepalive/keepalive-config.cmake" "$lib/cmake/keepalive/keepalive-config-version.cmake" \
    "$prefix/share/man/man3/ka_client_send.3" "$prefix/share/man/man7/libkeepalive.7" \
    "$prefix/share/libkeepalive/tsan.supp" "$prefix/share/libkeepalive/LICENSE-MIT"; do
    [ -f "$file" ] || fail "$file is missing"
done
if grep -rlE '@[A-Z]+@' "$lib/pkgconfig" "$lib/cmake"; then fail "templates were not filled in"; fi
if grep -rlF "$WORK" "$prefix"; then fail "these name the folder they were installed to"; fi
# Others may read it, whatever the umask of who installs.
find "$prefix" -type f ! -perm -444 | grep . && fail "not readable by all"
[ ! -e "$WORK/root of another/usr" ] || fail "something went past PREFIX"

listing "$prefix" >first
cp -p "$lib/$real" running
exec 5<"$lib/$real"
install_to /opt/keep\ alive DESTDIR="$target" LIBDIR=/opt/keep\ alive/lib/x86_64-linux-gnu
listing "$prefix" | diff first - || fail "a second installation differs"
# A program that runs has the first file still, whole.
cmp running - <&5 || fail "the library was changed under a running program"
exec 5<&-

# Others' files stay.
touch "$prefix/share/man/man3/ka_other.3" "$lib/libother.so"
env PREFIX="/opt/keep alive" LIBDIR="/opt/keep alive/lib/x86_64-linux-gnu" DESTDIR="$target" \
    make --silent -C "$ROOT" uninstall >/dev/null
left=$(listing "$prefix")
[ "$left" = "./lib/x86_64-linux-gnu/libother.so
./share/man/man3/ka_other.3" ] || fail "left behind: $left"
[ ! -e "$lib/cmake/keepalive" ] || fail "an empty folder is left"
# Once more does no harm.
env PREFIX=/opt/nothing DESTDIR="$target" make --silent -C "$ROOT" uninstall >/dev/null

# Where nobody else's are, nothing is left, not a folder: whatever the folders are called, and where.
strange="/opt/it's \"quoted\" & a|bar \\ \$HOME"
for libdir in "$strange/lib" "$strange/lib/deep/down" "/opt/lib of \"another\""; do
    mkdir -p bare/opt
    install_to "$strange/" DESTDIR="$WORK/bare" LIBDIR="$libdir/"
    [ -f "bare$libdir/libkeepalive.so.1" ] && [ -f "bare$strange/include/keepalive.h" ] || fail "it went elsewhere"
    env PREFIX="$strange" LIBDIR="$libdir" DESTDIR="$WORK/bare" make --silent -C "$ROOT" uninstall >/dev/null
    [ "$(find bare)" = "bare
bare/opt" ] || fail "left behind: $(find bare)"
done

# A relative PREFIX would be below the source tree.
if install_to relative 2>said; then fail "a relative PREFIX was taken"; fi
grep -q 'PREFIX is "relative": an absolute path is needed' said || fail "$(cat said)"
