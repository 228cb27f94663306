# A tool that is missing is named, with the package that has it; what is not there is said.
source "$(dirname "$0")/common.sh"
mkdir tools
for tool in bash dirname realpath cargo cc ld ar nm; do ln -s "$(command -v $tool)" tools/$tool; done
said=$(PATH=$WORK/tools bash "$ROOT/scripts/package_c.sh" out "$WORK/none.a" 2>&1) && fail "it went on without objcopy"
[[ $said == *"objcopy is needed: install the package binutils"* ]] || fail "$said"
rm tools/cc
said=$(PATH=$WORK/tools bash "$ROOT/scripts/package_c.sh" out "$WORK/none.a" 2>&1) && fail "it went on without cc"
[[ $said == *"cc is needed: install the package gcc"* ]] || fail "$said"
said=$(bash "$ROOT/scripts/package_c.sh" out "$WORK/none.a" 2>&1) && fail "it went on without an archive"
[[ $said == *"none.a is not there: cargo build --release -p libkeepalive makes it"* ]] || fail "$said"

# The same of what is published. every has all tools but those that were taken out, and builds nothing.
mkdir every
IFS=: read -ra folders <<<"$PATH"
for folder in "${folders[@]}"; do ln -s "$folder"/* every/ 2>/dev/null || true; done
stand_in() { printf '#!/bin/sh\necho "%s was called" >&2\nexit 1\n' "$1" >new && chmod 755 new && mv new "every/$1"; }
# Whatever is missing on this machine besides.
for tool in cargo git ld ar nm objcopy readelf dpkg-buildpackage dh make npm openssl debootstrap lintian pkg-config g++ abidiff abidw; do
    rm -f "every/$tool"
    stand_in "$tool"
done
# without TOOL WHERE SCRIPT...: it ends at once, and says where the tool is to be had.
without() {
    local tool=$1 where=$2 said
    mv "every/$tool" away
    said=$(PATH=$WORK/every bash "$ROOT/scripts/$3" "${@:4}" 2>&1) && fail "$3 went on without $tool"
    [[ $said == "error: $tool is needed: $where" ]] || fail "$3 without $tool: $said"
    mv away "every/$tool"
}
without cargo https://rustup.rs dist.sh
without git "install the package git" dist.sh source
without objcopy "install the package binutils" dist.sh source c
without dpkg-buildpackage "install the package dpkg-dev" dist.sh c deb
without dh "install the package debhelper" dist.sh
without npm "install Node.js 20 or newer" dist.sh c node
without readelf "install the package binutils" dist.sh python
without openssl "install the package openssl" dist_check.sh
without pkg-config "install the package pkg-config" dist_check.sh c
without debootstrap "install the package debootstrap" dist_check.sh python deb
without lintian "install the package lintian" dist_check.sh
without cargo https://rustup.rs sbom.sh list
without cargo https://rustup.rs build.sh debug
without cargo https://rustup.rs setup.sh
without abidiff "install the package abigail-tools" abi.sh check
# And where none was asked for: the first that is called says it.
without sed "install the package sed" install.sh uninstall
without realpath "install the package coreutils" install.sh uninstall
said=$(PATH=$WORK/every bash "$ROOT/scripts/dist.sh" c cc deb 2>&1) && fail "there is no part cc"
[[ $said == "error: dist.sh: cc is none of source, c, deb, python, node, sbom" ]] || fail "$said"
other=aarch64
[ "$(uname -m)" != aarch64 ] || other=x86_64
rm -f "every/$other-linux-gnu-ld"
said=$(KEEPALIVE_TARGET=$other-unknown-linux-gnu PATH=$WORK/every bash "$ROOT/scripts/dist.sh" c 2>&1) && fail "it went on without binutils"
[[ $said == "error: $other-linux-gnu-ld is needed: install the package binutils-${other//_/-}-linux-gnu" ]] || fail "$said"
said=$(KEEPALIVE_TARGET=riscv64gc-unknown-linux-gnu bash "$ROOT/scripts/dist.sh" c 2>&1) && fail "it went on for riscv64"
[[ $said == *"KEEPALIVE_TARGET is riscv64gc-unknown-linux-gnu: it can be x86_64 or aarch64"* ]] || fail "$said"
printf '#!/bin/sh\necho "%s"\n' "$WORK/no rust" >tools/rustc
chmod 755 tools/rustc
said=$(PATH=$WORK/tools:$PATH bash "$ROOT/scripts/dist.sh" c 2>&1) && fail "it went on without Rust's library"
[[ $said == *"rustup target add $(uname -m)-unknown-linux-gnu installs it"* ]] || fail "$said"
