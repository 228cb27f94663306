/* What is done for connections, names and responses while nobody calls; warming up on the engine;
 * second tries. */
#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L /* mkstemp */
#endif
#include "check.h"

#include <poll.h>
#include <unistd.h>

static uint64_t closed_for(ka_client *client, const char *reason) {
    ka_close_count reasons[64];
    ka_error *error = NULL;
    size_t count = 0, i;
    CHECK_OK(ka_client_close_reasons(client, reasons, 64, &count, &error), error);
    CHECK(count <= 64);
    for (i = 0; i < count; i++)
        if (str_equals(reasons[i].reason, reason)) return reasons[i].count;
    return 0;
}

/* Two reasons that happened, of which there is room for none, one, and more than enough. */
static void close_reasons_are_told_as_far_as_there_is_room(const char *base) {
    ka_client *client = client_with(NULL);
    ka_close_count reasons[4];
    ka_error *error = NULL;
    size_t count = 9;
    CHECK_OK(ka_client_close_reasons(client, NULL, 0, &count, &error), error);
    CHECK(count == 0 && stats_of(client).closed == 0);
    ka_response_free(get(client, base, "/bytes/20000000"));
    CHECK(!get_and_compare(client, base, "/ok", "ok"));
    ka_client_close(client);
    while (stats_of(client).closed != 2) poll(NULL, 0, 1);
    CHECK_OK(ka_client_close_reasons(client, NULL, 0, &count, &error), error);
    CHECK(count == 2);
    memset(reasons, 0, sizeof reasons);
    CHECK_OK(ka_client_close_reasons(client, reasons, 1, &count, &error), error);
    CHECK(count == 2 && str_equals(reasons[0].reason, "abandoned") && reasons[0].count == 1);
    CHECK(reasons[1].reason.ptr == NULL && reasons[1].count == 0);
    CHECK_OK(ka_client_close_reasons(client, reasons, 4, &count, &error), error);
    CHECK(count == 2 && str_equals(reasons[1].reason, "client_closed") && reasons[1].count == 1);
    CHECK(reasons[2].reason.ptr == NULL);
    CHECK_FAILS(ka_client_close_reasons(NULL, reasons, 4, &count, &error), KA_INVALID_ARGUMENT,
                "client", error);
    CHECK(count == 0);
    CHECK_FAILS(ka_client_close_reasons(client, NULL, 4, &count, &error), KA_INVALID_ARGUMENT,
                "reasons", error);
    CHECK_FAILS(ka_client_close_reasons(client, reasons, 4, NULL, &error), KA_INVALID_ARGUMENT,
                "count", error);
    ka_client_free(client);
}

/* Waits until a connection was closed for `reason`. */
static void until_closed_for(ka_client *client, const char *reason) {
    int tries;
    for (tries = 0; tries < 20000 && closed_for(client, reason) == 0; tries++) poll(NULL, 0, 1);
    CHECK(closed_for(client, reason) == 1);
}

static ka_origin_stats only_origin(ka_client *client) {
    ka_origin_stats stats;
    ka_error *error = NULL;
    CHECK(stats_of(client).origin_count == 1);
    CHECK_OK(ka_client_origin_stats(client, 0, &stats, sizeof stats, &error), error);
    return stats;
}

static void points_to(const char *path, const char *port, const char *address) {
    char next[64];
    FILE *file;
    snprintf(next, sizeof next, "%s.next", path);
    file = fopen(next, "w");
    CHECK(file != NULL && fprintf(file, "app.test:%s:%s\n", port, address) > 0);
    CHECK(fclose(file) == 0 && rename(next, path) == 0);
}

static void a_name_that_moves_is_followed(const char *base) {
    char path[] = "/tmp/keepalive-upkeep-XXXXXX", option[64], url[64];
    const char *port = strrchr(base, ':') + 1;
    ka_client_options options;
    ka_client *client;
    int file = mkstemp(path);
    CHECK(file >= 0 && close(file) == 0);
    points_to(path, port, "127.0.0.1");
    snprintf(option, sizeof option, "@%s", path);
    snprintf(url, sizeof url, "http://app.test:%s", port);
    init_options(&options);
    options.resolve = option;
    options.dns_ttl_ms = 150;
    client = client_with(&options);
    CHECK(!get_and_compare(client, url, "/ok", "ok"));
    CHECK(strcmp(only_origin(client).addresses, "127.0.0.1") == 0);
    points_to(path, port, "127.0.0.2");
    until_closed_for(client, "dns_changed");
    ka_client_free(client);
    unlink(path);
}

static void an_unread_response_is_given_up(const char *base) {
    ka_client_options options;
    ka_client *client;
    ka_response *response;
    ka_error *error = NULL;
    ka_bytes body;
    init_options(&options);
    options.body_idle_timeout_ms = 80;
    client = client_with(&options);
    response = get(client, base, "/bytes/20000000");
    until_closed_for(client, "body_idle_timeout");
    while (stats_of(client).active != 0) poll(NULL, 0, 1);
    CHECK_FAILS(ka_response_read_all(response, &body, &error), KA_INVALID_STATE,
                "body_idle_timeout", error);
    ka_response_free(response);
    ka_client_free(client);
}

static void warming_and_hedging(const char *base) {
    ka_client_options options;
    ka_client *client, *control;
    ka_queue *queue = NULL;
    ka_request *request;
    ka_error *error = NULL;
    ka_event event;
    ka_call *call = NULL;
    ka_info info;
    int i;
    init_options(&options);
    control = client_with(&options);
    options.hedge = 1;
    client = client_with(&options);
    queue = new_queue();

    CHECK_OK(ka_client_submit_warm(client, base, 2, queue, &i, &call, &error), error);
    event = next_event(queue);
    CHECK_OK(event.status, event.error);
    CHECK(event.kind == KA_EVENT_WARM && event.count == 2);
    CHECK(event.user_data == &i && event.response == NULL && stats_of(client).idle == 2);
    ka_call_cancel(call);
    ka_call_free(call);
    CHECK_FAILS(ka_client_submit_warm(client, "nowhere", 2, queue, NULL, &call, &error),
                KA_INVALID_URL, "nowhere", error);
    CHECK(call == NULL);
    CHECK_OK(ka_client_submit_warm_str(client, KA_STR("http://127.0.0.1:1"), 1, queue, NULL, NULL,
                                       &error), error);
    event = next_event(queue);
    CHECK(event.status == KA_CONNECT_FAILED && event.response == NULL);
    CHECK(event.kind == KA_EVENT_WARM && event.count == 0);
    ka_error_free(event.error);

    for (i = 0; i < 20; i++) get_and_compare(client, base, "/ok", "ok");
    request = new_request("GET", base, "/gate/hedge");
    CHECK_OK(ka_client_submit(client, request, queue, NULL, NULL, &error), error);
    ka_request_free(request);
    /* Both tries wait for their answers, whichever will be first. */
    ka_response_free(get(control, base, "/_gate/hedge/wait?n=2"));
    ka_response_free(get(control, base, "/_gate/hedge/open"));
    event = next_event(queue);
    CHECK_OK(event.status, event.error);
    CHECK_OK(ka_response_info(event.response, &info, sizeof info, &error), error);
    CHECK(info.hedged == 1 || info.hedged == 2);
    CHECK(stats_of(client).hedged == 1 && closed_for(client, "hedge_lost") == 1);
    ka_response_free(event.response);
    ka_queue_free(queue);
    ka_client_free(client);
    ka_client_free(control);
}

static void closing_twice_and_the_shared_client(const char *base) {
    ka_client *client = ka_client_shared();
    get_and_compare(client, base, "/ok", "ok");
    ka_client_close(client);
    CHECK(stats_of(client).idle == 0 && closed_for(client, "client_closed") == 1);
    ka_client_close(client);
    CHECK(!get_and_compare(client, base, "/ok", "ok"));
    ka_client_close(client);
}

int main(int argc, char **argv) {
    addresses found = check_addresses(argc, argv);
    a_name_that_moves_is_followed(found.http);
    an_unread_response_is_given_up(found.http);
    warming_and_hedging(found.http);
    closing_twice_and_the_shared_client(found.http);
    close_reasons_are_told_as_far_as_there_is_room(found.http);
    return 0;
}
