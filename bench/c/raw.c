#define _GNU_SOURCE
#include "raw.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

int raw_connect(const struct options *options) {
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *address;
    if (getaddrinfo(options->host, options->port, &hints, &address) != 0) fail("no such host");
    int fd = socket(address->ai_family, SOCK_STREAM, 0), on = 1;
    if (connect(fd, address->ai_addr, address->ai_addrlen) != 0) fail("cannot connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    freeaddrinfo(address);
    return fd;
}

size_t raw_request(const struct options *options, char *head, size_t capacity) {
    if (options->upload > 0)
        return (size_t)snprintf(head, capacity,
                                "POST %s HTTP/1.1\r\nHost: %s:%s\r\nContent-Length: %zu\r\n\r\n",
                                options->path, options->host, options->port, options->upload);
    return (size_t)snprintf(head, capacity, "GET %s HTTP/1.1\r\nHost: %s:%s\r\n\r\n",
                            options->path, options->host, options->port);
}

size_t raw_head(const char *data, size_t size, size_t *content_length) {
    static const char field[] = "\r\nContent-Length: ";
    const char *end = memmem(data, size, "\r\n\r\n", 4);
    if (end == NULL) return 0;
    const char *length = memmem(data, (size_t)(end - data), field, sizeof field - 1);
    if (length == NULL) fail("no Content-Length");
    *content_length = strtoul(length + sizeof field - 1, NULL, 10);
    return (size_t)(end - data) + 4;
}
