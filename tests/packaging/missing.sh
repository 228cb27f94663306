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
