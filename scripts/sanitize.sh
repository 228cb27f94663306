#!/usr/bin/env bash
# sanitize.sh [asan|tsan|miri|ci]...: the C library, the wheel and the addon under the sanitizers of a nightly
# Rust. Without a word: asan and tsan. `ci` is what make test runs: the C programs under both. `miri` needs a
# nightly with the components miri and rust-src.
source "$(dirname "$0")/common.sh"

TRIPLE=$(uname -m)-unknown-linux-gnu
require cargo
cargo +nightly --version >/dev/null 2>&1 ||
    die "a nightly Rust is needed for its sanitizers: rustup toolchain install nightly"

RUNTIMES=$(rustc +nightly --print sysroot)/lib/rustlib/$TRIPLE/lib

# build KIND COMMAND...: an instrumented build in a folder of its own. The nightly's std is not instrumented, hence
# the second flag. Suppressions name functions that are compiled into others, which the line tables know.
build() {
    local kind=$1
    shift
    say "cargo $1 ${*: -1}, instrumented ($kind)"
    CARGO_PROFILE_DEV_DEBUG=line-tables-only RUSTFLAGS="-Zsanitizer=$kind -Cunsafe-allow-abi-mismatch=sanitizer -Cforce-frame-pointers=yes" \
        cargo +nightly "$1" --quiet --target "$TRIPLE" --target-dir "target/$kind" "${@:2}"
}

# instrumented FILE SYMBOL: a build that is none would pass every test.
instrumented() {
    nm -D --undefined-only "$1" | grep "$2" >/dev/null || die "$1 is not instrumented"
}

# c_tests KIND NAME ARGUMENT...: a test program of the C ABI with the instrumented library.
c_tests() {
    local kind=$1 short=${1:0:1}san
    shift
    KEEPALIVE_LIBRARY=$ROOT/target/$kind/$TRIPLE/debug/libkeepalive.so KEEPALIVE_SANITIZER=$kind \
        KEEPALIVE_SANITIZER_RUNTIME=$RUNTIMES/librustc-nightly_rt.$short.a \
        run_test "$@"
}

asan_c() {
    build address build -p libkeepalive
    instrumented "target/address/$TRIPLE/debug/libkeepalive.so" __asan_report
    say "C programs under AddressSanitizer, with its leak check"
    c_tests address c_programs c11
    say "C: forks, ends of the process, ways to leave a function, under AddressSanitizer"
    ASAN_OPTIONS=detect_leaks=0 c_tests address c_processes --skip unloading
}

asan_wire() {
    say "C: wire cases under AddressSanitizer"
    c_tests address wire_c
}

# The wheel and the addon: the runtime is loaded before the interpreter, whose own leaks do not count.
under_asan() {
    LD_PRELOAD=$(gcc -print-file-name=libasan.so) ASAN_OPTIONS=detect_leaks=0 "$@"
}

asan_python() {
    export PYO3_PYTHON=$VENV/bin/python
    cargo build --quiet -p keepalive-origin
    build address build -p keepalive-python
    local place=$ROOT/target/address/python
    rm -rf "$place"
    mkdir -p "$place"
    cp -r bindings/python/libkeepalive "$place"
    cp "target/address/$TRIPLE/debug/lib_native.so" "$place/libkeepalive/_native.abi3.so"
    instrumented "$place/libkeepalive/_native.abi3.so" __asan_report
    say "Python under AddressSanitizer"
    export PYTHONPATH=$place PYTHONMALLOC=malloc
    under_asan "$VENV/bin/python" -c "import libkeepalive as l; assert l.__file__.startswith('$place'), l.__file__"
    under_asan "$VENV/bin/python" -m pytest -q -p no:cacheprovider \
        -k "not memory_of" bindings/python/tests/test_{client,bodies,aio,loops,large,fork}.py
}

asan_node() {
    cargo build --quiet -p keepalive-origin
    build address build -p keepalive-node
    local place=$ROOT/target/address/node
    rm -rf "$place"
    mkdir -p "$place"
    cp -r bindings/node/{index.js,package.json,lib,test} "$place"
    cp "target/address/$TRIPLE/debug/libkeepalive_node.so" "$place/keepalive.node"
    instrumented "$place/keepalive.node" __asan_report
    say "Node under AddressSanitizer"
    (cd "$place" && under_asan node --test test/{bodies,fetch,streams,workers}.test.js)
}

# std is not instrumented, so the library is linked with wrappers that tell what std's locks do where a thread waits
# for one (bindings/c/sanitizers/tsan_std.c). The names of those functions hold a hash of the toolchain: a probe
# that uses them has them.
tsan_link_arguments() {
    local work=target/thread/std names=() pair name
    mkdir -p "$work"
    printf '%s' 'use std::sync::*; fn main() {
        let (mutex, condvar, lock) = (Mutex::new(()), Condvar::new(), RwLock::new(()));
        drop((lock.read(), lock.write()));
        let waited = condvar.wait_timeout(mutex.lock().unwrap(), std::time::Duration::ZERO);
        drop(waited.map(|(guard, _)| condvar.wait(guard)));
    }' >"$work/probe.rs"
    rustc +nightly --edition 2024 -o "$work/probe" "$work/probe.rs"
    link_arguments=("-Clink-arg=$ROOT/$work/tsan_std.o")
    for pair in MUTEX_LOCK_CONTENDED:5mutex5futex.*14lock_contended \
        RWLOCK_READ_CONTENDED:6rwlock5futex.*14read_contended \
        RWLOCK_WRITE_CONTENDED:6rwlock5futex.*15write_contended \
        CONDVAR_WAIT:7condvar5futex.*4wait CONDVAR_WAIT_TIMEOUT:7condvar5futex.*12wait_timeout; do
        name=$(nm "$work/probe" | awk '{print $3}' | grep -E "3std3sys4sync${pair#*:}\$" | head -1)
        [ -n "$name" ] || die "this nightly's std has no ${pair#*:}; see bindings/c/sanitizers/tsan_std.c"
        names+=("-D${pair%%:*}=$name")
        link_arguments+=("-Clink-arg=-Wl,--wrap=$name")
    done
    gcc -O1 -fPIC -c "${names[@]}" bindings/c/sanitizers/tsan_std.c -o "$work/tsan_std.o"
}

tsan() {
    local link_arguments=()
    tsan_link_arguments
    build thread rustc --lib --crate-type cdylib -p libkeepalive -- "${link_arguments[@]}"
    instrumented "target/thread/$TRIPLE/debug/libkeepalive.so" __tsan_read
    say "C programs under ThreadSanitizer"
    TSAN_OPTIONS="suppressions=$ROOT/bindings/c/sanitizers/tsan.supp die_after_fork=0 report_thread_leaks=0" \
        c_tests thread c_programs c11
}

miri() {
    cargo +nightly miri --version >/dev/null 2>&1 ||
        die "miri is needed: rustup component add miri rust-src --toolchain nightly"
    say "ffi's own tests under Miri"
    MIRIFLAGS="-Zmiri-disable-isolation" cargo +nightly miri test -p libkeepalive --lib
}

[ $# -gt 0 ] || set -- asan tsan
for what in "$@"; do
    case $what in
        ci) asan_c && tsan ;;
        asan)
            asan_c
            asan_wire
            asan_python
            asan_node
            ;;
        tsan) tsan ;;
        miri) miri ;;
        asan_c | asan_wire | asan_python | asan_node) "$what" ;;
        *) die "sanitize.sh: $what is none of asan, tsan, miri, ci" ;;
    esac
done
