#!/usr/bin/env bash
# dist_check.sh [python|node|c|deb]...: what is in dist/ is installed where nothing else of ours is, and used against
# the origin of the tests: the wheel in fresh venvs of every Python from 3.11 on that is here, the npm packages in an
# empty folder, the C library's archive by pkg-config, and the Debian packages in a root of debootstrap (as root). Each
# also agrees on keys with a server that takes X25519MLKEM768 only.
source "$(dirname "$0")/common.sh"
[ $# -gt 0 ] || set -- python node c deb
DIST=$ROOT/dist
VERSION=$(version)
WORK=$ROOT/target/dist_check
# Looked for before anything is installed.
require cargo openssl node
for part in "$@"; do
    case $part in
        python) ;;
        node) require npm ;;
        c) require gcc pkg-config readelf ;;
        deb)
            require debootstrap chroot lintian
            [ "$(id -u)" = 0 ] || die "debootstrap needs root"
            ;;
        *) die "dist_check.sh: $part is none of python, node, c, deb" ;;
    esac
done
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

# Its certificate is its own authority, which SSL_CERT_FILE names.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -addext basicConstraints=critical,CA:FALSE \
    -keyout "$WORK/key.pem" -out "$WORK/certificate.pem" 2>/dev/null
[ -x "$NODE26" ] || die "Node 26 is not below target/: scripts/setup.sh node26"
mkfifo "$WORK/open2" "$WORK/port"
"$NODE26" tests/packaging/post_quantum.js "$WORK/key.pem" "$WORK/certificate.pem" <"$WORK/open2" >"$WORK/port" &
exec 8>"$WORK/open2"
read -r port <"$WORK/port"
HTTPS=https://127.0.0.1:$port
export SSL_CERT_FILE=$WORK/certificate.pem

USE_PYTHON="import libkeepalive as k, asyncio
assert k.get('$HTTP/json').json()
async def main():
    async with k.AsyncClient() as client:
        assert (await client.get('$HTTP/gzip')).status_code == 200
asyncio.run(main())
assert k.get('$HTTPS/').info.tls.group == 'X25519MLKEM768'
print('used', k.__version__, 'from', k.__file__)"

python() {
    local wheel found=0 version
    wheel=$(ls "$DIST"/libkeepalive-"$VERSION"-cp311-abi3-manylinux*_"$(uname -m)".whl)
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
    mkdir "$WORK/node"
    (
        cd "$WORK/node"
        npm init -y >/dev/null
        npm install --silent --no-audit --no-fund --offline "$DIST/libkeepalive-linux-$(command node -p process.arch)-gnu-$VERSION.tgz" "$DIST/libkeepalive-$VERSION.tgz"
        command node -e "
            const { fetch, request } = require('libkeepalive')
            Promise.all([fetch('$HTTP/json'), request('$HTTP/gzip'), request('$HTTPS/')]).then(async ([one, two, three]) => {
              if (!(await one.json()) || two.statusCode !== 200 || three.info.tls.group !== 'X25519MLKEM768') process.exit(1)
              await Promise.all([two.body.dump(), three.body.dump()])
              console.log('used', require('libkeepalive/package.json').version, 'from', require.resolve('libkeepalive'))
            })"
    )
}

c() {
    mkdir "$WORK/c"
    tar -C "$WORK/c" -xzf "$DIST/libkeepalive-$VERSION-linux-$(uname -m).tar.gz"
    local prefix
    prefix=$(echo "$WORK"/c/libkeepalive-*)
    local flags
    flags=$(PKG_CONFIG_PATH=$prefix/lib/pkgconfig pkg-config --cflags --libs libkeepalive)
    eval "gcc bindings/c/examples/get.c $flags -Wl,-rpath,$prefix/lib -o $WORK/c/get"
    [ "$("$WORK/c/get" "$HTTP/ok" | head -1)" = 200 ] || die "the C library does not answer"
    local kind
    for kind in "$flags -Wl,-rpath,$prefix/lib" "-I$prefix/include $prefix/lib/libkeepalive.a -lpthread -lm -ldl"; do
        eval "gcc tests/packaging/agreed.c $kind -o $WORK/c/agreed"
        [ "$("$WORK/c/agreed" "$HTTPS/")" = X25519MLKEM768 ] || die "the C library agreed on keys otherwise"
    done
    # What it asks of glibc is not newer than is promised.
    readelf --dyn-syms -W "$prefix"/lib/libkeepalive.so | grep -o '@GLIBC_[0-9.]*' | sort -uV | tail -1 |
        awk -F'[_.]' '$2 > 2 || $3 > 17 { exit 1 }' || die "libkeepalive.so needs a newer glibc than 2.17"
    echo "used C from $prefix"
}

deb() {
    lintian --fail-on error "$DIST"/*.deb
    local root=$WORK/root
    debootstrap --variant=minbase --include=gcc,libc6-dev,pkg-config,python3,ca-certificates \
        "$(. /etc/os-release && echo "$VERSION_CODENAME")" "$root" >"$WORK/debootstrap.log" 2>&1 ||
        die "debootstrap: $(tail -5 "$WORK/debootstrap.log")"
    cp "$DIST"/*.deb bindings/c/examples/get.c tests/packaging/agreed.c "$root/root"
    cp "$SSL_CERT_FILE" "$root/root/certificate.pem"
    export SSL_CERT_FILE=/root/certificate.pem
    # Shares the network, so that the origin is there.
    chroot "$root" sh -ec "
        cd /root
        dpkg -i *.deb
        gcc get.c \$(pkg-config --cflags --libs libkeepalive) -o get
        ./get $HTTP/ok | head -1 | grep -x 200
        gcc agreed.c \$(pkg-config --cflags --libs libkeepalive) -o agreed
        ./agreed $HTTPS/ | grep -x X25519MLKEM768
        gcc get.c \$(pkg-config --static --cflags --libs libkeepalive) -static -o whole 2>/dev/null
        ./whole $HTTP/ok | head -1 | grep -x 200
        ls /usr/share/man/man3/ka_client_send.3.gz
        dpkg -r python3-libkeepalive libkeepalive-dev libkeepalive1
        test ! -e /usr/include/keepalive.h
        dpkg -i *.deb >/dev/null"
    chroot "$root" python3 -c "$USE_PYTHON"
}

for part in "$@"; do
    say "$part"
    "$part"
done
exec 7>&- 8>&-
say "all of it works"
