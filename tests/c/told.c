/* What is told of an exchange: bytes, ends, 1xx heads, and where its time went, of failures too. */
#include "check.h"

static ka_info info_of(const ka_response *response) {
    ka_info info;
    ka_error *error = NULL;
    CHECK_OK(ka_response_info(response, &info, sizeof info, &error), error);
    CHECK(info.size == sizeof info);
    return info;
}

static void adds_up(const ka_info *info) {
    CHECK(info->queued_ns + info->stalled_ns + info->resolve_ns + info->connect_ns + info->tls_ns +
              info->send_ns + info->wait_ns + info->receive_ns ==
          info->total_ns);
    CHECK(info->total_ns > 0);
}

static void of_a_new_connection_and_a_reused_one(const addresses *at) {
    ka_client *client = new_client(at->ca_file);
    const char *bases[2];
    size_t i;
    bases[0] = at->http;
    bases[1] = at->https;
    for (i = 0; i < 2; i++) {
        ka_response *first = get(client, bases[i], "/ok"), *second;
        ka_info info = info_of(first), again;
        adds_up(&info);
        CHECK(!info.reused && info.requests == 1 && info.connect_ns > 0);
        CHECK((info.tls_ns > 0) == (i == 1));
        CHECK(info.bytes_sent > 0 && info.bytes_received > info.bytes_sent / 4);
        CHECK(str_contains(info.local_address, "127.0.0.1:"));
        CHECK(str_contains(info.peer_address, strrchr(bases[i], ':')));
        second = get(client, bases[i], "/ok");
        again = info_of(second);
        adds_up(&again);
        CHECK(again.reused && again.requests == 2 && again.connection_id == info.connection_id);
        CHECK(again.queued_ns == 0 && again.stalled_ns == 0 && again.resolve_ns == 0);
        CHECK(again.connect_ns == 0 && again.tls_ns == 0);
        ka_response_free(first);
        ka_response_free(second);
    }
    ka_client_free(client);
}

static void of_a_body_that_is_read_later(const char *base) {
    ka_client *client = client_with(NULL);
    ka_response *response = get(client, base, "/bytes/3000000");
    ka_error *error = NULL;
    ka_info before = info_of(response), after;
    ka_bytes body;
    CHECK(before.receive_ns == 0 && before.bytes_received < 3000000);
    CHECK_OK(ka_response_read_all(response, &body, &error), error);
    after = info_of(response);
    adds_up(&after);
    CHECK(body.len == 3000000 && after.bytes_received > 3000000 && after.receive_ns > 0);
    CHECK(after.total_ns == before.total_ns + after.receive_ns);
    ka_response_free(response);
    ka_client_free(client);
}

static void of_interim_heads(const char *base) {
    ka_client *client = client_with(NULL);
    ka_response *response = get(client, base, "/informational?code=103&n=2");
    ka_error *error = NULL;
    uint16_t status = 9;
    size_t count = 9;
    ka_str name, value;
    CHECK(info_of(response).informational_count == 2);
    CHECK_OK(ka_response_informational_at(response, 1, &status, &count, &error), error);
    CHECK(status == 103 && count == 1);
    CHECK_OK(ka_response_informational_header_at(response, 1, 0, &name, &value, &error), error);
    CHECK(str_equals(name, "Link") && str_equals(value, "</style.css>"));
    CHECK_FAILS(ka_response_informational_header_at(response, 1, 1, &name, &value, &error),
                KA_INVALID_ARGUMENT, "no field 1", error);
    CHECK_FAILS(ka_response_informational_at(response, 2, &status, &count, &error),
                KA_INVALID_ARGUMENT, "no 1xx head 2", error);
    CHECK(status == 0 && count == 0);
    ka_response_free(response);
    ka_client_free(client);
}

static void of_failures(const char *base) {
    ka_client *client = client_with(NULL);
    ka_request *request = new_request("GET", base, "/close");
    ka_response *response = NULL;
    ka_error *failed = NULL, *error = NULL;
    ka_info info;
    char url[64];
    CHECK(ka_client_send(client, request, &response, &failed) != KA_OK);
    CHECK_OK(ka_error_info(failed, &info, sizeof info, &error), error);
    adds_up(&info);
    CHECK(info.connection_id > 0 && info.bytes_sent > 0 && info.wait_ns > 0);
    CHECK(str_contains(info.peer_address, strrchr(base, ':')));
    ka_error_free(failed);
    ka_request_free(request);
    snprintf(url, sizeof url, "nowhere");
    CHECK(ka_request_new("GET", url, &request, &failed) == KA_INVALID_URL);
    CHECK_FAILS(ka_error_info(failed, &info, sizeof info, &error), KA_INVALID_STATE, "had begun",
                error);
    CHECK_FAILS(ka_error_info(failed, &info, 3, &error), KA_INVALID_STATE, "had begun", error);
    CHECK_FAILS(ka_error_info(NULL, &info, sizeof info, &error), KA_INVALID_ARGUMENT, "failed", error);
    ka_error_free(failed);
    ka_client_free(client);
}

int main(int argc, char **argv) {
    addresses at = check_addresses(argc, argv);
    of_a_new_connection_and_a_reused_one(&at);
    of_a_body_that_is_read_later(at.http);
    of_interim_heads(at.http);
    of_failures(at.http);
    return 0;
}
