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

# The same of what is published.
said=$(KEEPALIVE_TARGET=riscv64gc-unknown-linux-gnu bash "$ROOT/scripts/dist.sh" c 2>&1) && fail "it went on for riscv64"
[[ $said == *"KEEPALIVE_TARGET is riscv64gc-unknown-linux-gnu: it can be x86_64 or aarch64"* ]] || fail "$said"
printf '#!/bin/sh\necho "%s"\n' "$WORK/no rust" >tools/rustc
chmod 755 tools/rustc
said=$(PATH=$WORK/tools:$PATH bash "$ROOT/scripts/dist.sh" c 2>&1) && fail "it went on without Rust's library"
[[ $said == *"rustup target add $(uname -m)-unknown-linux-gnu installs it"* ]] || fail "$said"
