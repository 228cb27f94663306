/* libkeepalive: ka_client_send on each thread, all on one client. */
#include "bench.h"

#include <keepalive.h>
#include <pthread.h>
#include <stdlib.h>

enum { BUFFER = 256 * 1024 };

struct session {
    const struct options *options;
    ka_request *request;
    uint8_t *buffer;
};

static ka_client *client;
static pthread_mutex_t opening = PTHREAD_MUTEX_INITIALIZER;

static void check(ka_status status, ka_error *error) {
    if (status != KA_OK) fail("%s: %s", ka_status_name(status), ka_error_message(error).ptr);
}

static void open_client(const struct options *options) {
    ka_error *error = NULL;
    ka_client_options client_options;
    ka_client_options_init(&client_options, sizeof client_options);
    client_options.ca_file = options->ca;
    if (options->busy_poll >= 0) client_options.busy_poll_us = (uint64_t)options->busy_poll;
    if (mode_is(options, "idle"))
        client_options.max_per_host = client_options.max_total = (uint64_t)options->requests + 1;
    check(ka_client_new(&client_options, &client, &error), error);
}

static ka_request *new_request(const char *method, const char *url) {
    ka_request *request;
    ka_error *error = NULL;
    check(ka_request_new(method, url, &request, &error), error);
    return request;
}

static void *open_session(const struct options *options) {
    struct session *session = malloc(sizeof *session);
    ka_error *error = NULL;
    pthread_mutex_lock(&opening);
    if (client == NULL) open_client(options);
    pthread_mutex_unlock(&opening);
    session->options = options;
    session->buffer = malloc(BUFFER);
    session->request = new_request(options->upload > 0 ? "POST" : "GET", options->url);
    if (options->upload > 0)
        check(ka_request_set_body(session->request, options->body, options->upload, &error), error);
    return session;
}

static ka_response *send_request(const ka_request *request) {
    ka_response *response;
    ka_error *error = NULL;
    check(ka_client_send(client, request, &response, &error), error);
    return response;
}

static size_t read_all(ka_response *response) {
    ka_bytes body;
    ka_error *error = NULL;
    check(ka_response_read_all(response, &body, &error), error);
    ka_response_free(response);
    return body.len;
}

static size_t exchange(void *argument) {
    struct session *session = argument;
    ka_response *response = send_request(session->request);
    ka_error *error = NULL;
    size_t total = 0, count;
    if (!mode_is(session->options, "stream")) return read_all(response);
    do {
        check(ka_response_read(response, session->buffer, BUFFER, &count, &error), error);
        total += count;
    } while (count > 0);
    ka_response_free(response);
    return total;
}

static void *hold(void *session, const char *url) {
    ka_request *request = new_request("GET", url);
    ka_response *response = send_request(request);
    (void)session;
    ka_request_free(request);
    return response;
}

static void release(void *session, void *held) {
    check_length(((struct session *)session)->options, read_all(held));
}

int main(int argc, char **argv) {
    static const struct sequential functions = {open_session, exchange, hold, release};
    return bench_sequential(argc, argv, &functions);
}
