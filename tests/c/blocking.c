/* The blocking form: head, body whole and streamed, decoding, redirects, timeouts, information. */
#include "check.h"

static void reuses_one_connection(ka_client *client, const char *base) {
    ka_stats before = stats_of(client), after;
    int i;
    for (i = 0; i < 20; i++) CHECK(get_and_compare(client, base, "/ok", "ok") == (i > 0));
    after = stats_of(client);
    CHECK(after.opened == before.opened + 1);
    CHECK(after.reused == before.reused + 19);
    CHECK(after.idle >= 1 && after.active == 0 && after.waiting == 0);
}

static void shows_the_head(ka_client *client, const char *base) {
    ka_response *response = get(client, base, "/json");
    ka_str name, value;
    size_t i, count = ka_response_header_count(response);
    bool found = false;
    CHECK(str_equals(ka_response_reason(response), "OK"));
    CHECK(ka_response_version(response) == 11);
    CHECK(str_contains(ka_response_url(response), "/json"));
    CHECK(ka_response_header(response, "CONTENT-length", &value) && str_equals(value, "47"));
    CHECK(ka_response_header(response, "content-length", NULL));
    CHECK(!ka_response_header(response, "X-Absent", &value) && value.ptr == NULL && value.len == 0);
    CHECK(count > 0);
    for (i = 0; i < count; i++) {
        CHECK(ka_response_header_at(response, i, &name, &value) == KA_OK);
        CHECK(name.len > 0);
        if (str_equals(name, "Content-Length")) found = true;
    }
    CHECK(found);
    CHECK(ka_response_header_at(response, count, &name, &value) == KA_INVALID_ARGUMENT);
    CHECK(name.ptr == NULL && value.ptr == NULL);
    ka_response_free(response);
}

static void streams_a_body_in_small_pieces(ka_client *client, const char *base, const char *path) {
    ka_response *response = get(client, base, path);
    ka_error *error = NULL;
    uint8_t buffer[777];
    size_t total = 0, count, i;
    for (;;) {
        CHECK_OK(ka_response_read(response, buffer, sizeof buffer, &count, &error), error);
        if (count == 0) break;
        for (i = 0; i < count; i++) CHECK(buffer[i] == (total + i) % 251);
        total += count;
    }
    CHECK(total == 300000);
    CHECK_OK(ka_response_read(response, buffer, sizeof buffer, &count, &error), error);
    CHECK(count == 0);
    ka_response_free(response);
}

static void sends_headers_and_a_body(ka_client *client, const char *base) {
    static const uint8_t data[] = "hello \0 world";
    ka_request *request = new_request("POST", base, "/echo-body");
    ka_response *response = NULL;
    ka_error *error = NULL;
    ka_bytes body;
    int i;
    CHECK_OK(ka_request_add_header(request, "Content-Type", "text/x-test", &error), error);
    CHECK_OK(ka_request_set_body(request, data, sizeof data, &error), error);
    for (i = 0; i < 2; i++) { /* a request with a body in memory may be sent again */
        ka_str type;
        CHECK_OK(ka_client_send(client, request, &response, &error), error);
        CHECK_OK(ka_response_read_all(response, &body, &error), error);
        CHECK(body.len == sizeof data && memcmp(body.ptr, data, sizeof data) == 0);
        CHECK(ka_response_header(response, "content-type", &type));
        CHECK(str_equals(type, "text/x-test"));
        ka_response_free(response);
    }
    ka_request_free(request);
}

static void gives_trailers_after_the_body(ka_client *client, const char *base) {
    ka_response *response = get(client, base, "/trailers");
    ka_error *error = NULL;
    ka_bytes body;
    ka_str name, value;
    CHECK_OK(ka_response_read_all(response, &body, &error), error);
    CHECK(ka_response_trailer_count(response) == 2);
    CHECK(ka_response_trailer_at(response, 0, &name, &value) == KA_OK);
    CHECK(str_equals(name, "X-Checksum") && str_equals(value, "abc"));
    CHECK(ka_response_trailer_at(response, 2, &name, &value) == KA_INVALID_ARGUMENT);
    ka_response_free(response);
}

static void decodes_only_when_asked(ka_client *client, const char *base) {
    ka_response *plain = get(client, base, "/compressible");
    ka_request *request = new_request("GET", base, "/gzip");
    ka_response *raw = NULL, *decoded = NULL;
    ka_error *error = NULL;
    ka_bytes expected, body;
    CHECK_OK(ka_response_read_all(plain, &expected, &error), error);
    CHECK_OK(ka_client_send(client, request, &raw, &error), error);
    CHECK_OK(ka_response_read_all(raw, &body, &error), error);
    CHECK(body.len > 2 && body.ptr[0] == 0x1f && body.ptr[1] == 0x8b);
    CHECK(ka_request_set_decode(request, true, NULL) == KA_OK);
    CHECK_OK(ka_client_send(client, request, &decoded, &error), error);
    CHECK_OK(ka_response_read_all(decoded, &body, &error), error);
    CHECK(body.len == expected.len && memcmp(body.ptr, expected.ptr, body.len) == 0);
    ka_response_free(plain);
    ka_response_free(raw);
    ka_response_free(decoded);
    ka_request_free(request);
}

static void follows_redirects_only_when_asked(ka_client *client, const char *base) {
    ka_request *request = new_request("GET", base, "/redirect/302?n=3");
    ka_response *response = NULL;
    ka_error *error = NULL;
    ka_info info;
    CHECK_OK(ka_client_send(client, request, &response, &error), error);
    CHECK(ka_response_status(response) == 302);
    ka_response_free(response);
    CHECK(ka_request_set_follow_redirects(request, true, NULL) == KA_OK);
    CHECK_OK(ka_client_send(client, request, &response, &error), error);
    CHECK(ka_response_status(response) == 200);
    CHECK(str_contains(ka_response_url(response), "/ok"));
    CHECK_OK(ka_response_info(response, &info, sizeof info, &error), error);
    CHECK(info.redirects >= 3);
    ka_response_free(response);
    ka_request_free(request);
}

static void keeps_its_time_limits(ka_client *client, const char *base) {
    ka_request *request = new_request("GET", base, "/stall");
    ka_response *response = NULL;
    ka_error *error = NULL;
    uint8_t buffer[64];
    size_t count;
    CHECK_OK(ka_request_set_timeout(request, KA_TIMEOUT_HEADER, 50, &error), error);
    CHECK(ka_client_send(client, request, &response, &error) == KA_READ_TIMEOUT);
    CHECK(response == NULL && ka_error_status(error) == KA_READ_TIMEOUT);
    CHECK(strcmp(ka_error_phase(error), "head") == 0);
    CHECK(ka_error_sent(error) == KA_SENT_ALL);
    ka_error_free(error);
    ka_request_free(request);

    request = new_request("GET", base, "/stall-body?n=10&sent=4");
    CHECK_OK(ka_request_set_timeout(request, KA_TIMEOUT_READ, 50, &error), error);
    CHECK_OK(ka_client_send(client, request, &response, &error), error);
    CHECK_OK(ka_response_read(response, buffer, sizeof buffer, &count, &error), error);
    CHECK(count > 0 && count <= 4);
    while (count > 0) {
        ka_status status = ka_response_read(response, buffer, sizeof buffer, &count, &error);
        CHECK(status == KA_OK || (status == KA_READ_TIMEOUT && count == 0));
    }
    CHECK(strcmp(ka_error_phase(error), "body") == 0);
    ka_error_free(error);
    ka_response_free(response);
    ka_request_free(request);
}

static void tells_how_it_went(ka_client *client, const char *base) {
    ka_response *response = get(client, base, "/ok");
    ka_error *error = NULL;
    ka_info info;
    uint64_t older[3] = {7, 7, 7};
    CHECK_OK(ka_response_info(response, &info, sizeof info, &error), error);
    CHECK(info.size == sizeof info && info.connection_id > 0 && info.replays == 0);
    CHECK((info.reused != 0) == ka_response_reused(response));
    CHECK(info.total_ns > 0);
    /* a program of an older version knows fewer fields */
    CHECK(offsetof(ka_info, reused) == sizeof older[0]);
    CHECK_OK(ka_response_info(response, (ka_info *)older, 2 * sizeof older[0], &error), error);
    CHECK(older[0] == sizeof info && older[1] == info.reused && older[2] == 7);
    ka_response_free(response);
}

static void tells_why_a_request_was_sent_again(ka_client *client, const char *base) {
    ka_response *response;
    ka_error *error = NULL;
    ka_info info;
    char path[64];
    snprintf(path, sizeof path, "/flaky?key=%s&times=1&how=fin", base);
    get_and_compare(client, base, "/ok", "ok");
    response = get(client, base, path);
    CHECK_OK(ka_response_info(response, &info, sizeof info, &error), error);
    CHECK(info.replays == 1 && info.replay_reason == KA_CONNECTION_CLOSED && info.retries == 0);
    ka_response_free(response);
    response = get(client, base, "/ok");
    CHECK_OK(ka_response_info(response, &info, sizeof info, &error), error);
    CHECK(info.replays == 0 && info.replay_reason == KA_OK);
    ka_response_free(response);
    CHECK(stats_of(client).replayed == 1 && stats_of(client).retried == 0);
}

static void shows_the_idle_limit_of_each_origin(const char *ca_file, const char *http,
                                                const char *https) {
    ka_client *client = new_client(ca_file);
    ka_origin_stats origin;
    ka_error *error = NULL;
    uint64_t older[2] = {0, 0};
    ka_response_free(get(client, http, "/keepalive?timeout=9"));
    ka_response_free(get(client, https, "/ok"));
    CHECK(stats_of(client).origin_count == 2);
    CHECK_OK(ka_client_origin_stats(client, 0, &origin, sizeof origin, &error), error);
    CHECK(origin.size == sizeof origin && strcmp(origin.origin, http) == 0);
    CHECK(origin.idle == 1 && origin.active == 0 && origin.waiting == 0 && origin.dialing == 0);
    CHECK(origin.idle_limit_ns == 8000000000u && str_equals(origin.idle_limit_source, "hint"));
    CHECK(str_equals(origin.breaker, "closed"));
    CHECK_OK(ka_client_origin_stats(client, 1, &origin, sizeof origin, &error), error);
    CHECK(strcmp(origin.origin, https) == 0);
    CHECK_OK(ka_client_origin_stats(client, 1, (ka_origin_stats *)older, 8, &error), error);
    CHECK(older[0] == sizeof origin && older[1] == 0);
    CHECK_FAILS(ka_client_origin_stats(client, 2, &origin, sizeof origin, &error),
                KA_INVALID_ARGUMENT, "index", error);
    CHECK_FAILS(ka_client_origin_stats(client, 0, NULL, sizeof origin, &error), KA_INVALID_ARGUMENT,
                "stats", error);
    ka_client_free(client);
}

static void unread_responses_cost_nothing_but_a_drain(ka_client *client, const char *base) {
    int i;
    for (i = 0; i < 5; i++) ka_response_free(get(client, base, "/bytes/100"));
    ka_response_free(get(client, base, "/stall-body?n=1000000&sent=10"));
}

int main(int argc, char **argv) {
    addresses at = check_addresses(argc, argv);
    const char *bases[2];
    int i;
    bases[0] = at.http;
    bases[1] = at.https;
    CHECK(ka_version_number() == KA_VERSION_NUMBER && strcmp(ka_version(), KA_VERSION) == 0);
    for (i = 0; i < 2; i++) {
        ka_client *client = new_client(at.ca_file);
        reuses_one_connection(client, bases[i]);
        shows_the_head(client, bases[i]);
        streams_a_body_in_small_pieces(client, bases[i], "/bytes/300000");
        streams_a_body_in_small_pieces(client, bases[i], "/chunked/300000");
        sends_headers_and_a_body(client, bases[i]);
        gives_trailers_after_the_body(client, bases[i]);
        decodes_only_when_asked(client, bases[i]);
        follows_redirects_only_when_asked(client, bases[i]);
        keeps_its_time_limits(client, bases[i]);
        tells_how_it_went(client, bases[i]);
        tells_why_a_request_was_sent_again(client, bases[i]);
        unread_responses_cost_nothing_but_a_drain(client, bases[i]);
        ka_client_free(client);
    }
    shows_the_idle_limit_of_each_origin(at.ca_file, at.http, at.https);
    CHECK(!get_and_compare(ka_client_shared(), at.http, "/ok", "ok"));
    CHECK(get_and_compare(ka_client_shared(), at.http, "/ok", "ok"));
    ka_client_free(ka_client_shared());
    CHECK(get_and_compare(ka_client_shared(), at.http, "/ok", "ok"));
    return 0;
}
