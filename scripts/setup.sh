#!/usr/bin/env bash
# setup.sh [base|packages|node26]...: what the tests need beyond Rust, gcc, Python and Node; without a word all of it.
#   base      nginx, four proxies, valgrind, strace, g++, clang, cmake, three event loops and others by apt when they
#             are missing (Debian starts the servers among them as services; the tests use none of those), Python
#             packages in target/venv
#   packages  what the adapters stand in for and who is built on that, a newer Node, TypeScript, test runners: npm
#             packages in the folders that use them, Python packages in target/adapters-venv
#   node26    of these that Node alone
source "$(dirname "$0")/common.sh"

require cargo gcc node npm

base() {
    local missing=() pair sudo=()
    for pair in nginx:nginx-light squid:squid tinyproxy:tinyproxy haproxy:haproxy danted:dante-server \
        valgrind:valgrind strace:strace g++:g++ clang++:clang nm:binutils pkg-config:pkg-config cmake:cmake \
        man:man-db mandoc:mandoc abidiff:abigail-tools openssl:openssl ip:iproute2 unshare:util-linux; do
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
        [ "$(id -u)" = 0 ] || sudo=(sudo)
        command -v apt-get >/dev/null || die "install these packages first: ${missing[*]}"
        "${sudo[@]}" apt-get update -qq
        DEBIAN_FRONTEND=noninteractive "${sudo[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" \
            >/dev/null
    fi
    mkdir -p target
    venv "${BUILD_PACKAGES[@]}" "${TEST_PACKAGES[@]}"
}

# Each file has its exact versions.
python_adapters() {
    local stamp=$ADAPTERS_VENV/.requirements files=(tests/adapters/python/requirements/*.txt)
    cat "${files[@]}" | cmp -s - "$stamp" && return
    say "installing what the Python adapters are tried with"
    rm -f "$stamp"
    [ -x "$ADAPTERS_VENV/bin/python" ] || "$(python_command)" -m venv "$ADAPTERS_VENV"
    pip_install "$ADAPTERS_VENV" "${files[@]/#/--requirement=}"
    cat "${files[@]}" >"$stamp"
}

# npm_packages FOLDER [ARGUMENT]...: by its lock file, anew when that has changed.
npm_packages() {
    cmp -s "$1/package-lock.json" "$1/node_modules/.keepalive-lock" && return
    say "installing npm packages ($1)"
    (cd "$1" && npm ci --silent --no-audit --no-fund "${@:2}" && cp package-lock.json node_modules/.keepalive-lock)
}

# The newest Node beside the one at hand: its fetch asks dispatchers in another way.
node26() {
    [ ! -x "$NODE26" ] || return 0
    say "installing Node 26 below target/"
    # Each processor's package has versions of its own.
    local cpu version
    cpu=$(node -p process.arch)
    case $cpu in
        x64) version=26.12.1 ;;
        arm64) version=26.12.0 ;;
        *) die "there is no package of Node 26 for $cpu" ;;
    esac
    npm install --silent --no-save --prefix target/node26 "node-linux-$cpu@$version"
}

packages() {
    local jobs=() job
    mkdir -p target
    python_adapters & jobs+=($!)
    npm_packages bindings/node & jobs+=($!)
    npm_packages tests/adapters/node --omit=optional & jobs+=($!)
    # Its compiler is an optional package.
    npm_packages tests/adapters/next & jobs+=($!)
    # Bun and Deno are optional packages of their own, whose scripts only copy them.
    npm_packages tests/adapters/tools --ignore-scripts & jobs+=($!)
    npm_packages tests/types & jobs+=($!)
    npm_packages tests/types/python --omit=optional & jobs+=($!)
    npm_packages tests/wpt & jobs+=($!)
    node26 & jobs+=($!)
    for job in "${jobs[@]}"; do
        wait "$job" || die "what the tests need was not installed; the lines above say why"
    done
}

[ $# -gt 0 ] || set -- base packages
for part in "$@"; do
    case $part in
        base | packages | node26) "$part" ;;
        *) die "unknown part $part; there are base, packages and node26" ;;
    esac
done
