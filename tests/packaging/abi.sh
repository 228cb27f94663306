# The ABI: what was released still holds, what may grow may, and every other change is found.
source "$(dirname "$0")/common.sh"
header=$ROOT/include/keepalive.h
"$ROOT/scripts/abi.sh" check || fail "the header breaks what was released"

# changed EXPRESSION: a copy of the header that sed has changed.
changed() {
    sed "$1" "$header" >keepalive.h
    if cmp -s keepalive.h "$header"; then fail "the header has no place for $1"; fi
    "$ROOT/scripts/abi.sh" check "$WORK/keepalive.h" >said 2>&1
}
passes() { changed "$1" || fail "refused: $1: $(cat said)"; }
breaks() {
    if changed "$1"; then fail "passes: $1"; fi
    grep -q 'the C ABI has changed' said || fail "$1: $(cat said)"
}
passes 's/^} ka_client_options;/    uint64_t later;\n&/'
passes 's/^} ka_tls_info;/    ka_str later;\n&/'
passes 's/    KA_INVALID_URL = 101,/&\n    KA_LATER = 199,/'
passes 's/^KA_API void ka_call_free(.*/&\nKA_API void ka_call_later(void);/'
breaks 's/^    uint64_t max_total;/&\n    uint64_t later;/'
breaks 's/^    uint64_t max_total;/    uint32_t max_total, later;/'
breaks 's/^} ka_event;/    int later;\n&/'
breaks 's/^} ka_str;/    int later;\n&/'
breaks 's/KA_PROXY_FAILED = 203/KA_PROXY_FAILED = 209/'
breaks 's/^KA_API void ka_call_free(.*//'
breaks 's/^KA_API void ka_call_free(/KA_API int ka_call_free(/'
breaks 's/uint64_t limit_ms,/uint32_t limit_ms,/'
breaks 's/^    uint64_t max_total;/    uint64_t renamed;/'
# Not behind what has grown either.
breaks 's/^    uint64_t max_total;/    double max_total;/; s/^} ka_client_options;/    uint64_t later;\n&/'
breaks 's/    KA_INVALID_URL = 101,/    KA_OTHER_NAME = 101,/'
