/* What the C tests share. A failed check prints where and ends the program with status 1. */
#ifndef CHECK_H
#define CHECK_H

#include <keepalive.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                                  \
    do {                                                                                  \
        if (!(condition)) {                                                               \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);               \
            exit(1);                                                                      \
        }                                                                                 \
    } while (0)

/* `call` succeeds, or its error is printed. */
#define CHECK_OK(call, error) check_ok((call), &(error), __FILE__, __LINE__)

/* `call` fails with `status` and a message that contains `text`; the error is freed. */
#define CHECK_FAILS(call, status, text, error)                                            \
    check_fails((call), (status), (text), &(error), __FILE__, __LINE__)

/* Where the program finds the origin: argv of each test program. */
typedef struct {
    const char *http;
    const char *https;
    const char *ca_file;
} addresses;

static inline addresses check_addresses(int argc, char **argv) {
    addresses found;
    if (argc != 4) {
        fprintf(stderr, "usage: %s HTTP_URL HTTPS_URL CA_FILE\n", argv[0]);
        exit(2);
    }
    found.http = argv[1];
    found.https = argv[2];
    found.ca_file = argv[3];
    return found;
}

static inline void check_ok(ka_status status, ka_error **error, const char *file, int line) {
    if (status == KA_OK && *error == NULL) return;
    fprintf(stderr, "%s:%d: %s: %.*s\n", file, line, ka_status_name(status),
            (int)ka_error_message(*error).len, ka_error_message(*error).ptr);
    exit(1);
}

static inline bool str_contains(ka_str text, const char *part) {
    size_t length = strlen(part), at;
    for (at = 0; at + length <= text.len; at++)
        if (memcmp(text.ptr + at, part, length) == 0) return true;
    return false;
}

static inline bool str_equals(ka_str text, const char *other) {
    return text.len == strlen(other) && (text.len == 0 || memcmp(text.ptr, other, text.len) == 0);
}

static inline bool bytes_equal(ka_bytes bytes, const char *other) {
    size_t length = strlen(other);
    return bytes.len == length && (length == 0 || memcmp(bytes.ptr, other, length) == 0);
}

static inline void check_fails(ka_status status, ka_status expected, const char *text,
                               ka_error **error, const char *file, int line) {
    if (status != expected || *error == NULL || ka_error_status(*error) != expected ||
        !str_contains(ka_error_message(*error), text)) {
        fprintf(stderr, "%s:%d: expected %s with \"%s\", got %s: %.*s\n", file, line,
                ka_status_name(expected), text, ka_status_name(status),
                (int)ka_error_message(*error).len, ka_error_message(*error).ptr);
        exit(1);
    }
    ka_error_free(*error);
    *error = NULL;
}

/* A client with these options. */
static inline ka_client *client_with(const ka_client_options *options) {
    ka_client *client = NULL;
    ka_error *error = NULL;
    CHECK_OK(ka_client_new(options, &client, &error), error);
    return client;
}

/* The default options with patience: under valgrind and beside other work a handshake takes seconds, and these
 * programs are about other things than its limit. */
static inline void init_options(ka_client_options *options) {
    ka_client_options_init(options, sizeof *options);
    options->connect_timeout_ms = 60000;
}

/* A client that trusts the CA of the test; else with init_options. */
static inline ka_client *new_client(const char *ca_file) {
    ka_client_options options;
    init_options(&options);
    options.ca_file = ca_file;
    return client_with(&options);
}

static inline ka_request *new_request(const char *method, const char *base, const char *path) {
    char url[512];
    ka_request *request = NULL;
    ka_error *error = NULL;
    snprintf(url, sizeof url, "%s%s", base, path);
    CHECK_OK(ka_request_new(method, url, &request, &error), error);
    return request;
}

/* Sends a GET and gives back the response. */
static inline ka_response *get(ka_client *client, const char *base, const char *path) {
    ka_request *request = new_request("GET", base, path);
    ka_response *response = NULL;
    ka_error *error = NULL;
    CHECK_OK(ka_client_send(client, request, &response, &error), error);
    ka_request_free(request);
    return response;
}

/* Sends a GET, reads the whole body and compares status and body; says whether a connection was
 * reused. */
static inline bool get_and_compare(ka_client *client, const char *base, const char *path,
                                   const char *expected) {
    ka_response *response = get(client, base, path);
    ka_error *error = NULL;
    ka_bytes body;
    bool reused = ka_response_reused(response);
    CHECK(ka_response_status(response) == 200);
    CHECK_OK(ka_response_read_all(response, &body, &error), error);
    CHECK(bytes_equal(body, expected));
    ka_response_free(response);
    return reused;
}

static inline ka_queue *new_queue(void) {
    ka_queue *queue = NULL;
    ka_error *error = NULL;
    CHECK_OK(ka_queue_new(&queue, &error), error);
    return queue;
}

/* Submits a GET. `call` may be NULL. */
static inline void submit_get(ka_client *client, ka_queue *queue, const char *base,
                              const char *path, void *user_data, ka_call **call) {
    ka_request *request = new_request("GET", base, path);
    ka_error *error = NULL;
    CHECK_OK(ka_client_submit(client, request, queue, user_data, call, &error), error);
    CHECK(call == NULL || *call != NULL);
    ka_request_free(request);
}

/* Waits for an event. The time is a guard against hanging, also under valgrind. */
static inline ka_event next_event(ka_queue *queue) {
    ka_event event;
    CHECK(ka_queue_wait(queue, &event, 1, 300000) == 1);
    CHECK((event.status == KA_OK) == (event.error == NULL));
    return event;
}

/* Frees what an event has brought. */
static inline void dispose(ka_event event) {
    ka_response_free(event.response);
    ka_error_free(event.error);
}

static inline ka_stats stats_of(ka_client *client) {
    ka_stats stats;
    ka_error *error = NULL;
    CHECK_OK(ka_client_stats(client, &stats, sizeof stats, &error), error);
    return stats;
}

#endif
