#!/usr/bin/env bash
# Every test: Rust, wire cases through all runners, C programs, Python, Node, types, header, symbols.
source "$(dirname "$0")/common.sh"
scripts/setup.sh
scripts/build.sh debug

passed=0
failed=0
run() {
    local name=$1
    shift
    say "$name"
    if "$@"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf 'FAILED: %s\n' "$name"
    fi
}

run "rustfmt and clippy" scripts/lint.sh
run "Rust: protocol machine, core, origin, C ABI, C programs, faults, reliability" \
    env KEEPALIVE_PYTHON="$VENV/bin/python" KEEPALIVE_NODE=node cargo test --quiet
run "Sanitizers: C programs under AddressSanitizer and ThreadSanitizer, the library instrumented" scripts/sanitize.sh ci
run "Cost of a request: instructions, allocations, system calls" \
    bash -c 'cargo build --quiet --release -p libkeepalive && "$0" tests/cost/run.py' "$(python_command)"
run "Python: client, asyncio, trio, wire cases, fork, gunicorn, celery, signals, stubs" \
    "$VENV/bin/python" -m pytest -q bindings/python/tests
run "Python adapters: httpx, requests, urllib3, aiohttp, SDKs built on them" \
    "$ADAPTERS_VENV/bin/python" -m pytest -q tests/adapters/python
run "Node: client, fetch, wire cases, workers" \
    bash -c 'cd bindings/node && node --test test/*.test.js'
run "Node: index.d.ts" npm --prefix bindings/node run --silent types
run "Node: declarations with TypeScript 5.9 and 7, @types/node 20 to 26, attw, publint" \
    bash -c 'cd tests/types && node --test types.test.js'
run "Node: the runner of WPT's tests" bash -c 'cd tests/wpt && node --test wpt.test.js'
for node in node "$NODE26"; do
    run "Node $("$node" --version): undici 6, 7 and 8, fetch of the process, agents, tracing, SDKs" \
        bash -c 'cd tests/adapters/node && "$0" --test *.test.js' "$node"
done
run "Node: a Next.js application, built and started" bash -c 'cd tests/adapters/next && node --test next.test.js'
run "Roads: squid, tinyproxy, haproxy, SOCKS, Unix sockets" "$VENV/bin/python" -m pytest -q tests/roads
# A namespace of its own, as root or in a user namespace. Where neither is allowed the tests fail, unless
# KEEPALIVE_NAMESPACES=0 leaves them out.
network() {
    local way=(unshare --net)
    "${way[@]}" true 2>/dev/null || way=(unshare --map-root-user --net)
    "${way[@]}" "$VENV/bin/python" -m pytest -q tests/network
}
if [ "${KEEPALIVE_NAMESPACES:-1}" = 0 ]; then
    say "Network: left out, KEEPALIVE_NAMESPACES=0"
else
    run "Network: a NAT that forgets, a path that goes black, 100 ms there and back" network
fi
if [ "${KEEPALIVE_FUZZ:-1}" = 0 ]; then
    say "Fuzz: left out, KEEPALIVE_FUZZ=0"
else
    run "Fuzz: response bytes, content codings, URLs and Locations, forms; 20 s each" scripts/fuzz.sh 20
fi
if [ "${KEEPALIVE_MSRV:-1}" = 0 ]; then
    say "Oldest Rust: left out, KEEPALIVE_MSRV=0"
else
    run "Oldest Rust: what is handed out compiles with it" scripts/msrv.sh
fi
run "Soak: 256 callers, a reloading nginx, a misbehaving origin" \
    "$VENV/bin/python" tests/soak/run.py "${SOAK_SECONDS:-60}" target/debug

printf '\ngroups: %d passed, %d failed\n' "$passed" "$failed"
[ "$failed" = 0 ]
