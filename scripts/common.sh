# Sourced by the other scripts: strict mode, the repository's root, small helpers.
set -euo pipefail
# A test that cargo runs has these from it. To the build scripts of crates that look at them (ring) they are a change, and a
# cargo that is run below would build those anew.
unset "${!CARGO_PKG_@}" "${!CARGO_MANIFEST_@}"
cd "$(dirname "${BASH_SOURCE[0]}")/.."
ROOT=$PWD
VENV=$ROOT/target/venv
# The wheel beside the libraries that its adapters stand in for.
ADAPTERS_VENV=$ROOT/target/adapters-venv
NODE26=$ROOT/target/node26/node_modules/node-linux-$(node -p process.arch 2>/dev/null || echo x64)/bin/node
export KEEPALIVE_ORIGIN=$ROOT/target/debug/keepalive-origin

# For whom packages are made.
TARGETS=({x86_64,aarch64}-unknown-linux-{gnu,musl})
BUILD_PACKAGES=('maturin>=1.9,<2')
# What wheels and addons for old systems are made with, and judged by.
DIST_PACKAGES=('ziglang>=0.13' 'cargo-zigbuild>=0.20' 'auditwheel>=6' 'twine>=6'
    'cyclonedx-python-lib[json-validation]>=9')
# The event loops and process managers that the wheel is tested under, what users pass to it, and the test
# runners.
TEST_PACKAGES=(
    'pytest>=8' 'mypy>=1.15' 'uvloop>=0.21' 'trio>=0.26' 'anyio>=4.4'
    'httpx>=0.27' 'gunicorn>=22' 'uvicorn>=0.30' 'uvicorn-worker>=0.2' 'celery>=5.4'
    'gevent>=24.2' 'numpy>=1.26' 'websockets>=13' 'wsproto>=1.2'
)

say() { printf '\n\033[1m== %s\033[0m\n' "$*"; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# The newest Python of at least 3.11.
python_command() {
    local candidate
    for candidate in python3 python3.13 python3.12 python3.11; do
        if command -v "$candidate" >/dev/null &&
            "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    die "Python 3.11 or newer is needed: install the package python3"
}

# pip_install VENV ARGUMENT...: without compiling everything; Python compiles what is imported.
pip_install() {
    "$1/bin/python" -m pip install --quiet --disable-pip-version-check --no-compile "${@:2}"
}

# Makes target/venv with at least the given packages; each list is installed once.
venv() {
    local stamp=$VENV/.packages want="$*"
    grep -qxF -- "$want" "$stamp" 2>/dev/null && return
    local python
    python=$(python_command)
    [ -x "$VENV/bin/python" ] || "$python" -m venv "$VENV" ||
        die "$python cannot make a venv: install the package python3-venv"
    pip_install "$VENV" "$@"
    printf '%s\n' "$want" >>"$stamp"
}

# install_wheel VENV: what build.sh made.
install_wheel() {
    pip_install "$1" --force-reinstall --no-deps target/wheels/*.whl
}

# how_to_have TOOL: the Debian package that has it, or where else it is from.
how_to_have() {
    case ${1##*/} in
        cargo | rustc | rustup) echo "https://rustup.rs" ;;
        node | npm) echo "install Node.js 20 or newer" ;;
        python3) echo "install the package python3" ;;
        cc | gcc) echo "install the package gcc" ;;
        clang++) echo "install the package clang" ;;
        ld | ar | nm | objcopy | readelf) echo "install the package binutils" ;;
        *-linux-gnu-*) set -- "${1##*/}" && set -- "${1%-*}" && echo "install the package binutils-${1//_/-}" ;;
        dpkg-buildpackage) echo "install the package dpkg-dev" ;;
        dh) echo "install the package debhelper" ;;
        abidiff | abidw) echo "install the package abigail-tools" ;;
        find) echo "install the package findutils" ;;
        awk) echo "install the package mawk" ;;
        unshare | flock) echo "install the package util-linux" ;;
        cmp | diff) echo "install the package diffutils" ;;
        install | realpath | sha256sum | mkfifo | chroot | date) echo "install the package coreutils" ;;
        *) echo "install the package ${1##*/}" ;;
    esac
}

# require TOOL...: for what takes long, before it begins.
require() {
    local tool
    for tool in "$@"; do command -v "$tool" >/dev/null || die "$tool is needed: $(how_to_have "$tool")"; done
}

# bash calls it for every command that is not there, in a process of its own; what it returns ends the script.
command_not_found_handle() {
    printf 'error: %s is needed: %s\n' "$1" "$(how_to_have "$1")" >&2
    return 127
}

# run_test NAME ARGUMENT...: the program of tests/NAME.rs that `cargo test` has, which must find a test to run. Asked for
# one package or test, cargo builds all below it once more, with other features.
run_test() {
    local told program result=0
    told=$(cargo test --no-run 2>&1) || die "cargo test --no-run: $told"
    program=$(sed -n "s|^ *Executable tests/$1\\.rs (\\(.*\\))$|\\1|p" <<<"$told")
    [ -x "$program" ] || die "cargo test built no program of tests/$1.rs"
    told=$("$program" --quiet "${@:2}" 2>&1) || result=$?
    printf '%s\n' "$told"
    [ "$result" != 0 ] || [[ $told =~ [1-9][0-9]*\ passed ]] || die "tests/$1.rs ${*:2}: no test of that name"
    return "$result"
}

# The version that all packages have: the workspace's.
version() {
    sed -n '/^\[workspace.package\]/,/^$/s/^version = "\(.*\)"$/\1/p' Cargo.toml
}

# The time that stands in what is built, in seconds since 1970: the commit's, unless SOURCE_DATE_EPOCH says another;
# the newest file's where there is no git.
source_date() {
    echo "${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || stat -c %Y CHANGELOG.md)}"
}
