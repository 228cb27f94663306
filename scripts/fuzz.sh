#!/usr/bin/env bash
# fuzz.sh [SECONDS] [TARGET...]: each fuzz target for SECONDS (default 60), two at a time. tests/fuzz/README.md tells
# more. New inputs are kept below target/fuzz/corpus; an input that breaks a rule is left in target/fuzz/artifacts.
source "$(dirname "$0")/common.sh"
seconds=${1:-60}
shift || true
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=(response decode url multipart.py multipart.js)

rustc +nightly --version >/dev/null 2>&1 ||
    die "fuzzing needs a nightly Rust: rustup toolchain install nightly --profile minimal"
BUILT=$ROOT/target/fuzz/build
mkdir -p target/fuzz/seeds
# Not built anew where one is there: tests that run beside this start it.
[ -x "$KEEPALIVE_ORIGIN" ] || cargo build --quiet -p keepalive-origin
"$(python_command)" tests/fuzz/seeds.py target/fuzz/seeds
rust=()
for target in "${targets[@]}"; do
    [[ $target == *.* ]] || rust+=("$target")
done
HOST=$(rustc +nightly -vV | sed -n 's/^host: //p')
# As cargo-fuzz has it, without AddressSanitizer: the code below the targets is safe Rust, and builds in half the time.
if [ ${#rust[@]} -gt 0 ]; then
    coverage=(-Cpasses=sancov-module)
    for argument in level=4 inline-8bit-counters pc-table trace-compares; do
        coverage+=("-Cllvm-args=-sanitizer-coverage-$argument")
    done
    # Core is most of what is built: for a short run that costs more than it saves.
    short=()
    [ "$seconds" -ge 60 ] || short=(--config profile.release.package.keepalive-core.opt-level=0)
    RUSTFLAGS="--cfg fuzzing -Cdebug-assertions -Ccodegen-units=1 ${coverage[*]}" \
        cargo +nightly build --quiet --release --locked --manifest-path tests/fuzz/Cargo.toml --target "$HOST" \
        --target-dir "$BUILT" ${short[@]+"${short[@]}"} "${rust[@]/#/--bin=}"
fi

# What it printed goes to a file, and to the terminal when it failed.
run() {
    local target=$1 log=target/fuzz/$1.log
    local -a command
    case $target in
    *.py) command=("$VENV/bin/python" "tests/fuzz/$target" "$seconds" "${KEEPALIVE_SEED:-1}") ;;
    *.js) command=(node "tests/fuzz/$target" "$seconds" "${KEEPALIVE_SEED:-1}") ;;
    *)
        local corpus=target/fuzz/corpus/$target artifacts=target/fuzz/artifacts/$target
        mkdir -p "$corpus" "$artifacts"
        command=("$BUILT/$HOST/release/$target" -max_total_time="$seconds" -timeout=60 -rss_limit_mb=1024
            -print_final_stats=1 -artifact_prefix="$artifacts/")
        [ ! -f "tests/fuzz/$target.dict" ] || command+=(-dict="tests/fuzz/$target.dict")
        [ "$target" = decode ] && command+=(-max_len=16384) || command+=(-max_len=4096)
        command+=("$corpus" "target/fuzz/seeds/$target")
        ;;
    esac
    if "${command[@]}" >"$log" 2>&1; then
        printf '%s: %s\n' "$target" "$(grep -E '^Done|forms' "$log" | tail -1)"
    else
        tail -40 "$log"
        printf 'FAILED: %s\n' "$target"
        return 1
    fi
}

failed=0
while [ ${#targets[@]} -gt 0 ]; do
    say "fuzzing ${targets[*]:0:2} for $seconds s"
    jobs=()
    for target in "${targets[@]:0:2}"; do
        run "$target" &
        jobs+=($!)
    done
    for job in "${jobs[@]}"; do
        wait "$job" || failed=1
    done
    targets=("${targets[@]:2}")
done
exit "$failed"
