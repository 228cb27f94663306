/* The completion queue: 64 in flight behind epoll, partial takes, cancelling, streamed bodies, what
 * events say, and freeing things while requests run. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* dup3 */
#endif
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { IN_FLIGHT = 64 };

static bool readable(ka_queue *queue) {
    struct pollfd entry;
    entry.fd = ka_queue_fd(queue);
    entry.events = POLLIN;
    entry.revents = 0;
    CHECK(poll(&entry, 1, 0) >= 0);
    return (entry.revents & POLLIN) != 0;
}

static void check_bytes(ka_event *event, size_t length) {
    ka_error *error = NULL;
    ka_bytes body;
    size_t i;
    CHECK_OK(event->status, event->error);
    CHECK(ka_response_status(event->response) == 200);
    CHECK_OK(ka_response_read_all(event->response, &body, &error), error);
    CHECK(body.len == length);
    for (i = 0; i < length; i++) CHECK(body.ptr[i] == i % 251);
    ka_response_free(event->response);
}

static void many_in_flight_behind_epoll(ka_client *client, const char *base) {
    ka_queue *queue = new_queue();
    int done[IN_FLIGHT] = {0}, ended = 0, rounds = 0, i;
    int epoll = epoll_create1(0);
    struct epoll_event watch;
    memset(&watch, 0, sizeof watch);
    watch.events = EPOLLIN;
    CHECK(epoll >= 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, ka_queue_fd(queue), &watch) == 0);
    for (i = 0; i < IN_FLIGHT; i++) submit_get(client, queue, base, "/bytes/5000", &done[i], NULL);
    while (ended < IN_FLIGHT) {
        ka_event events[5]; /* fewer than are ready: the descriptor must stay readable */
        size_t count, k;
        CHECK(epoll_wait(epoll, &watch, 1, 30000) == 1);
        count = ka_queue_wait(queue, events, 5, 0);
        for (k = 0; k < count; k++) {
            *(int *)events[k].user_data += 1;
            check_bytes(&events[k], 5000);
            ended++;
        }
        CHECK(++rounds < 10000);
    }
    for (i = 0; i < IN_FLIGHT; i++) CHECK(done[i] == 1);
    close(epoll);
    ka_queue_free(queue);
}

static void partial_takes_leave_the_descriptor_readable(ka_client *client, const char *base) {
    ka_queue *queue = new_queue();
    ka_event event;
    int left = 3;
    CHECK(!readable(queue));
    CHECK(ka_queue_wait(queue, &event, 1, 0) == 0);
    submit_get(client, queue, base, "/ok", NULL, NULL);
    submit_get(client, queue, base, "/ok", NULL, NULL);
    submit_get(client, queue, base, "/ok", NULL, NULL);
    while (left > 0) {
        event = next_event(queue);
        CHECK_OK(event.status, event.error);
        ka_response_free(event.response);
        left--;
    }
    /* at most one wake-up too many, and it is cleared by asking */
    CHECK(ka_queue_wait(queue, &event, 1, 0) == 0);
    CHECK(ka_queue_wait(queue, &event, 1, 20) == 0);
    CHECK(!readable(queue));
    ka_queue_free(queue);
}

static void a_cancelled_request_ends_in_one_event(ka_client *client, const char *base) {
    ka_queue *queue = new_queue();
    ka_call *call = NULL;
    ka_event event;
    submit_get(client, queue, base, "/stall", &queue, &call);
    ka_call_cancel(call);
    ka_call_cancel(call);
    event = next_event(queue);
    CHECK(event.user_data == &queue && event.response == NULL && event.kind == KA_EVENT_RESPONSE);
    CHECK(event.count == 0 && event.reserved[0] == 0 && event.reserved[1] == 0);
    CHECK(event.status == KA_CANCELLED && ka_error_status(event.error) == KA_CANCELLED);
    ka_error_free(event.error);
    ka_call_cancel(call);
    ka_call_free(call);
    CHECK(ka_queue_wait(queue, &event, 1, 20) == 0);
    ka_queue_free(queue);
}

static void a_body_streams_with_back_pressure(ka_client *client, const char *base) {
    ka_queue *queue = new_queue();
    ka_request *request = new_request("GET", base, "/chunked/100000");
    ka_error *error = NULL;
    ka_event event;
    uint8_t buffer[4096];
    size_t total = 0, count, i;
    CHECK(ka_request_set_stream_response(request, true, NULL) == KA_OK);
    CHECK_OK(ka_client_submit(client, request, queue, NULL, NULL, &error), error);
    ka_request_free(request);
    event = next_event(queue);
    CHECK_OK(event.status, event.error);
    CHECK(ka_response_status(event.response) == 200);
    for (;;) {
        ka_status submitted = ka_response_submit_read(event.response, sizeof buffer, queue, &total,
                                                      NULL, &error);
        CHECK_OK(submitted, error);
        event = next_event(queue);
        CHECK(event.user_data == &total && event.kind == KA_EVENT_READ);
        CHECK_OK(event.status, event.error);
        CHECK_OK(ka_response_read(event.response, buffer, sizeof buffer, &count, &error), error);
        CHECK(event.count == count);
        if (count == 0) break;
        for (i = 0; i < count; i++) CHECK(buffer[i] == (total + i) % 251);
        total += count;
    }
    CHECK(total == 100000);
    ka_response_free(event.response);
    ka_queue_free(queue);
}

static void a_failed_body_is_told_with_what_had_come(ka_client *client, const char *base) {
    ka_queue *queue = new_queue();
    ka_request *request = new_request("GET", base, "/stall-body?n=10&sent=4");
    ka_error *error = NULL;
    ka_event event;
    CHECK_OK(ka_request_set_timeout(request, KA_TIMEOUT_READ, 50, &error), error);
    CHECK_OK(ka_client_submit(client, request, queue, NULL, NULL, &error), error);
    ka_request_free(request);
    event = next_event(queue);
    CHECK(event.status == KA_READ_TIMEOUT && event.response == NULL);
    CHECK(ka_error_partial_body(event.error).len == 4);
    ka_error_free(event.error);
    ka_queue_free(queue);
}

static void a_queue_and_a_client_may_go_while_requests_run(const addresses *at) {
    ka_client *client = new_client(at->ca_file);
    ka_queue *queue = new_queue();
    ka_event event;
    int i;
    submit_get(client, queue, at->http, "/slow-head?ms=50", &queue, NULL);
    ka_client_free(client);
    event = next_event(queue);
    CHECK_OK(event.status, event.error);
    ka_response_free(event.response);
    client = new_client(at->ca_file);
    for (i = 0; i < 8; i++) submit_get(client, queue, at->http, "/slow-head?ms=20", NULL, NULL);
    ka_queue_free(queue);
    get_and_compare(client, at->http, "/slow-head?ms=100", "ok");
    ka_client_free(client);
}

/* The descriptor ends with its queue, though requests that would signal it run on; what gets its
 * number next is not touched by them. */
static void a_freed_queue_has_no_descriptor(const addresses *at) {
    ka_client *client = new_client(at->ca_file);
    ka_queue *queue = new_queue();
    int fd = ka_queue_fd(queue), i;
    int other[2];
    char byte;
    CHECK(pipe(other) == 0);
    CHECK(ka_queue_fd(queue) == fd && (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    for (i = 0; i < 8; i++) submit_get(client, queue, at->http, "/gate/freed", NULL, NULL);
    ka_queue_free(queue);
    CHECK(fcntl(fd, F_GETFD) == -1 && errno == EBADF);
    CHECK(dup3(other[1], fd, O_CLOEXEC) == fd && close(other[1]) == 0);
    ka_response_free(get(client, at->http, "/_gate/freed/wait?n=8"));
    ka_response_free(get(client, at->http, "/_gate/freed/open"));
    while (stats_of(client).active != 0) poll(NULL, 0, 1);
    CHECK(close(fd) == 0);
    CHECK(read(other[0], &byte, 1) == 0);
    close(other[0]);
    ka_client_free(client);
}

/* Freed at the very moment in which the engine signals it. */
static void freed_while_events_come(ka_client *client, const char *base) {
    int round, i;
    for (round = 0; round < 100; round++) {
        ka_queue *queue = new_queue();
        for (i = 0; i < 4; i++) submit_get(client, queue, base, "/ok", NULL, NULL);
        if (round % 2 == 0) {
            ka_event event;
            size_t count = 0;
            ka_error *error = NULL;
            CHECK_OK(ka_queue_take(queue, &event, 1, -1, &count, &error), error);
            CHECK(count == 1);
            ka_response_free(event.response);
        }
        ka_queue_free(queue);
    }
}

int main(int argc, char **argv) {
    addresses at = check_addresses(argc, argv);
    const char *bases[2];
    int i;
    bases[0] = at.http;
    bases[1] = at.https;
    for (i = 0; i < 2; i++) {
        ka_client *client = new_client(at.ca_file);
        many_in_flight_behind_epoll(client, bases[i]);
        partial_takes_leave_the_descriptor_readable(client, bases[i]);
        a_cancelled_request_ends_in_one_event(client, bases[i]);
        a_body_streams_with_back_pressure(client, bases[i]);
        a_failed_body_is_told_with_what_had_come(client, bases[i]);
        freed_while_events_come(client, bases[i]);
        ka_client_free(client);
    }
    a_queue_and_a_client_may_go_while_requests_run(&at);
    a_freed_queue_has_no_descriptor(&at);
    return 0;
}
