#!/usr/bin/env bash
# dist_again.sh [PART]...: makes parts of dist/ (scripts/dist.sh) once more, from a clone of the commit in another folder
# with nothing built, and says whether the same bytes come out. KEEPALIVE_TARGET says for whom, as in dist.sh.
source "$(dirname "$0")/common.sh"
[ -f dist/SHA256SUMS ] || die "dist/ is empty: make dist"
[ -z "$(git status --porcelain)" ] || die "there are changes that are in no commit; a clone would not have them"
again=$ROOT/target/made_again
rm -rf "$again"
git clone --quiet --no-hardlinks "$ROOT" "$again"
mkdir "$again/target"
# The tools are the same.
ln -s "$VENV" "$again/target/venv"
(cd "$again" && scripts/dist.sh "$@" >/dev/null)
differ=0
while read -r sum name; do
    first=$(awk -v name="$name" '$2 == name { print $1 }' dist/SHA256SUMS)
    if [ "$sum" = "$first" ]; then
        echo "same: $name"
    else
        echo "DIFFERS: $name"
        differ=1
    fi
done <"$again/dist/SHA256SUMS"
[ "$differ" = 0 ] || die "two builds differ; the second is in $again/dist"
rm -rf "$again"
