# Manual pages: one for each function, which mandoc and man take without a word.
source "$(dirname "$0")/common.sh"
need mandoc mandoc
need man man-db
pages=$KEEPALIVE_PACKAGE/man
sed -n 's/^ *\(ka_[a-z0-9_]*\);$/\1/p' "$ROOT/bindings/c/libkeepalive.map" | while read -r name; do
    [ -f "$pages/$name.3" ] || fail "$name has no page"
done
mandoc -T lint -W warning "$pages"/*.3 "$pages"/*.7 || fail "mandoc finds fault"
# All pages in one run, which takes as long as one.
LC_ALL=C.UTF-8 MANWIDTH=80 man --warnings=w -l "$pages"/*.7 "$pages"/*.3 >read 2>said || fail "man: $(cat said)"
[ ! -s said ] || fail "man: $(head -5 said)"
for text in 'ka_client_send *- sends' 'OWNERSHIP' 'THREADS' 'ERRORS' 'This is the contract'; do
    grep -q "$text" read || fail "no page says $text"
done
# Every page that is named is there.
for page in $(cat "$pages"/* | sed -n 's/^\.BR \(ka_[a-z0-9_]*\) (3).*/\1/p' | sort -u); do
    [ -f "$pages/$page.3" ] || fail "$page(3) is named and not there"
done
