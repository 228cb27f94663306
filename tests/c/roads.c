/* Roads to a server: options of a request, sockets that the program sees before they are connected. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* SO_PRIORITY */
#endif
#include "check.h"

#include <sys/socket.h>

/* What the callback has seen, and what it answers. */
typedef struct {
    int calls;
    int kind; /* of the last socket */
    bool answer;
    ka_client *client;
    bool refused; /* a call that waits was */
} watcher;

static bool watch(void *user_data, int fd) {
    watcher *seen = (watcher *)user_data;
    socklen_t size = sizeof seen->kind;
    int priority = 3;
    ka_error *error = NULL;
    size_t count;
    seen->calls++;
    CHECK(getsockopt(fd, SOL_SOCKET, SO_TYPE, &seen->kind, &size) == 0);
    CHECK(setsockopt(fd, SOL_SOCKET, SO_PRIORITY, &priority, sizeof priority) == 0);
    if (ka_client_warm(seen->client, "http://127.0.0.1/", 1, &count, &error) == KA_INVALID_STATE)
        seen->refused = true;
    ka_error_free(error);
    return seen->answer;
}

static void a_program_sees_its_sockets(const char *base) {
    ka_client *client = client_with(NULL);
    ka_request *request = new_request("GET", base, "/ok");
    ka_response *response = NULL;
    ka_error *error = NULL;
    watcher seen;
    memset(&seen, 0, sizeof seen);
    seen.answer = true;
    seen.client = client;
    CHECK_OK(ka_client_set_socket_callback(client, watch, &seen, &error), error);
    CHECK(!get_and_compare(client, base, "/ok", "ok"));
    CHECK(get_and_compare(client, base, "/ok", "ok"));
    CHECK(seen.calls == 1 && seen.kind == SOCK_STREAM && seen.refused);
    ka_client_free(client);
    seen.client = client = client_with(NULL);
    CHECK_OK(ka_client_set_socket_callback(client, watch, &seen, &error), error);
    seen.answer = false;
    CHECK_FAILS(ka_client_send(client, request, &response, &error), KA_CONNECT_FAILED,
                "the socket callback refused it", error);
    CHECK(seen.calls == 2);
    CHECK_FAILS(ka_client_set_socket_callback(client, watch, &seen, &error), KA_INVALID_STATE,
                "already", error);
    CHECK_FAILS(ka_client_set_socket_callback(client, NULL, NULL, &error), KA_INVALID_ARGUMENT,
                "callback", error);
    seen.answer = true;
    CHECK(!get_and_compare(client, base, "/ok", "ok") && seen.calls == 3);
    CHECK_FAILS(ka_client_set_socket_callback(NULL, watch, &seen, &error), KA_INVALID_ARGUMENT,
                "client", error);
    ka_request_free(request);
    ka_client_free(client);
}

static void set(ka_request *request, const char *name, const char *value) {
    ka_error *error = NULL;
    CHECK_OK(ka_request_set_option(request, name, value, &error), error);
}

/* A host that does not exist is found where the option says; another road is another connection. */
static void a_request_has_a_road_of_its_own(const char *base) {
    ka_client *client = client_with(NULL);
    ka_request *request = new_request("GET", "http://nowhere.invalid:1", "/ok");
    ka_response *response = NULL;
    ka_error *error = NULL;
    const char *port = strrchr(base, ':') + 1;
    char place[64];
    ka_str nothing = {NULL, 0};
    snprintf(place, sizeof place, "nowhere.invalid:1:127.0.0.1:%s", port);
    set(request, "connect_to", place);
    CHECK_OK(ka_client_send(client, request, &response, &error), error);
    CHECK(ka_response_status(response) == 200);
    ka_response_free(response);
    set(request, "connect_to", "");
    set(request, "local_address", "127.0.0.2");
    CHECK_FAILS(ka_client_send(client, request, &response, &error), KA_RESOLVE_FAILED,
                "nowhere.invalid", error);
    set(request, "connect_to", place);
    CHECK_OK(ka_client_send(client, request, &response, &error), error);
    CHECK(!ka_response_reused(response));
    ka_response_free(response);
    CHECK_OK(ka_request_set_option_str(request, KA_STR("local_address"), nothing, &error), error);
    set(request, "proxy", "http://us:geheim@127.0.0.1:1");
    CHECK_FAILS(ka_client_send(client, request, &response, &error), KA_CONNECT_FAILED,
                "the proxy http://127.0.0.1:1", error);
    ka_request_free(request);
    ka_client_free(client);
}

/* Whom a request believes is its own matter, and so are the connections that come of it. */
static void a_request_has_tls_options_of_its_own(const char *base, const char *ca_file) {
    ka_client *client = client_with(NULL);
    ka_request *request = new_request("GET", base, "/ok");
    ka_response *response = NULL;
    ka_error *error = NULL;
    int i;
    set(request, "ca_file", ca_file);
    set(request, "ca_only", "true");
    for (i = 0; i < 2; i++) {
        ka_request *other = new_request("GET", base, "/ok");
        CHECK_OK(ka_client_send(client, request, &response, &error), error);
        CHECK(ka_response_reused(response) == (i == 1));
        ka_response_free(response);
        CHECK_FAILS(ka_client_send(client, other, &response, &error), KA_CERTIFICATE_REJECTED,
                    "not trusted", error);
        ka_request_free(other);
    }
    CHECK_FAILS(ka_request_set_option(request, "tls_verify", "perhaps", &error),
                KA_INVALID_ARGUMENT, "option tls_verify: expected true or false", error);
    ka_request_free(request);
    ka_client_free(client);
}

static void what_is_wrong_is_named(const char *base) {
    ka_request *request = new_request("GET", base, "/ok");
    ka_client_options options;
    ka_client *client = NULL;
    ka_error *error = NULL;
    CHECK_FAILS(ka_request_set_option(request, "retries", "1", &error), KA_INVALID_ARGUMENT,
                "\"retries\" cannot be set for a request; expected ", error);
    CHECK_FAILS(ka_request_set_option(request, "proxy", "ftp://x", &error), KA_INVALID_ARGUMENT,
                "option proxy: scheme \"ftp\"", error);
    CHECK_FAILS(ka_request_set_option(request, "interface", "\xff", &error), KA_INVALID_ARGUMENT,
                "value", error);
    CHECK_FAILS(ka_request_set_option(request, NULL, "", &error), KA_INVALID_ARGUMENT, "name",
                error);
    CHECK_FAILS(ka_request_set_option(NULL, "proxy", "", &error), KA_INVALID_ARGUMENT, "request",
                error);
    init_options(&options);
    options.unix_socket = "@";
    CHECK_FAILS(ka_client_new(&options, &client, &error), KA_INVALID_ARGUMENT,
                "option unix_socket", error);
    ka_request_free(request);
}

int main(int argc, char **argv) {
    addresses found = check_addresses(argc, argv);
    a_program_sees_its_sockets(found.http);
    a_request_has_a_road_of_its_own(found.http);
    a_request_has_tls_options_of_its_own(found.https, found.ca_file);
    what_is_wrong_is_named(found.http);
    return 0;
}
