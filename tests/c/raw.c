/* Requests and bodies that are left as the caller has them. */
#include "check.h"

static ka_error *error;

static bool has(ka_bytes body, const char *part) {
    ka_str text;
    text.ptr = (const char *)body.ptr;
    text.len = body.len;
    return str_contains(text, part);
}

static void targets(ka_client *client, const char *base) {
    ka_request *request = new_request("OPTIONS", base, "/ok");
    ka_response *response = NULL;
    ka_bytes body;
    ka_str target;
    CHECK_FAILS(ka_request_set_raw_target(request, "/a b", &error), KA_INVALID_ARGUMENT,
                "raw_target: a space at byte 2", error);
    CHECK_FAILS(ka_request_set_raw_target(request, NULL, &error), KA_INVALID_ARGUMENT, "target",
                error);
    CHECK_FAILS(ka_request_set_raw_target(NULL, "/", &error), KA_INVALID_ARGUMENT, "request",
                error);
    target.ptr = "/echo?a/../b='c'#";
    target.len = strlen(target.ptr) - 1;
    CHECK_OK(ka_request_set_raw_target_str(request, target, &error), error);
    target.len++;
    CHECK_FAILS(ka_request_set_raw_target_str(request, target, &error), KA_INVALID_ARGUMENT,
                "begins a fragment at byte 16", error);
    CHECK_OK(ka_client_send(client, request, &response, &error), error);
    CHECK_OK(ka_response_read_all(response, &body, &error), error);
    CHECK(has(body, "\"target\":\"/echo?a/../b='c'\""));
    ka_response_free(response);
    ka_request_free(request);
}

static void omitted(ka_client *client, const char *base) {
    ka_request *request = new_request("GET", base, "/echo");
    ka_response *response = NULL;
    ka_bytes body;
    ka_str name;
    CHECK_FAILS(ka_request_omit_header(request, "host", &error), KA_INVALID_HEADER, "Host", error);
    CHECK_FAILS(ka_request_omit_header(request, "a:b", &error), KA_INVALID_HEADER, "header", error);
    name.ptr = "user-agent: ";
    name.len = 10;
    CHECK_OK(ka_request_omit_header_str(request, name, &error), error);
    CHECK_OK(ka_client_send(client, request, &response, &error), error);
    CHECK_OK(ka_response_read_all(response, &body, &error), error);
    CHECK(has(body, "\"Host\""));
    CHECK(!has(body, "User-Agent"));
    ka_response_free(response);
    ka_request_free(request);
}

/* Whether /gzip comes decoded. */
static bool decoded(ka_client *client, ka_request *request) {
    ka_response *response = NULL;
    ka_bytes body;
    bool is;
    CHECK_OK(ka_client_send(client, request, &response, &error), error);
    CHECK_OK(ka_response_read_all(response, &body, &error), error);
    is = !(body.len > 2 && body.ptr[0] == 0x1f && body.ptr[1] == 0x8b);
    ka_response_free(response);
    return is;
}

static void decoding(const char *base) {
    ka_client_options options;
    ka_client *client;
    ka_request *request;
    int all;
    for (all = 0; all < 2; all++) {
        init_options(&options);
        CHECK(options.decode == false);
        options.decode = all ? KA_DECODE_ALL : KA_DECODE_NONE;
        client = client_with(&options);
        request = new_request("GET", base, "/gzip");
        CHECK(decoded(client, request) == (all == 1));
        CHECK_OK(ka_request_set_decode(request, KA_DECODE_ALL, &error), error);
        CHECK(decoded(client, request));
        CHECK_OK(ka_request_set_option(request, "decode", "false", &error), error);
        CHECK(!decoded(client, request));
        CHECK_OK(ka_request_set_option(request, "decode", NULL, &error), error);
        CHECK(decoded(client, request) == (all == 1));
        ka_request_free(request);
        ka_client_free(client);
    }
}

int main(int argc, char **argv) {
    addresses found = check_addresses(argc, argv);
    ka_client *client = new_client(found.ca_file);
    targets(client, found.http);
    targets(client, found.https);
    omitted(client, found.http);
    decoding(found.http);
    ka_client_free(client);
    return 0;
}
