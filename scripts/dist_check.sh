#!/usr/bin/env bash
# dist_check.sh [python|node|c|deb]...: what is in dist/ is installed where nothing else of ours is, and used against
# the origin of the tests: the wheel in fresh venvs of every Python from 3.11 on that is here, the npm packages in an
# empty folder, the C library's archive by pkg-config, and the Debian packages in a root of debootstrap (as root).
source "$(dirname "$0")/common.sh"
[ $# -gt 0 ] || set -- python node c deb
DIST=$ROOT/dist
VERSION=$(version)
WORK=$ROOT/target/dist_check
[ -f "$DIST/SHA256SUMS" ] || die "dist/ is empty: make dist"
(cd "$DIST" && sha256sum --quiet --check SHA256SUMS)
cargo build --quiet -p keepalive-origin
rm -rf "$WORK"
mkdir -p "$WORK"

# The origin lives as long as its standard input is open.
mkfifo "$WORK/open" "$WORK/origin"
"$KEEPALIVE_ORIGIN" <"$WORK/open" >"$WORK/origin" &
exec 7>"$WORK/open"
read -r line <"$WORK/origin"
HTTP=$("$(python_command)" -c 'import json, sys; print(json.loads(sys.argv[1])["http"])' "$line")
say "the origin is at $HTTP"

USE_PYTHON="import libkeepalive as k, asyncio
assert k.get('$HTTP/json').json()
async def main():
    async with k.AsyncClient() as client:
        assert (await client.get('$HTTP/gzip')).status_code == 200
asyncio.run(main())
print('used', k.__version__, 'from', k.__file__)"

python() {
    local wheel found=0 version
    wheel=$(ls "$DIST"/libkeepalive-"$VERSION"-cp311-abi3-*.whl)
    for version in 3.11 3.12 3.13 3.14; do
        local interpreter="" candidate
        # A shim of pyenv's may be there without its Python.
        for candidate in "python$version" "$HOME"/.pyenv/versions/"$version".*/bin/python; do
            if "$candidate" -c '' 2>/dev/null; then interpreter=$candidate && break; fi
        done
        [ -n "$interpreter" ] || continue
        "$interpreter" -m venv "$WORK/venv-$version"
        "$WORK/venv-$version/bin/pip" install --quiet --disable-pip-version-check --no-index "$wheel"
        (cd "$WORK" && "venv-$version/bin/python" -c "$USE_PYTHON")
        found=$((found + 1))
    done
    [ "$found" -gt 0 ] || die "no Python from 3.11 on is here"
}

node() {
    require npm "install Node.js 20 or newer"
    mkdir "$WORK/node"
    (
        cd "$WORK/node"
        npm init -y >/dev/null
        npm install --silent --no-audit --no-fund --offline "$DIST"/libkeepalive-linux-*-gnu-"$VERSION".tgz "$DIST/libkeepalive-$VERSION.tgz"
        command node -e "
            const { fetch, request } = require('libkeepalive')
            Promise.all([fetch('$HTTP/json'), request('$HTTP/gzip')]).then(async ([one, two]) => {
              if (!(await one.json()) || two.statusCode !== 200) process.exit(1)
              await two.body.dump()
              console.log('used', require('libkeepalive/package.json').version, 'from', require.resolve('libkeepalive'))
            })"
    )
}

c() {
    mkdir "$WORK/c"
    tar -C "$WORK/c" -xzf "$DIST"/libkeepalive-"$VERSION"-linux-*.tar.gz
    local prefix
    prefix=$(echo "$WORK"/c/libkeepalive-*)
    local flags
    flags=$(PKG_CONFIG_PATH=$prefix/lib/pkgconfig pkg-config --cflags --libs libkeepalive)
    eval "gcc bindings/c/examples/get.c $flags -Wl,-rpath,$prefix/lib -o $WORK/c/get"
    [ "$("$WORK/c/get" "$HTTP/ok" | head -1)" = 200 ] || die "the C library does not answer"
    echo "used C from $prefix"
}

deb() {
    require debootstrap "install the package debootstrap"
    require lintian "install the package lintian"
    [ "$(id -u)" = 0 ] || die "debootstrap needs root"
    lintian --fail-on error "$DIST"/*.deb
    local root=$WORK/root
    debootstrap --variant=minbase --include=gcc,libc6-dev,pkg-config,python3,ca-certificates \
        "$(. /etc/os-release && echo "$VERSION_CODENAME")" "$root" >"$WORK/debootstrap.log" 2>&1 ||
        die "debootstrap: $(tail -5 "$WORK/debootstrap.log")"
    cp "$DIST"/*.deb bindings/c/examples/get.c "$root/root"
    # Shares the network, so that the origin is there.
    chroot "$root" sh -ec "
        cd /root
        dpkg -i *.deb
        gcc get.c \$(pkg-config --cflags --libs libkeepalive) -o get
        ./get $HTTP/ok | head -1 | grep -x 200
        gcc get.c \$(pkg-config --static --cflags --libs libkeepalive) -static -o whole 2>/dev/null
        ./whole $HTTP/ok | head -1 | grep -x 200
        ls /usr/share/man/man3/ka_client_send.3.gz
        dpkg -r python3-libkeepalive libkeepalive-dev libkeepalive1
        test ! -e /usr/include/keepalive.h
        dpkg -i *.deb >/dev/null"
    chroot "$root" python3 -c "$USE_PYTHON"
}

for part in "$@"; do
    case $part in
        python | node | c | deb) say "$part" && "$part" ;;
        *) die "dist_check.sh: $part is none of python, node, c, deb" ;;
    esac
done
exec 7>&-
say "all of it works"
