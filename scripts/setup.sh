#!/usr/bin/env bash
# Installs what the tests need beyond Rust, gcc, Python and Node: nginx, four proxies, valgrind, strace, g++, clang,
# cmake, three event loops and others by apt when they are missing (Debian starts the servers among them as services;
# the tests use none of those),
# Python packages in target/venv, TypeScript and test runners in bindings/node/node_modules.
source "$(dirname "$0")/common.sh"

require cargo "https://rustup.rs"
require gcc "install a C compiler"
require node "install Node.js 20 or newer"

missing=()
for pair in nginx:nginx-light squid:squid tinyproxy:tinyproxy haproxy:haproxy danted:dante-server \
    valgrind:valgrind strace:strace g++:g++ clang++:clang nm:binutils pkg-config:pkg-config cmake:cmake man:man-db \
    mandoc:mandoc abidiff:abigail-tools openssl:openssl ip:iproute2 unshare:util-linux; do
    PATH=$PATH:/usr/sbin command -v "${pair%%:*}" >/dev/null || missing+=("${pair##*:}")
done
# The examples run in these event loops, and beside libcurl.
for pair in libuv:libuv1-dev libevent:libevent-dev glib-2.0:libglib2.0-dev libcurl:libcurl4-openssl-dev; do
    pkg-config --exists "${pair%%:*}" 2>/dev/null || missing+=("${pair##*:}")
done
# The URL tests compare with libcurl's parser.
PATH=$PATH:/sbin ldconfig -p | grep -q 'libcurl\.so\.4' || missing+=(libcurl4)
if [ ${#missing[@]} -gt 0 ]; then
    say "installing ${missing[*]}"
    sudo=()
    [ "$(id -u)" = 0 ] || sudo=(sudo)
    command -v apt-get >/dev/null || die "install these packages first: ${missing[*]}"
    "${sudo[@]}" apt-get update -qq
    DEBIAN_FRONTEND=noninteractive "${sudo[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

mkdir -p target
venv "${BUILD_PACKAGES[@]}" "${TEST_PACKAGES[@]}"
# What the Python adapters stand in for, and who is built on that; each file has its exact versions.
python_adapter_packages() {
    local stamp=$ADAPTERS_VENV/.requirements files=(tests/adapters/python/requirements/*.txt)
    cat "${files[@]}" | cmp -s - "$stamp" && return
    say "installing what the Python adapters are tried with"
    [ -x "$ADAPTERS_VENV/bin/python" ] || "$(python_command)" -m venv "$ADAPTERS_VENV"
    "$ADAPTERS_VENV/bin/python" -m pip install --quiet --disable-pip-version-check "${files[@]/#/--requirement=}"
    cat "${files[@]}" >"$stamp"
}
python_adapter_packages
if [ ! -x bindings/node/node_modules/.bin/tsc ] || [ ! -x bindings/node/node_modules/.bin/vitest ]; then
    say "installing TypeScript and the test runners that the Node package is tried under"
    (cd bindings/node && npm ci --silent)
fi
# What the adapters of the Node package stand in for, and who is built on that.
adapter_packages() {
    cmp -s "$1/package-lock.json" "$1/node_modules/.keepalive-lock" && return
    say "installing what the Node adapters are tried with ($1)"
    (cd "$1" && npm ci --silent "${@:2}" && cp package-lock.json node_modules/.keepalive-lock)
}
adapter_packages tests/adapters/node --omit=optional
# Its compiler is an optional package.
adapter_packages tests/adapters/next
adapter_packages tests/types
adapter_packages tests/wpt
# The newest Node beside the one at hand: its fetch asks dispatchers in another way.
if [ ! -x "$NODE26" ]; then
    say "installing Node 26 below target/"
    npm install --silent --no-save --prefix target/node26 "node-linux-$(node -p process.arch)@26.12.1"
fi
