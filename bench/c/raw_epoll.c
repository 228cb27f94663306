/* Many sockets on one epoll, one exchange in flight on each. */
#include "raw.h"

#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum { BUFFER = 4096, BATCH = 64 };

struct connection {
    int fd;
    size_t size; /* bytes of the response in buffer */
    char buffer[BUFFER];
};

static struct connection *connections;
static int poller;
static char head[1024];
static size_t head_size;

static void open_all(const struct options *options) {
    head_size = raw_request(options, head, sizeof head);
    poller = epoll_create1(0);
    connections = calloc((size_t)options->in_flight, sizeof *connections);
    for (int i = 0; i < options->in_flight; i++) {
        struct connection *connection = &connections[i];
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
        connection->fd = raw_connect(options);
        if (epoll_ctl(poller, EPOLL_CTL_ADD, connection->fd, &event) != 0) fail("epoll_ctl");
    }
}

static void start(struct connection *connection) {
    connection->size = 0;
    if (send(connection->fd, head, head_size, MSG_NOSIGNAL) != (ssize_t)head_size) fail("send");
}

/* Reads what is there; true when the response is complete. */
static bool advance(const struct options *options, struct connection *connection) {
    size_t length, end;
    ssize_t count = recv(connection->fd, connection->buffer + connection->size,
                         BUFFER - connection->size, MSG_DONTWAIT);
    if (count <= 0) fail("connection ended");
    connection->size += (size_t)count;
    end = raw_head(connection->buffer, connection->size, &length);
    if (end == 0 || connection->size < end + length) return false;
    check_length(options, connection->size - end);
    return true;
}

static void run(const struct options *options, long count) {
    struct epoll_event events[BATCH];
    long started = 0, ended = 0;
    for (int i = 0; i < options->in_flight && started < count; i++, started++)
        start(&connections[i]);
    while (ended < count) {
        int ready = epoll_wait(poller, events, BATCH, -1);
        for (int i = 0; i < ready; i++) {
            if (!advance(options, events[i].data.ptr)) continue;
            ended++;
            if (started < count) {
                start(events[i].data.ptr);
                started++;
            }
        }
    }
}

int main(int argc, char **argv) { return bench_concurrent(argc, argv, open_all, run); }
