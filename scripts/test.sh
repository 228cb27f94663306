#!/usr/bin/env bash
# test.sh [GROUP]...: every test, or the groups of these names (`names` below).
# Two groups at a time: one that compiles, and one that waits for servers. What each prints is shown when it has
# ended, and is kept in target/test; the last lines name those that failed.
# A shell has what it runs in the background ignore Ctrl-C, and so would the programs here that are to be ended by it.
if (((0x$(sed -n 's/^SigIgn:\s*//p' "/proc/$$/status") & 2) != 0)); then
    exec env --default-signal=INT,QUIT bash "$0" "$@"
fi
source "$(dirname "$0")/common.sh"
set -m # each lane has a process group of its own, and what Ctrl-C does is not changed for what runs in it
LOGS=$ROOT/target/test
only=("$@")
names=(lint rust sanitizers cost fuzz msrv python python-adapters node node-types node-wpt node-adapters node26-adapters node-tools
    next roads network soak)
for name in ${only[@]+"${only[@]}"}; do
    [[ " ${names[*]} " = *" $name "* ]] || die "there is no group $name; there are ${names[*]}"
done
export KEEPALIVE_PYTHON=$VENV/bin/python KEEPALIVE_NODE=node
began=$SECONDS

rust() { cargo test --quiet --no-fail-fast; }
cost() { cargo build --quiet --release -p libkeepalive && "$(python_command)" tests/cost/run.py; }
python() { "$VENV/bin/python" -m pytest -q bindings/python/tests; }
python-adapters() { "$ADAPTERS_VENV/bin/python" -m pytest -q tests/adapters/python; }
node-tests() { (cd bindings/node && node --test test/*.test.js); }
node-types() { npm --prefix bindings/node run --silent types && (cd tests/types && node --test types.test.js); }
node-wpt() { (cd tests/wpt && node --test wpt.test.js); }
node-adapters() { (cd tests/adapters/node && "$1" --test ./*.test.js); }
node-tools() { (cd tests/adapters/tools && node --test ./*.test.js && "$NODE26" --test ./*.test.js); }
next() { (cd tests/adapters/next && node --test next.test.js); }
# A namespace of its own, as root or in a user namespace. Where neither is allowed the tests fail, unless
# KEEPALIVE_NAMESPACES=0 leaves them out.
network() {
    local way=(unshare --net)
    "${way[@]}" true 2>/dev/null || way=(unshare --map-root-user --net)
    "${way[@]}" "$VENV/bin/python" -m pytest -q tests/network
}
soak() { "$VENV/bin/python" tests/soak/run.py "${SOAK_SECONDS:-60}" target/debug; }

wanted() {
    local name
    [ ${#only[@]} -gt 0 ] || return 0
    for name in "${only[@]}"; do
        [ "$name" != "$1" ] || return 0
    done
    return 1
}

# group NAME TITLE COMMAND...: its lines in one piece, its result in a file.
group() {
    local name=$1 title=$2 result=0 TIMEFORMAT='%0R s, %0U s + %0S s of processor'
    shift 2
    wanted "$name" || return 0
    { time "$@" >"$LOGS/$name.log" 2>&1 </dev/null; } 2>"$LOGS/$name.took" || result=$?
    echo "$result" >"$LOGS/$name.result"
    {
        flock 9
        say "$title ($name, $(<"$LOGS/$name.took"))"
        cat "$LOGS/$name.log"
        [ "$result" = 0 ] || printf 'FAILED: %s\n' "$name"
    } 9>"$LOGS/lock"
}

# left_out NAME VARIABLE: what somebody does not want to wait for.
left_out() {
    [ "${!2:-1}" = 0 ] || return 1
    say "$1: left out, $2=0"
}

compiling() {
    group lint "rustfmt and clippy" scripts/lint.sh
    group rust "Rust: protocol machine, core, origin, C ABI, C programs, faults, reliability" rust
    group sanitizers "C programs under AddressSanitizer and ThreadSanitizer, the library instrumented" \
        scripts/sanitize.sh ci
    left_out msrv KEEPALIVE_MSRV ||
        group msrv "Oldest Rust: what is handed out compiles with it" scripts/msrv.sh
    group cost "Cost of a request: instructions, allocations, system calls" cost
}

waiting() {
    group python "Python: client, asyncio, trio, wire cases, fork, gunicorn, celery, signals, stubs" python
    group node "Node: client, fetch, wire cases, workers" node-tests
    group node-types "Node: declarations with TypeScript 5.9 and 7, @types/node 20 to 26, attw, publint" node-types
    group node-wpt "Node: the runner of WPT's tests" node-wpt
    group python-adapters "Python adapters: httpx, requests, urllib3, aiohttp, SDKs built on them" python-adapters
    group node-adapters "Node $(node --version): undici 6, 7 and 8, fetch of the process, agents, tracing, SDKs" \
        node-adapters node
    group node26-adapters "Node $("$NODE26" --version): the same" node-adapters "$NODE26"
    group node-tools "Node: msw, nock, esbuild, webpack, tsx, Bun, Deno, --permission" node-tools
    group next "Node: a Next.js application, built and started" next
    group roads "Roads: squid, tinyproxy, haproxy, SOCKS, Unix sockets" "$VENV/bin/python" -m pytest -q tests/roads
    left_out network KEEPALIVE_NAMESPACES ||
        group network "Network: a NAT that forgets, a path that goes black, 100 ms there and back" network
    # Compiles, in a folder of its own: this lane is the shorter one.
    left_out fuzz KEEPALIVE_FUZZ ||
        group fuzz "Fuzz: response bytes, content codings, URLs and Locations, forms; 10 s each" scripts/fuzz.sh 10
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

packages() { scripts/setup.sh packages; }
# The test programs too, so that nothing is linked anew below a program that runs.
programs() {
    scripts/build.sh debug
    cargo test --quiet --no-run
}

rm -rf "$LOGS"
mkdir -p "$LOGS"
scripts/setup.sh base
together packages programs # the one waits for the network, the other for the processor
install_wheel "$ADAPTERS_VENV"
say "set up and built in $((SECONDS - began)) s"
together compiling waiting
# Alone: it counts what a long run costs.
group soak "Soak: 256 callers, a reloading nginx, a misbehaving origin" soak

failed=()
for result in "$LOGS"/*.result; do
    [ "$(<"$result")" = 0 ] || failed+=("$(basename "$result" .result)")
done
for name in ${failed[@]+"${failed[@]}"}; do
    say "FAILED: $name; the end of target/test/$name.log"
    tail -60 "$LOGS/$name.log"
done
count=$(find "$LOGS" -name '*.result' | wc -l)
printf '\ngroups: %d passed, %d failed%s; %d s\n' "$((count - ${#failed[@]}))" "${#failed[@]}" \
    "${failed[*]:+: ${failed[*]}}" "$((SECONDS - began))"
[ ${#failed[@]} = 0 ] && [ "$count" -gt 0 ]
