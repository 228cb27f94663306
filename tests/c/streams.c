/* Connections that are handed out after 101: read, written and ended, on this thread, on two and on the
 * engine, plain and through TLS. */
#define _POSIX_C_SOURCE 200809L
#include "posix.h"

#include <poll.h>
#include <pthread.h>

enum { LARGE = 1 << 20 };

static ka_response *upgraded(ka_client *client, const char *base, const char *path) {
    ka_request *request = new_request("GET", base, path);
    ka_response *response = NULL;
    ka_error *error = NULL;
    CHECK_OK(ka_request_add_header(request, "Connection", "Upgrade", &error), error);
    CHECK_OK(ka_request_add_header(request, "Upgrade", "echo", &error), error);
    CHECK_OK(ka_client_send(client, request, &response, &error), error);
    ka_request_free(request);
    return response;
}

static ka_stream *stream_of(ka_client *client, const char *base, const char *path) {
    ka_response *response = upgraded(client, base, path);
    ka_stream *stream = NULL, *again = NULL;
    ka_error *error = NULL;
    CHECK(ka_response_status(response) == 101);
    CHECK_OK(ka_response_take_stream(response, &stream, &error), error);
    CHECK_FAILS(ka_response_take_stream(response, &again, &error), KA_INVALID_STATE, "taken before",
                error);
    CHECK(again == NULL);
    ka_response_free(response);
    return stream;
}

static void expect(ka_stream *stream, const char *text) {
    size_t length = strlen(text), have = 0, count;
    uint8_t buffer[64];
    ka_error *error = NULL;
    while (have < length) {
        CHECK_OK(ka_stream_read(stream, buffer + have, length - have, &count, &error), error);
        CHECK(count > 0);
        have += count;
    }
    CHECK(memcmp(buffer, text, length) == 0);
}

static void expect_end(ka_stream *stream) {
    uint8_t byte;
    size_t count = 7;
    ka_error *error = NULL;
    CHECK_OK(ka_stream_read(stream, &byte, 1, &count, &error), error);
    CHECK(count == 0);
}

/* What came with the head is read first, then the echo, then the end; the pool has forgotten it. */
static void echo(ka_client *client, const char *base, bool tls) {
    ka_stream *stream = stream_of(client, base, "/upgrade");
    ka_error *error = NULL;
    struct pollfd ready;
    CHECK(stats_of(client).active == 0);
    expect(stream, "he");
    CHECK(ka_stream_pending(stream) > 0);
    expect(stream, "llo");
    CHECK_OK(ka_stream_write(stream, (const uint8_t *)"ping", 4, &error), error);
    ready.fd = ka_stream_fd(stream);
    ready.events = POLLIN;
    CHECK(ready.fd >= 0);
    if (!tls) CHECK(poll(&ready, 1, -1) == 1);
    expect(stream, "ping");
    CHECK_OK(ka_stream_write(stream, NULL, 0, &error), error);
    CHECK_OK(ka_stream_shutdown(stream, &error), error);
    CHECK_FAILS(ka_stream_write(stream, (const uint8_t *)"x", 1, &error), KA_INVALID_STATE, "shut down",
                error);
    expect_end(stream);
    expect_end(stream);
    ka_stream_close(stream);
    CHECK(ka_stream_fd(stream) == -1);
    CHECK_FAILS(ka_stream_shutdown(stream, &error), KA_INVALID_STATE, "closed", error);
    ka_stream_free(stream);
}

static uint8_t large[LARGE];

static void *write_large(void *argument) {
    ka_stream *stream = (ka_stream *)argument;
    ka_error *error = NULL;
    CHECK_OK(ka_stream_write(stream, large, LARGE, &error), error);
    CHECK_OK(ka_stream_shutdown(stream, &error), error);
    return NULL;
}

/* One thread writes what another reads. */
static void both_ways(ka_client *client, const char *base) {
    ka_stream *stream = stream_of(client, base, "/upgrade?first=");
    static uint8_t came[LARGE];
    size_t have = 0, count = 1;
    pthread_t writer;
    ka_error *error = NULL;
    CHECK(pthread_create(&writer, NULL, write_large, stream) == 0);
    while (count > 0) {
        CHECK_OK(ka_stream_read(stream, came + have, LARGE - have + (have == LARGE), &count, &error),
                 error);
        have += count;
    }
    CHECK(pthread_join(writer, NULL) == 0);
    CHECK(have == LARGE && memcmp(came, large, LARGE) == 0);
    ka_stream_free(stream);
}

static ka_event event_of(ka_queue *queue, ka_event_kind kind, size_t *mark) {
    ka_event event = next_event(queue);
    CHECK(event.kind == kind && event.user_data == mark && event.response == NULL);
    return event;
}

/* The engine waits for both directions. */
static void submitted(ka_client *client, const char *base) {
    ka_stream *stream = stream_of(client, base, "/upgrade?first=");
    ka_queue *queue = new_queue();
    ka_error *error = NULL;
    ka_call *call = NULL;
    ka_event event;
    size_t reading = 0, writing = 0, have = 0, count;
    static uint8_t came[LARGE];
    int written = 0;
    CHECK_OK(ka_stream_submit_read(stream, 1000, queue, &reading, &call, &error), error);
    ka_call_cancel(call);
    ka_call_free(call);
    event = event_of(queue, KA_EVENT_STREAM_READ, &reading);
    CHECK(event.status == KA_CANCELLED);
    dispose(event);
    CHECK_OK(ka_stream_submit_write(stream, large, LARGE, queue, &writing, NULL, &error), error);
    CHECK_OK(ka_stream_submit_read(stream, 1000, queue, &reading, NULL, &error), error);
    for (;;) {
        event = next_event(queue);
        CHECK(event.status == KA_OK);
        if (event.user_data == &writing) {
            CHECK(event.kind == KA_EVENT_STREAM_WRITE && event.count == 0);
            if (++written == 1)
                CHECK_OK(ka_stream_submit_shutdown(stream, queue, &writing, NULL, &error), error);
            continue;
        }
        CHECK(event.kind == KA_EVENT_STREAM_READ && event.user_data == &reading);
        CHECK(event.count == ka_stream_pending(stream));
        if (event.count == 0) break;
        CHECK_OK(ka_stream_read(stream, came + have, LARGE - have, &count, &error), error);
        CHECK(count > 0);
        have += count;
        CHECK_OK(ka_stream_submit_read(stream, 65536, queue, &reading, NULL, &error), error);
    }
    CHECK(written == 2 && have == LARGE && memcmp(came, large, LARGE) == 0);
    CHECK_FAILS(ka_stream_submit_read(stream, 0, queue, NULL, NULL, &error), KA_INVALID_ARGUMENT,
                "max_size", error);
    ka_stream_free(stream);
    ka_queue_free(queue);
}

/* Freed while the engine reads; closed while it writes. */
static void left(ka_client *client, const char *base) {
    ka_stream *stream = stream_of(client, base, "/upgrade?first=");
    ka_queue *queue = new_queue();
    ka_error *error = NULL;
    ka_event event;
    size_t mark = 0;
    CHECK_OK(ka_stream_submit_read(stream, 1, queue, &mark, NULL, &error), error);
    ka_stream_free(stream);
    event = event_of(queue, KA_EVENT_STREAM_READ, &mark);
    CHECK(event.status == KA_INVALID_STATE);
    dispose(event);
    ka_queue_free(queue);
}

static void failures(ka_client *client, const addresses *at) {
    uint8_t buffer[16];
    size_t count;
    ka_error *error = NULL;
    ka_stream *stream = NULL;
    ka_response *response = get(client, at->http, "/ok");
    CHECK_FAILS(ka_response_take_stream(response, &stream, &error), KA_INVALID_STATE, "200 from http",
                error);
    ka_response_free(response);
    CHECK_FAILS(ka_response_take_stream(NULL, &stream, &error), KA_INVALID_ARGUMENT, "response", error);

    stream = stream_of(client, at->http, "/upgrade?first=");
    CHECK_FAILS(ka_stream_read(stream, buffer, 0, &count, &error), KA_INVALID_ARGUMENT, "capacity", error);
    CHECK_FAILS(ka_stream_read(stream, NULL, 1, &count, &error), KA_INVALID_ARGUMENT, "buffer", error);
    CHECK_FAILS(ka_stream_write(stream, NULL, 1, &error), KA_INVALID_ARGUMENT, "data", error);
    CHECK_OK(ka_stream_set_timeouts(stream, 20, 0, &error), error);
    CHECK_FAILS(ka_stream_read(stream, buffer, 1, &count, &error), KA_READ_TIMEOUT, "for 20 ms", error);
    CHECK_OK(ka_stream_set_timeouts(stream, 0, 0, &error), error);
    CHECK_OK(ka_stream_write(stream, (const uint8_t *)"on", 2, &error), error);
    expect(stream, "on");
    ka_stream_free(stream);

    stream = stream_of(client, at->https, "/upgrade?limit=1&notify=0");
    CHECK_OK(ka_stream_write(stream, (const uint8_t *)"x", 1, &error), error);
    expect(stream, "hellox");
    CHECK_FAILS(ka_stream_read(stream, buffer, 1, &count, &error), KA_TLS_PROTOCOL, "close_notify", error);
    ka_stream_free(stream);

    stream = stream_of(client, at->http, "/upgrade?limit=1&end=reset&first=");
    CHECK_OK(ka_stream_write(stream, (const uint8_t *)"xy", 2, &error), error);
    do {
        count = 0;
        if (ka_stream_read(stream, buffer, 1, &count, &error) != KA_OK) break;
    } while (count > 0);
    CHECK(count == 0 && ka_error_status(error) == KA_CONNECTION_RESET);
    ka_error_free(error);
    ka_stream_free(stream);

    CHECK(ka_stream_fd(NULL) == -1 && ka_stream_pending(NULL) == 0);
    ka_stream_close(NULL);
    ka_stream_free(NULL);
}

/* A child may free its parent's stream, and nothing else; the parent's goes on. */
static void forked(ka_client *client, const char *base) {
    ka_stream *stream = stream_of(client, base, "/upgrade?first=");
    ka_error *error = NULL;
    pid_t child = fork_patiently();
    if (child == 0) {
        uint8_t byte;
        size_t count;
        CHECK_FAILS(ka_stream_read(stream, &byte, 1, &count, &error), KA_INVALID_STATE, "forked from",
                    error);
        CHECK_FAILS(ka_stream_write(stream, (const uint8_t *)"x", 1, &error), KA_INVALID_STATE,
                    "forked from", error);
        CHECK(ka_stream_fd(stream) == -1);
        ka_stream_close(stream);
        ka_stream_free(stream);
        _exit(0);
    }
    ended_well(child);
    CHECK_OK(ka_stream_write(stream, (const uint8_t *)"still", 5, &error), error);
    expect(stream, "still");
    ka_stream_free(stream);
}

/* CONNECT: this process is the proxy. */
static void connected(ka_client *client) {
    char base[64], head[1024];
    size_t have = 0;
    ssize_t count;
    const char *answer = "HTTP/1.1 200 Opened\r\n\r\nfirst";
    int listener = listen_here(base, sizeof base), peer;
    ka_request *request = new_request("CONNECT", base, "/example.com:443");
    ka_queue *queue = new_queue();
    ka_stream *stream = NULL;
    ka_error *error = NULL;
    ka_event event;
    CHECK_OK(ka_client_submit(client, request, queue, NULL, NULL, &error), error);
    peer = accept(listener, NULL, NULL);
    CHECK(peer >= 0);
    do {
        count = recv(peer, head + have, sizeof head - 1 - have, 0);
        CHECK(count > 0);
        have += (size_t)count;
        head[have] = 0;
    } while (strstr(head, "\r\n\r\n") == NULL);
    CHECK(strncmp(head, "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n", 55) == 0);
    CHECK(send(peer, answer, strlen(answer), 0) == (ssize_t)strlen(answer));
    event = next_event(queue);
    CHECK(event.status == KA_OK);
    CHECK_OK(ka_response_take_stream(event.response, &stream, &error), error);
    dispose(event);
    ka_request_free(request);
    expect(stream, "first");
    CHECK_OK(ka_stream_write(stream, (const uint8_t *)"back", 4, &error), error);
    CHECK(recv(peer, head, 4, MSG_WAITALL) == 4 && memcmp(head, "back", 4) == 0);
    ka_stream_free(stream);
    CHECK(recv(peer, head, 1, 0) == 0);
    close(peer);
    close(listener);
    CHECK(ka_request_new("CONNECT", "http://proxy:3128/", &request, &error) == KA_INVALID_URL);
    ka_error_free(error);
    ka_queue_free(queue);
}

int main(int argc, char **argv) {
    addresses at = check_addresses(argc, argv);
    ka_client *client = new_client(at.ca_file);
    size_t i;
    for (i = 0; i < LARGE; i++) large[i] = (uint8_t)(i * 31 % 251);
    echo(client, at.http, false);
    echo(client, at.https, true);
    both_ways(client, at.http);
    both_ways(client, at.https);
    submitted(client, at.http);
    submitted(client, at.https);
    left(client, at.http);
    left(client, at.https);
    failures(client, &at);
    forked(client, at.http);
    forked(client, at.https);
    connected(client);
    ka_client_free(client);
    return 0;
}
