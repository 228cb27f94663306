/* Servers that send without end, and bodies of one's own that have none: limits and ka_call_cancel end
 * them, in both waits, and others are served meanwhile. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"

#include <unistd.h>

enum { PATIENCE = 300, LIMIT = 200 };

static const char *const forms[] = {"plain", "chunked", "one-byte-chunks", "gzip", "zstd", "br"};

static ka_request *endless(const char *base, const char *form, uint64_t total) {
    char path[64];
    ka_request *request;
    ka_error *error = NULL;
    snprintf(path, sizeof path, "/endless/%s", form);
    request = new_request("GET", base, path);
    CHECK(ka_request_set_decode(request, true, NULL) == KA_OK);
    CHECK_OK(ka_request_set_timeout(request, KA_TIMEOUT_TOTAL, total, &error), error);
    return request;
}

/* The total limit ends a body that is collected or read piece by piece, here and on the engine. */
static void total_limit(ka_client *client, const char *base, const char *form) {
    static uint8_t buffer[100000];
    ka_request *request = endless(base, form, LIMIT);
    ka_response *response = NULL;
    ka_error *error = NULL;
    ka_queue *queue = NULL;
    ka_event event;
    ka_status status;
    size_t count;
    /* on a busy machine the head may come too late as well */
    status = ka_client_send(client, request, &response, &error);
    while (status == KA_OK) {
        status = ka_response_read(response, buffer, sizeof buffer, &count, &error);
        CHECK(status != KA_OK || count > 0);
    }
    CHECK_FAILS(status, KA_TOTAL_TIMEOUT, "took longer", error);
    ka_response_free(response);
    queue = new_queue();
    CHECK(ka_request_set_stream_response(request, true, NULL) == KA_OK);
    CHECK_OK(ka_client_submit(client, request, queue, NULL, NULL, &error), error);
    event = next_event(queue);
    while (event.status == KA_OK) {
        response = event.response;
        CHECK_OK(ka_response_submit_read(response, 65536, queue, NULL, NULL, &error), error);
        event = next_event(queue);
        if (event.status == KA_OK)
            CHECK_OK(ka_response_read(event.response, buffer, 65536, &count, &error), error);
    }
    CHECK(event.status == KA_TOTAL_TIMEOUT);
    dispose(event);
    ka_queue_free(queue);
    ka_request_free(request);
}

/* Streams that never end on the engine: a request beside them has its answer while they run, and each
 * of them is ended by a cancel. */
static void cancelled(ka_client *client, const char *base) {
    enum { COUNT = sizeof forms / sizeof forms[0] };
    ka_call *calls[COUNT];
    ka_queue *queue = NULL, *beside = NULL;
    ka_error *error = NULL;
    ka_request *request;
    ka_event event;
    ka_bytes body;
    size_t i;
    queue = new_queue();
    beside = new_queue();
    for (i = 0; i < COUNT; i++) {
        request = endless(base, forms[i], 0);
        CHECK_OK(ka_client_submit(client, request, queue, NULL, &calls[i], &error), error);
        ka_request_free(request);
    }
    while (stats_of(client).active < COUNT) {
        CHECK(ka_queue_wait(queue, &event, 1, 1) == 0);
    }
    for (i = 0; i < 20; i++) {
        request = new_request("GET", base, "/ok");
        CHECK_OK(ka_client_submit(client, request, beside, NULL, NULL, &error), error);
        ka_request_free(request);
        event = next_event(beside);
        CHECK_OK(event.status, event.error);
        CHECK_OK(ka_response_read_all(event.response, &body, &error), error);
        CHECK(bytes_equal(body, "ok"));
        dispose(event);
    }
    CHECK(ka_queue_wait(queue, &event, 1, 0) == 0);
    for (i = 0; i < COUNT; i++) {
        ka_call_cancel(calls[i]);
        event = next_event(queue);
        CHECK(event.status == KA_CANCELLED && event.response == NULL);
        dispose(event);
        ka_call_free(calls[i]);
    }
    ka_queue_free(queue);
    ka_queue_free(beside);
}

static ptrdiff_t for_ever(void *user_data, uint8_t *buffer, size_t capacity) {
    ++*(size_t *)user_data;
    memset(buffer, 'x', capacity);
    return (ptrdiff_t)capacity;
}

/* A body without end that the server takes as fast as it comes. */
static void endless_upload(ka_client *client, const char *base) {
    size_t calls = 0;
    ka_body_reader reader = {sizeof reader, for_ever, NULL, NULL, NULL};
    ka_request *request = new_request("POST", base, "/upload-count");
    ka_response *response = NULL;
    ka_error *error = NULL;
    ka_queue *queue = NULL;
    ka_call *call = NULL;
    ka_event event;
    reader.user_data = &calls;
    CHECK_OK(ka_request_set_body_reader(request, &reader, -1, &error), error);
    CHECK_OK(ka_request_set_timeout(request, KA_TIMEOUT_TOTAL, LIMIT, &error), error);
    CHECK_FAILS(ka_client_send(client, request, &response, &error), KA_TOTAL_TIMEOUT, "took longer", error);
    CHECK(calls > 0);
    CHECK_OK(ka_request_set_body_reader(request, &reader, -1, &error), error);
    CHECK_OK(ka_request_set_timeout(request, KA_TIMEOUT_TOTAL, 0, &error), error);
    queue = new_queue();
    CHECK_OK(ka_client_submit(client, request, queue, NULL, &call, &error), error);
    get_and_compare(client, base, "/ok", "ok");
    CHECK(ka_queue_wait(queue, &event, 1, 0) == 0);
    ka_call_cancel(call);
    event = next_event(queue);
    CHECK(event.status == KA_CANCELLED);
    dispose(event);
    ka_call_free(call);
    ka_queue_free(queue);
    ka_request_free(request);
}

/* All connections carry streams: one more request waits until it is clear that none comes back, and
 * says what holds them; when one is given back meanwhile, it is served. */
static void one_more(const char *ca_file, const char *base) {
    enum { MOST = 64 };
    ka_client_options options;
    ka_client *client = NULL;
    ka_response *streams[MOST], *response = NULL;
    ka_request *request = endless(base, "plain", 0);
    ka_error *error = NULL;
    size_t i;
    init_options(&options);
    options.ca_file = ca_file;
    options.max_per_host = MOST;
    options.queue_stall_timeout_ms = 300;
    client = client_with(&options);
    for (i = 0; i < MOST; i++)
        CHECK_OK(ka_client_send(client, request, &streams[i], &error), error);
    ka_request_free(request);
    request = new_request("GET", base, "/ok");
    CHECK_FAILS(ka_client_send(client, request, &response, &error), KA_POOL_TIMEOUT,
                "queue_stall_timeout", error);
    ka_response_free(streams[0]);
    CHECK_OK(ka_client_send(client, request, &response, &error), error);
    ka_response_free(response);
    for (i = 1; i < MOST; i++) ka_response_free(streams[i]);
    ka_request_free(request);
    ka_client_free(client);
}

/* What is collected whole has a length that is not passed; what is read piece by piece has none. */
static void too_large(const char *ca_file, const char *base, const char *path) {
    static uint8_t buffer[10000];
    ka_client_options options;
    ka_client *client = NULL;
    ka_request *request = new_request("GET", base, path);
    ka_response *response = NULL;
    ka_error *error = NULL;
    ka_queue *queue = NULL;
    ka_event event;
    ka_bytes body;
    size_t count, all;
    init_options(&options);
    options.ca_file = ca_file;
    options.max_body_size = 100000;
    client = client_with(&options);
    CHECK(ka_request_set_decode(request, true, NULL) == KA_OK);
    CHECK_OK(ka_client_send(client, request, &response, &error), error);
    CHECK_FAILS(ka_response_read_all(response, &body, &error), KA_BODY_TOO_LARGE, "max_body_size",
                error);
    CHECK(body.ptr == NULL && body.len == 0);
    ka_response_free(response);
    queue = new_queue();
    CHECK_OK(ka_client_submit(client, request, queue, NULL, NULL, &error), error);
    event = next_event(queue);
    CHECK(event.status == KA_BODY_TOO_LARGE && event.response == NULL);
    CHECK(str_contains(ka_error_message(event.error), "max_body_size"));
    dispose(event);
    CHECK_OK(ka_client_send(client, request, &response, &error), error);
    for (all = 0; all <= 200000; all += count) {
        CHECK_OK(ka_response_read(response, buffer, sizeof buffer, &count, &error), error);
        CHECK(count > 0);
    }
    ka_response_free(response);
    ka_queue_free(queue);
    ka_request_free(request);
    ka_client_free(client);
}

int main(int argc, char **argv) {
    addresses at = check_addresses(argc, argv);
    const char *bases[2];
    size_t i, form;
    bases[0] = at.http;
    bases[1] = at.https;
    alarm(PATIENCE);
    for (i = 0; i < 2; i++) {
        ka_client *client = new_client(at.ca_file);
        /* the origin makes what it sends before it sends it for the first time */
        ka_response_free(get(client, bases[i], "/endless/plain"));
        for (form = 0; form < sizeof forms / sizeof forms[0]; form++)
            total_limit(client, bases[i], forms[form]);
        cancelled(client, bases[i]);
        endless_upload(client, bases[i]);
        one_more(at.ca_file, bases[i]);
        too_large(at.ca_file, bases[i], "/bytes/300000");
        too_large(at.ca_file, bases[i], "/chunked/300000");
        too_large(at.ca_file, bases[i], "/endless/plain");
        too_large(at.ca_file, bases[i], "/endless/gzip");
        too_large(at.ca_file, bases[i], "/endless/zstd");
        ka_client_free(client);
    }
    return 0;
}
