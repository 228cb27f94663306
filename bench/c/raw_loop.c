/* One blocking socket, one exchange after the other. */
#include "raw.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

enum { BUFFER = 256 * 1024 };

struct session {
    const struct options *options;
    int fd;
    char head[1024];
    size_t head_size;
    char *body; /* of options->length bytes, in mode "get" */
    char buffer[BUFFER];
};

static void *open_session(const struct options *options) {
    struct session *session = malloc(sizeof *session);
    session->options = options;
    session->fd = raw_connect(options);
    session->head_size = raw_request(options, session->head, sizeof session->head);
    session->body = malloc(options->length);
    return session;
}

static void send_all(int fd, const void *data, size_t size) {
    for (size_t sent = 0; sent < size;) {
        ssize_t count = send(fd, (const char *)data + sent, size - sent, MSG_NOSIGNAL);
        if (count <= 0) fail("cannot send");
        sent += (size_t)count;
    }
}

static size_t receive(int fd, char *to, size_t capacity) {
    ssize_t count = recv(fd, to, capacity, 0);
    if (count <= 0) fail("connection ended");
    return (size_t)count;
}

static size_t exchange(void *argument) {
    struct session *session = argument;
    const struct options *options = session->options;
    size_t size = 0, head, length, got;
    send_all(session->fd, session->head, session->head_size);
    send_all(session->fd, options->body, options->upload);
    do {
        size += receive(session->fd, session->buffer + size, BUFFER - size);
        head = raw_head(session->buffer, size, &length);
    } while (head == 0);
    got = size - head;
    if (mode_is(options, "stream")) {
        while (got < length) got += receive(session->fd, session->buffer, BUFFER);
    } else {
        check_length(options, length);
        memcpy(session->body, session->buffer + head, got);
        while (got < length) got += receive(session->fd, session->body + got, length - got);
    }
    return got;
}

int main(int argc, char **argv) {
    static const struct sequential client = {.open = open_session, .exchange = exchange};
    return bench_sequential(argc, argv, &client);
}
