#!/usr/bin/env bash
# test.sh [GROUP]...: every test, or the groups of these names (`names` below).
# What each prints is shown when it has ended, and is kept in target/test; the last lines name those that failed.
# A shell has what it runs in the background ignore Ctrl-C, and so would the programs here that are to be ended by it.
if (((0x$(sed -n 's/^SigIgn:\s*//p' "/proc/$$/status") & 2) != 0)); then
    exec env --default-signal=INT,QUIT bash "$0" "$@"
fi
source "$(dirname "$0")/common.sh"
set -m # each lane has a process group of its own, and what Ctrl-C does is not changed for what runs in it
LOGS=$ROOT/target/test
only=("$@")
# Two at a time: one lane takes from the front, where processors are wanted, the other from the back, where servers are
# waited for, until they meet. The last one runs alone: it counts what a long run costs.
names=(lint rust sanitizers valgrind cost fuzz next roads network node-tools node-adapters node26-adapters node-wpt node-types
    python-adapters node python soak)
declare -A titles=(
    [lint]="rustfmt, and clippy of the oldest Rust"
    [rust]="Rust: protocol machine, core, origin, C ABI, C programs, faults, reliability"
    [sanitizers]="C programs under AddressSanitizer and ThreadSanitizer, the library instrumented"
    [valgrind]="C programs under valgrind"
    [cost]="Cost of a request: instructions, allocations, system calls"
    [fuzz]="Fuzz: response bytes, content codings, URLs and Locations, forms; 10 s each"
    [next]="Node: a Next.js application, built and started"
    [roads]="Roads: squid, tinyproxy, haproxy, SOCKS, Unix sockets"
    [network]="Network: a NAT that forgets, a path that goes black, 100 ms there and back"
    [node-tools]="Node: msw, nock, esbuild, webpack, tsx, Bun, Deno, --permission"
    [node-adapters]="Node: undici 6, 7 and 8, fetch of the process, agents, tracing, SDKs"
    [node26-adapters]="Node 26: the same"
    [node-wpt]="Node: the runner of WPT's tests"
    [node-types]="Node: declarations with TypeScript 5.9 and 7, @types/node 20 to 26, attw, publint"
    [python-adapters]="Python adapters: httpx, requests, urllib3, aiohttp, SDKs built on them"
    [node]="Node: client, fetch, wire cases, workers"
    [python]="Python: client, asyncio, trio, wire cases, fork, gunicorn, celery, signals, stubs"
    [soak]="Soak: 256 callers, a reloading nginx, a misbehaving origin"
)
# Somebody may not want to wait for these, or not be allowed to run them: 0 leaves them out.
declare -A switches=([fuzz]=KEEPALIVE_FUZZ [network]=KEEPALIVE_NAMESPACES)
for name in ${only[@]+"${only[@]}"}; do
    [ -n "${titles[$name]-}" ] || die "there is no group $name; there are ${names[*]}"
done
[ ${#only[@]} -gt 0 ] || only=("${names[@]}")
export KEEPALIVE_PYTHON=$VENV/bin/python KEEPALIVE_NODE=node
began=$SECONDS

run-lint() { scripts/lint.sh; }
# Many of these wait for servers, too.
run-rust() { RUST_TEST_THREADS=4 cargo test --quiet --no-fail-fast; }
run-sanitizers() { scripts/sanitize.sh ci; }
run-valgrind() {
    cargo build --quiet --release -p libkeepalive &&
        KEEPALIVE_LIBRARY=$ROOT/target/release/libkeepalive.so run_test c_programs --ignored programs_run_under_valgrind
}
run-cost() { cargo build --quiet --release -p libkeepalive && "$(python_command)" tests/cost/run.py; }
run-fuzz() { scripts/fuzz.sh 10; }
run-next() { (cd tests/adapters/next && node --test next.test.js); }
run-roads() { "$VENV/bin/python" -m pytest -q tests/roads; }
# A namespace of its own, as root or in a user namespace. Where neither is allowed the tests fail.
run-network() {
    local way=(unshare --net)
    "${way[@]}" true 2>/dev/null || way=(unshare --map-root-user --net)
    "${way[@]}" "$VENV/bin/python" -m pytest -q tests/network
}
run-node-tools() { (cd tests/adapters/tools && node --test ./*.test.js && "$NODE26" --test ./*.test.js); }
run-node-adapters() { (cd tests/adapters/node && node --test ./*.test.js); }
run-node26-adapters() { (cd tests/adapters/node && "$NODE26" --test ./*.test.js); }
run-node-wpt() { (cd tests/wpt && node --test wpt.test.js); }
run-node-types() { npm --prefix bindings/node run --silent types && (cd tests/types && node --test types.test.js); }
run-python-adapters() { "$ADAPTERS_VENV/bin/python" -m pytest -q tests/adapters/python; }
run-node() { (cd bindings/node && node --test test/*.test.js); }
run-python() { "$VENV/bin/python" -m pytest -q bindings/python/tests; }
run-soak() { "$VENV/bin/python" tests/soak/run.py "${SOAK_SECONDS:-60}" target/debug; }

# group NAME: its lines in one piece, its result in a file.
group() {
    local name=$1 result=0 switch=${switches[$1]-} TIMEFORMAT='%0R s, %0U s + %0S s of processor'
    if [ -n "$switch" ] && [ "${!switch:-1}" = 0 ]; then
        say "${titles[$name]}: left out, $switch=0"
        echo "left out" >"$LOGS/$name.result"
        return
    fi
    { time "run-$name" >"$LOGS/$name.log" 2>&1 </dev/null; } 2>"$LOGS/$name.took" || result=$?
    echo "$result" >"$LOGS/$name.result"
    {
        flock 9
        say "${titles[$name]} ($name, $(<"$LOGS/$name.took"))"
        cat "$LOGS/$name.log"
        [ "$result" = 0 ] || printf 'FAILED: %s\n' "$name"
    } 9>"$LOGS/lock"
}

# lane NAME...: those of the groups that are wanted and that no lane has taken.
lane() {
    local name
    for name in "$@"; do
        [[ " ${only[*]} " = *" $name "* ]] && mkdir "$LOGS/$name.taken" 2>/dev/null || continue
        group "$name"
    done
}
from_the_front() { lane "${names[@]:0:${#names[@]}-1}"; }
from_the_back() {
    local at reversed=()
    for ((at = ${#names[@]} - 2; at >= 0; at--)); do reversed+=("${names[at]}"); done
    lane "${reversed[@]}"
}

# together COMMAND...: all at once; the result is the last one's that failed, and none outlives this script.
lanes=()
trap 'for lane in ${lanes[@]+"${lanes[@]}"}; do kill -- "-$lane" 2>/dev/null || true; done' EXIT
trap 'exit 130' INT TERM
together() {
    local result=0 command lane
    lanes=()
    for command in "$@"; do
        "$command" & lanes+=($!)
    done
    for lane in "${lanes[@]}"; do
        wait "$lane" || result=$?
    done
    lanes=()
    return "$result"
}

packages() { scripts/setup.sh; }
# All of them now, so that nothing is linked anew below a program that runs.
programs() { cargo test --quiet --no-run; }

rm -rf "$LOGS"
mkdir -p "$LOGS"
require cargo gcc node npm
together packages programs # the one waits for the network, the other for the processor
scripts/build.sh debug
say "set up and built in $((SECONDS - began)) s"
together from_the_front from_the_back
lane soak

passed=0 failed=()
for name in "${only[@]}"; do
    case $(cat "$LOGS/$name.result" 2>/dev/null) in
        0) passed=$((passed + 1)) ;;
        "left out") ;;
        *) failed+=("$name") ;; # also what was not begun
    esac
done
for name in ${failed[@]+"${failed[@]}"}; do
    say "FAILED: $name; the end of target/test/$name.log"
    tail -60 "$LOGS/$name.log" || true
done
printf '\ngroups: %d passed, %d failed%s; %d s\n' "$passed" "${#failed[@]}" "${failed[*]:+: ${failed[*]}}" \
    "$((SECONDS - began))"
[ ${#failed[@]} = 0 ] && [ "$passed" -gt 0 ]
