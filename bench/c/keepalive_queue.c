/* libkeepalive: many requests in flight on one completion queue. */
#include "bench.h"

#include <keepalive.h>
#include <stddef.h>

enum { BATCH = 64 };

static ka_client *client;
static ka_queue *queue;
static ka_request *request;

static void check(ka_status status, ka_error *error) {
    if (status != KA_OK) fail("%s: %s", ka_status_name(status), ka_error_message(error).ptr);
}

static void open_queue(const struct options *options) {
    ka_error *error = NULL;
    ka_client_options client_options;
    ka_client_options_init(&client_options, sizeof client_options);
    client_options.ca_file = options->ca;
    client_options.max_per_host = (uint64_t)options->in_flight;
    check(ka_client_new(&client_options, &client, &error), error);
    check(ka_queue_new(&queue, &error), error);
    check(ka_request_new("GET", options->url, &request, &error), error);
}

static void submit(void) {
    ka_error *error = NULL;
    check(ka_client_submit(client, request, queue, NULL, NULL, &error), error);
}

static void take(const struct options *options, const ka_event *event) {
    ka_bytes body;
    ka_error *error = NULL;
    check(event->status, event->error);
    check(ka_response_read_all(event->response, &body, &error), error);
    check_length(options, body.len);
    ka_response_free(event->response);
}

static void run(const struct options *options, long count) {
    ka_event events[BATCH];
    long started = 0, ended = 0;
    for (; started < options->in_flight && started < count; started++) submit();
    while (ended < count) {
        size_t ready = ka_queue_wait(queue, events, BATCH, -1);
        for (size_t i = 0; i < ready; i++, ended++) {
            take(options, &events[i]);
            if (started < count) {
                submit();
                started++;
            }
        }
    }
}

int main(int argc, char **argv) { return bench_concurrent(argc, argv, open_queue, run); }
