/* Bad input: a clear error that names the argument, and nothing sent. */
#include "check.h"

static ka_error *error;

/* `call` failed; what it says has no part of a secret. */
static void keeps_secret(ka_status status) {
    CHECK(status != KA_OK && error != NULL);
    CHECK(!str_contains(ka_error_message(error), "s3cret"));
    ka_error_free(error);
    error = NULL;
}

static void secrets(const char *base) {
    const char *urls[] = {
        "http://us:s3cret@host:99999/", "http://us:s3cret@ho st/", "http://us:s3cret@",
        "http://us:s3cret@h\\x/",       "us:s3cret@h/",            "http:us:s3cret@h/",
        "http://us:s3cret@h/\r\n",      "http://us:s3 cret@[::1/", "ftp://us:s3cret@h/",
        "http://us:s3cret@h%00/",       "http://s3cret@s3cret@h/", "//us:s3cret@h/",
    };
    const char *headers[][2] = {
        {"Authorization", "Bearer s3cret\n"},     {"Authorization: Bearer s3cret", "1"},
        {"Cookie", "a=s3cret\x01"},               {"Cookie=s3cret", "1"},
        {"Proxy-Authorization", "s3cret\x7f"},    {"Set-Cookie", "s3cret\r"},
        {"Proxy-Authorization s3cret", "\r\n"},   {"Host", "us:s3cret@h"},
        {"Content-Length", "s3cret"},             {"Transfer-Encoding", "s3cret"},
    };
    ka_request *request = NULL;
    ka_client_options options;
    ka_client *client = NULL;
    ka_response *response = NULL;
    char url[128];
    size_t i;
    for (i = 0; i < sizeof urls / sizeof urls[0]; i++)
        keeps_secret(ka_request_new("GET", urls[i], &request, &error));
    request = new_request("GET", base, "/ok");
    for (i = 0; i < sizeof headers / sizeof headers[0]; i++)
        keeps_secret(ka_request_add_header(request, headers[i][0], headers[i][1], &error));
    ka_request_free(request);
    /* what fails later: on the way, at a redirect, for a limit of the client */
    ka_client_options_init(&options, sizeof options);
    options.max_redirects = 1;
    options.client_key_password = "s3cret";
    options.client_key_pem.ptr = (const uint8_t *)"s3cret";
    options.client_key_pem.len = 6;
    keeps_secret(ka_client_new(&options, &client, &error));
    ka_client_options_init(&options, sizeof options);
    options.max_redirects = 1;
    CHECK_OK(ka_client_new(&options, &client, &error), error);
    snprintf(url, sizeof url, "http://us:s3cret@%s/redirect/302?n=3", strstr(base, "//") + 2);
    CHECK_OK(ka_request_new("GET", url, &request, &error), error);
    CHECK_OK(ka_request_add_header(request, "Cookie", "a=s3cret", &error), error);
    CHECK_OK(ka_request_add_header(request, "Proxy-Authorization", "s3cret", &error), error);
    CHECK(ka_request_set_follow_redirects(request, true, NULL) == KA_OK);
    keeps_secret(ka_client_send(client, request, &response, &error));
    ka_request_free(request);
    CHECK_OK(ka_request_new("GET", "http://us:s3cret@127.0.0.1:1/", &request, &error), error);
    keeps_secret(ka_client_send(client, request, &response, &error));
    ka_request_free(request);
    ka_client_free(client);
}

static void urls(void) {
    static const struct {
        const char *url;
        ka_status status;
        const char *text;
    } bad[] = {
        {"ftp://example.com/", KA_UNSUPPORTED_SCHEME, "ftp"},
        {"example.com", KA_INVALID_URL, "scheme"},
        {"http://", KA_INVALID_URL, "host"},
        {"http://example.com:99999/", KA_INVALID_URL, "port"},
        {"http://example.com/\r\nX: y", KA_INVALID_URL, "line break"},
        {"http://example.com/a\tb", KA_INVALID_URL, "a tab at byte 20"},
        {" http://example.com/", KA_INVALID_URL, "a space at byte 0"},
        {"", KA_INVALID_URL, "url"},
        /* what other parsers read as another host */
        {"http://127.0.0.1:1\\@allowed.example/", KA_INVALID_URL, "backslash"},
        {"http:///allowed.example/", KA_INVALID_URL, "the host is empty"},
        {"http:allowed.example/", KA_INVALID_URL, "expected http://"},
        {"http:/allowed.example/", KA_INVALID_URL, "expected http://"},
        {"http://a@b@allowed.example/", KA_INVALID_URL, "user name"},
        {"http://127.1/", KA_INVALID_URL, "127.0.0.1"},
        {"http://example.com/\xff", KA_INVALID_ARGUMENT, "url"},
    };
    ka_request *request = NULL;
    size_t i;
    for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CHECK_FAILS(ka_request_new("GET", bad[i].url, &request, &error), bad[i].status,
                    bad[i].text, error);
        CHECK(request == NULL);
    }
    CHECK_FAILS(ka_request_new("GE T", "http://example.com/", &request, &error),
                KA_INVALID_METHOD, "GE T", error);
    CHECK_FAILS(ka_request_new("", "http://example.com/", &request, &error), KA_INVALID_METHOD,
                "method", error);
    CHECK_FAILS(ka_request_new(NULL, "http://example.com/", &request, &error),
                KA_INVALID_ARGUMENT, "method", error);
    CHECK_FAILS(ka_request_new("GET", NULL, &request, &error), KA_INVALID_ARGUMENT, "url", error);
    CHECK_FAILS(ka_request_new("GET", "http://example.com/", NULL, &error), KA_INVALID_ARGUMENT,
                "request", error);
    CHECK(ka_request_new("GET", "", &request, NULL) == KA_INVALID_URL);
}

static void headers(const char *base) {
    ka_request *request = new_request("GET", base, "/echo");
    CHECK_FAILS(ka_request_add_header(request, "X Y", "1", &error), KA_INVALID_HEADER, "X ***", error);
    CHECK_FAILS(ka_request_add_header(request, "", "1", &error), KA_INVALID_HEADER, "header", error);
    CHECK_FAILS(ka_request_add_header(request, "X", "a\r\nY: b", &error), KA_INVALID_HEADER, "X",
                error);
    CHECK_FAILS(ka_request_add_header(request, NULL, "1", &error), KA_INVALID_ARGUMENT, "name",
                error);
    CHECK_FAILS(ka_request_add_header(request, "X", NULL, &error), KA_INVALID_ARGUMENT, "value",
                error);
    CHECK_FAILS(ka_request_add_header(NULL, "X", "1", &error), KA_INVALID_ARGUMENT, "request",
                error);
    CHECK_FAILS(ka_request_set_body(request, NULL, 3, &error), KA_INVALID_ARGUMENT, "data", error);
    CHECK_FAILS(ka_request_set_body(request, (const uint8_t *)"x", SIZE_MAX, &error),
                KA_INVALID_ARGUMENT, "data", error);
    CHECK_OK(ka_request_set_body(request, NULL, 0, &error), error);
    CHECK_FAILS(ka_request_set_body_reader(request, NULL, -1, &error), KA_INVALID_ARGUMENT,
                "read", error);
    CHECK_FAILS(ka_request_set_timeout(request, (ka_timeout)77, 1, &error), KA_INVALID_ARGUMENT,
                "which", error);
    ka_request_free(request);
}

/* Texts that are parts of larger ones, and whose ends no NUL marks. */
static void with_lengths(ka_client *client, const char *base) {
    const ka_str nowhere = {NULL, 3}, empty = {NULL, 0};
    ka_str url, name, value;
    ka_request *request = NULL;
    ka_response *response = NULL;
    ka_bytes body;
    size_t opened = 9;
    char text[512];
    snprintf(text, sizeof text, "%s/echo?and=more", base);
    url.ptr = text;
    url.len = strlen(base) + strlen("/echo");
    name.ptr = "X-Part-of-it";
    name.len = strlen("X-Part");
    value.ptr = "one, two";
    value.len = 3;
    CHECK_OK(ka_client_warm_str(client, url, 1, &opened, &error), error);
    CHECK_OK(ka_request_new_str(KA_STR("GET"), url, &request, &error), error);
    CHECK_OK(ka_request_add_header_str(request, name, value, &error), error);
    CHECK_OK(ka_request_add_header_str(request, KA_STR("X-Empty"), empty, &error), error);
    CHECK_FAILS(ka_request_add_header_str(request, KA_STR("X-Z"), KA_STR("a\0b"), &error),
                KA_INVALID_HEADER, "X-Z", error);
    CHECK_FAILS(ka_request_add_header_str(request, nowhere, value, &error), KA_INVALID_ARGUMENT,
                "name", error);
    CHECK_FAILS(ka_request_add_header_str(request, name, nowhere, &error), KA_INVALID_ARGUMENT,
                "value", error);
    CHECK_FAILS(ka_request_add_header_str(NULL, name, value, &error), KA_INVALID_ARGUMENT,
                "request", error);
    CHECK_OK(ka_client_send(client, request, &response, &error), error);
    ka_request_free(request);
    CHECK_OK(ka_response_read_all(response, &body, &error), error);
    url.ptr = (const char *)body.ptr;
    url.len = body.len;
    CHECK(str_contains(url, "[\"X-Part\",\"one\"]") && str_contains(url, "[\"X-Empty\",\"\"]"));
    CHECK(!str_contains(url, "and=more"));
    /* a view of a response goes in as it came out */
    CHECK(ka_response_header(response, "content-length", &value));
    CHECK(ka_response_header_str(response, KA_STR("CONTENT-LENGTH"), &url) && url.ptr == value.ptr);
    name.ptr = "Content-LengthX";
    name.len = strlen("Content-Length");
    CHECK(ka_response_header_str(response, name, NULL));
    name.len++;
    CHECK(!ka_response_header_str(response, name, &value) && value.ptr == NULL);
    CHECK(!ka_response_header_str(response, nowhere, &value));
    CHECK(!ka_response_header_str(NULL, name, &value));
    ka_response_free(response);

    CHECK_FAILS(ka_request_new_str(KA_STR("GET"), nowhere, &request, &error), KA_INVALID_ARGUMENT,
                "url", error);
    CHECK(request == NULL);
    CHECK_FAILS(ka_request_new_str(nowhere, KA_STR("http://a/"), &request, &error),
                KA_INVALID_ARGUMENT, "method", error);
    CHECK_FAILS(ka_request_new_str(empty, KA_STR("http://a/"), &request, &error), KA_INVALID_METHOD,
                "method", error);
    CHECK_FAILS(ka_request_new_str(KA_STR("GET"), KA_STR("http://a/\0b"), &request, &error),
                KA_INVALID_URL, "NUL", error);
    CHECK_FAILS(ka_request_new_str(KA_STR("GET"), KA_STR("http://a/\xff"), &request, &error),
                KA_INVALID_ARGUMENT, "url", error);
    CHECK_FAILS(ka_client_warm_str(client, nowhere, 1, &opened, &error), KA_INVALID_ARGUMENT, "url",
                error);
    CHECK(opened == 0);
}

static void options(void) {
    ka_client_options bad;
    ka_client *client = NULL;
    ka_client_options_init(&bad, sizeof bad);
    bad.max_per_host = 0;
    CHECK_FAILS(ka_client_new(&bad, &client, &error), KA_INVALID_ARGUMENT, "max_per_host", error);
    ka_client_options_init(&bad, sizeof bad);
    bad.ca_file = "/nowhere/ca.pem";
    CHECK_FAILS(ka_client_new(&bad, &client, &error), KA_INVALID_ARGUMENT, "ca_file", error);
    ka_client_options_init(&bad, sizeof bad);
    bad.client_cert_file = "/nowhere/client.pem";
    CHECK_FAILS(ka_client_new(&bad, &client, &error), KA_INVALID_ARGUMENT, "client_cert_file", error);
    memset(&bad, 0, sizeof bad);
    CHECK_FAILS(ka_client_new(&bad, &client, &error), KA_INVALID_ARGUMENT, "size", error);
    CHECK(client == NULL);
    ka_client_options_init(NULL, sizeof bad);
}

static void nulls(const char *base) {
    ka_client *client = ka_client_shared();
    ka_request *request = new_request("GET", base, "/ok");
    ka_response *response = NULL, *kept;
    ka_queue *queue = NULL;
    ka_event event;
    ka_stats stats;
    ka_bytes body;
    ka_str name, value;
    ka_info info;
    uint8_t buffer[4];
    size_t count = 9;
    CHECK_FAILS(ka_client_new(NULL, NULL, &error), KA_INVALID_ARGUMENT, "client", error);
    CHECK_FAILS(ka_client_send(NULL, request, &response, &error), KA_INVALID_ARGUMENT, "client",
                error);
    CHECK_FAILS(ka_client_send(client, NULL, &response, &error), KA_INVALID_ARGUMENT, "request",
                error);
    CHECK_FAILS(ka_client_send(client, request, NULL, &error), KA_INVALID_ARGUMENT, "response",
                error);
    CHECK_FAILS(ka_client_submit(client, request, NULL, NULL, NULL, &error), KA_INVALID_ARGUMENT,
                "queue", error);
    CHECK_FAILS(ka_client_stats(NULL, &stats, sizeof stats, &error), KA_INVALID_ARGUMENT, "client",
                error);
    CHECK_FAILS(ka_client_stats(client, NULL, sizeof stats, &error), KA_INVALID_ARGUMENT, "stats",
                error);
    CHECK_FAILS(ka_client_stats(client, &stats, 0, &error), KA_INVALID_ARGUMENT, "stats.size",
                error);
    CHECK_FAILS(ka_queue_new(NULL, &error), KA_INVALID_ARGUMENT, "queue", error);
    CHECK(ka_queue_fd(NULL) == -1 && ka_queue_wait(NULL, &event, 1, -1) == 0);
    CHECK_OK(ka_queue_new(&queue, &error), error);
    CHECK(ka_queue_wait(queue, NULL, 1, -1) == 0 && ka_queue_wait(queue, &event, 0, -1) == 0);
    CHECK_FAILS(ka_queue_take(NULL, &event, 1, -1, &count, &error), KA_INVALID_ARGUMENT, "queue",
                error);
    CHECK(count == 0);
    CHECK_FAILS(ka_queue_take(queue, NULL, 1, -1, &count, &error), KA_INVALID_ARGUMENT, "events",
                error);
    CHECK_FAILS(ka_queue_take(queue, &event, 0, -1, &count, &error), KA_INVALID_ARGUMENT,
                "capacity", error);
    CHECK_FAILS(ka_queue_take(queue, &event, 1, -1, NULL, &error), KA_INVALID_ARGUMENT, "count",
                error);
    CHECK_FAILS(ka_queue_take(queue, &event, SIZE_MAX, -1, &count, &error), KA_INVALID_ARGUMENT,
                "capacity", error);
    CHECK_OK(ka_queue_take(queue, &event, 1, 0, &count, &error), error);
    count = 9;
    CHECK_FAILS(ka_response_submit_read(NULL, 1, queue, NULL, NULL, &error), KA_INVALID_ARGUMENT,
                "response", error);

    CHECK_OK(ka_client_send(client, request, &response, &error), error);
    kept = response;
    CHECK_FAILS(ka_response_read(kept, NULL, 4, &count, &error), KA_INVALID_ARGUMENT, "buffer",
                error);
    CHECK(count == 0);
    CHECK_FAILS(ka_response_read(kept, buffer, 0, &count, &error), KA_INVALID_ARGUMENT, "capacity",
                error);
    CHECK_FAILS(ka_response_read(kept, buffer, 4, NULL, &error), KA_INVALID_ARGUMENT, "count",
                error);
    CHECK_FAILS(ka_response_read_all(kept, NULL, &error), KA_INVALID_ARGUMENT, "body", error);
    CHECK_FAILS(ka_response_read_all(NULL, &body, &error), KA_INVALID_ARGUMENT, "response", error);
    CHECK(body.ptr == NULL && body.len == 0);
    CHECK_FAILS(ka_response_info(kept, NULL, sizeof info, &error), KA_INVALID_ARGUMENT, "info",
                error);
    CHECK(ka_response_header_at(kept, 0, NULL, &value) == KA_INVALID_ARGUMENT);
    CHECK(ka_response_header_at(NULL, 0, &name, &value) == KA_INVALID_ARGUMENT);
    CHECK(!ka_response_header(kept, NULL, &value) && !ka_response_header(NULL, "X", &value));
    CHECK(ka_response_trailer_at(NULL, 0, &name, &value) == KA_INVALID_ARGUMENT);
    CHECK_FAILS(ka_response_submit_read(kept, 0, queue, NULL, NULL, &error), KA_INVALID_ARGUMENT,
                "max", error);

    CHECK(ka_response_status(NULL) == 0 && ka_response_version(NULL) == 0);
    CHECK(ka_response_reason(NULL).len == 0 && ka_response_url(NULL).len == 0);
    CHECK(ka_response_header_count(NULL) == 0 && ka_response_trailer_count(NULL) == 0);
    CHECK(!ka_response_reused(NULL));
    CHECK_FAILS(ka_request_set_decode(NULL, true, &error), KA_INVALID_ARGUMENT, "request", error);
    CHECK_FAILS(ka_request_set_follow_redirects(NULL, true, &error), KA_INVALID_ARGUMENT, "request",
                error);
    CHECK_FAILS(ka_request_set_stream_response(NULL, true, &error), KA_INVALID_ARGUMENT, "request",
                error);
    CHECK(ka_request_set_decode(NULL, true, NULL) == KA_INVALID_ARGUMENT);
    CHECK(ka_error_status(NULL) == KA_OK && ka_error_message(NULL).len == 0);
    CHECK(strcmp(ka_error_phase(NULL), "") == 0 && ka_error_os_errno(NULL) == 0);
    CHECK(!ka_error_reused(NULL) && !ka_error_retry_safe(NULL));
    CHECK(ka_error_sent(NULL) == KA_SENT_NOTHING && ka_error_partial_body(NULL).len == 0);
    CHECK(strcmp(ka_status_name(KA_POOL_TIMEOUT), "KA_POOL_TIMEOUT") == 0);
    CHECK(strcmp(ka_status_name((ka_status)12345), "KA_UNKNOWN") == 0);
    ka_client_close(NULL);
    ka_client_free(NULL);
    ka_request_free(NULL);
    ka_response_free(NULL);
    ka_error_free(NULL);
    ka_queue_free(NULL);
    ka_call_cancel(NULL);
    ka_call_free(NULL);
    ka_queue_free(queue);
    ka_request_free(request);
}

static void closed_client(const addresses *at) {
    ka_client *client = new_client(at->ca_file);
    ka_request *request = new_request("GET", at->http, "/ok");
    ka_response *response = NULL;
    ka_queue *queue = NULL;
    CHECK_OK(ka_queue_new(&queue, &error), error);
    get_and_compare(client, at->http, "/ok", "ok");
    ka_client_close(client);
    ka_client_close(client);
    CHECK_FAILS(ka_client_send(client, request, &response, &error), KA_INVALID_STATE, "closed",
                error);
    CHECK_FAILS(ka_client_submit(client, request, queue, NULL, NULL, &error), KA_INVALID_STATE,
                "closed", error);
    CHECK(stats_of(client).idle == 0);
    ka_queue_free(queue);
    ka_client_free(client);
    ka_client_close(ka_client_shared());
    get_and_compare(ka_client_shared(), at->http, "/ok", "ok");
    ka_request_free(request);
}

static void trust(const addresses *at) {
    ka_client *client = new_client(NULL);
    ka_request *request = new_request("GET", at->https, "/ok");
    ka_response *response = NULL;
    CHECK_FAILS(ka_client_send(client, request, &response, &error), KA_CERTIFICATE_REJECTED,
                "localhost", error);
    ka_request_free(request);
    ka_client_free(client);
}

int main(int argc, char **argv) {
    addresses at = check_addresses(argc, argv);
    urls();
    secrets(at.http);
    headers(at.http);
    with_lengths(ka_client_shared(), at.http);
    options();
    nulls(at.http);
    closed_client(&at);
    trust(&at);
    return 0;
}
