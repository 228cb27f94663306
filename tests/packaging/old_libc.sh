# What asks for a newer libc than packages are for is refused, and it is said for what.
source "$(dirname "$0")/common.sh"
need gcc gcc
old_libc() { bash "$ROOT/scripts/old_libc.sh" "$@" 2>&1; }
# library NAME CODE [FLAG]...: compiled without any libc, for which the last flags stand in.
library() { gcc -shared -fPIC -nostdlib -x c - -x none -o "$1" -Wl,--no-as-needed "${@:3}" <<<"$2"; }
# refused WHAT LIBC FILE
refused() {
    local said
    said=$(old_libc "$2" "$3") && fail "$3 passes for $2"
    [[ $said == *"$1"* ]] || fail "$3 for $2: $said"
}
for soname in libc.so.6 libc.so libother.so.1; do library "$soname" "" -Wl,-soname,"$soname"; done

library weak.so 'int gettid(void) __attribute__((weak)); int f(void) { return gettid ? gettid() : 0; }' libc.so
library strong.so 'int gettid(void); int statx(void); int f(void) { return gettid() + statx(); }' libc.so
old_libc musl weak.so || fail "what may be absent is refused"
refused "strong.so asks for gettid statx, which musl 1.2 has not" musl strong.so
refused "weak.so needs libc.so" gnu weak.so

cat >versions <<<'GLIBC_2.17 { old; }; GLIBC_2.2.5 { oldest; }; GLIBC_2.28 { new; };'
library versioned.so 'void old(void) {} void oldest(void) {} void new(void) {}' -Wl,-soname,libc.so.6 -Wl,--version-script=versions
library past.so 'void old(void); void oldest(void); void f(void) { old(); oldest(); }' versioned.so
library later.so 'void new(void); void f(void) { new(); }' versioned.so
old_libc gnu past.so || fail "glibc 2.17 is refused"
refused "later.so asks for GLIBC_2.28, which glibc 2.17 has not" gnu later.so
refused "past.so needs libc.so.6" musl past.so

library other.so 'void f(void) {}' libc.so libother.so.1
refused "other.so needs libother.so.1" musl other.so
printf 'static int x; int *pointers[] = { &x, &x };' >relative.c
for libc in libc.so libc.so.6; do
    gcc -shared -fPIC -nostdlib -Wl,-z,pack-relative-relocs,--no-as-needed relative.c "$libc" -o "packed-$libc"
done
refused "has relocations that musl 1.2 does not know" musl packed-libc.so
refused "has relocations that glibc 2.17 does not know" gnu packed-libc.so.6
refused "old_libc.sh: gnu or musl" newlib past.so
