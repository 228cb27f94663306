/* The least a program can do for an HTTP/1.1 exchange: the limit the clients are held against. */
#ifndef RAW_H
#define RAW_H

#include "bench.h"

int raw_connect(const struct options *options);
/* Builds the request head; returns its length. */
size_t raw_request(const struct options *options, char *head, size_t capacity);
/* Finds the end of a response head and its Content-Length; 0 when the head is not complete. */
size_t raw_head(const char *data, size_t size, size_t *content_length);

#endif
