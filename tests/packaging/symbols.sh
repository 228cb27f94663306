# Symbols: the shared library's functions have their versions, the static one's are its only global names, so that a
# program can have its own zstd; and programs built against another version of the header run.
source "$(dirname "$0")/common.sh"
for tool in nm readelf; do need $tool binutils; done
install_to "$WORK/prefix"
lib=$WORK/prefix/lib

sed -n 's/^ *\(ka_[a-z0-9_]*\);$/\1/p' "$ROOT/bindings/c/libkeepalive.map" | sort >expected
nm -D --defined-only "$lib/libkeepalive.so" | awk '$2 == "T" {print $3}' | sort >exported
sed 's/@@LIBKEEPALIVE_1\.[0-9]*$//' exported | diff expected - || fail "the shared library exports something else"
[ "$(nm -D --defined-only "$lib/libkeepalive.so" | grep -cv ' A LIBKEEPALIVE_\| T ka_')" = 0 ] || fail "data is exported"
[ "$(grep -c '@@LIBKEEPALIVE_' exported)" = "$(wc -l <expected)" ] || fail "some have no version"
nm -g --defined-only "$lib/libkeepalive.a" | awk 'NF == 3 {print $3}' | sort | diff expected - ||
    fail "the static library has other global symbols"
dynamic=$(readelf -dW "$lib/libkeepalive.so")
for part in '\[libkeepalive.so.1\]' NODELETE BIND_NOW; do
    grep -q "$part" <<<"$dynamic" || fail "$part is missing: $dynamic"
done

# A program's own functions under the names of what is inside.
cat >clash.c <<'END'
#include <keepalive.h>
#include <stdio.h>
int ZSTD_decompressStream(void), HUF_readStats(void), rust_eh_personality(void);
int ZSTD_decompressStream(void) { return 1; }
int HUF_readStats(void) { return 2; }
int rust_eh_personality(void) { return 3; }
int main(int argc, char **argv) {
    ka_request *request = NULL;
    ka_response *response = NULL;
    ka_bytes body;
    if (argc != 2 || ka_request_new("GET", argv[1], &request, NULL) != KA_OK ||
        ka_request_add_header(request, "Accept-Encoding", "zstd", NULL) != KA_OK ||
        ka_request_set_decode(request, true, NULL) != KA_OK ||
        ka_client_send(ka_client_shared(), request, &response, NULL) != KA_OK ||
        ka_response_read_all(response, &body, NULL) != KA_OK)
        return 1;
    printf("%u\n%d\n", (unsigned)ka_response_status(response),
           ZSTD_decompressStream() + HUF_readStats() + rust_eh_personality());
    ka_response_free(response);
    ka_request_free(request);
    return 0;
}
END
gcc -I prefix/include clash.c prefix/lib/libkeepalive.a -lpthread -lm -ldl -o clash
[ "$(./clash "$HTTP/zstd" | tr '\n' ' ')" = "200 6 " ] || fail "a program's own zstd and ours meet"

# Headers of other versions: one that knows less of a struct, and one that knows more.
cat >sizes.c <<'END'
#include <keepalive.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
int main(int argc, char **argv) {
    struct { ka_client_options options; char later[64]; } newer;
    size_t older = offsetof(ka_client_options, user_agent), sizes[2];
    ka_client *client = NULL;
    ka_error *error = NULL;
    int i;
    sizes[0] = older;
    sizes[1] = sizeof newer;
    for (i = 0; i < 2; i++) {
        memset(&newer, 0, sizeof newer);
        ka_client_options_init(&newer.options, sizes[i]);
        if (ka_client_new(&newer.options, &client, &error) != KA_OK) {
            printf("%d: %.*s\n", i, (int)ka_error_message(error).len, ka_error_message(error).ptr);
            return 1;
        }
        ka_client_free(client);
    }
    (void)argv;
    printf("%d\n", argc == 2 ? 200 : 0);
    return 0;
}
END
gcc -I prefix/include sizes.c -L prefix/lib -lkeepalive -Wl,-rpath,"$lib" -o sizes
answers ./sizes
# And a library that lacks a function says which version is missed, when the program starts.
sed 's/LIBKEEPALIVE_1\.0/LIBKEEPALIVE_1.99/' "$ROOT/bindings/c/libkeepalive.map" >later.map
printf 'void ka_client_free(void *client) { (void)client; }\n' >later.c
mkdir later
gcc -shared -fPIC later.c -Wl,--version-script=later.map -Wl,--undefined-version -Wl,-soname,libkeepalive.so.1 \
    -o later/libkeepalive.so
printf '#include <keepalive.h>\nint main(void) { ka_client_free(NULL); return 0; }\n' >user.c
gcc -I prefix/include user.c -L later -lkeepalive -Wl,-rpath,"$lib" -o user
if ./user 2>said; then fail "a program of a later version started"; fi
grep -q "LIBKEEPALIVE_1.99' not found" said || fail "$(cat said)"
