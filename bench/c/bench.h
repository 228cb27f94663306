/* What every C program of the benchmark shares: options, threads, clocks and the result line. */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct options {
    const char *url;
    const char *host, *port, *path; /* parts of url */
    bool tls;
    const char *ca;      /* PEM file to trust, or NULL */
    const char *mode;    /* "get": whole body in memory; "stream": in pieces; "upload"; "idle" */
    long requests, warmup;
    size_t length;       /* bytes every response body must have */
    int in_flight, threads;
    const uint8_t *body; /* request body of `upload` bytes */
    size_t upload;
    long busy_poll;      /* libkeepalive's option; -1: its default */
};

/* A client whose exchange ends before the next one starts. Each thread has its session. */
struct sequential {
    void *(*open)(const struct options *options);
    size_t (*exchange)(void *session); /* returns the bytes of the body */
    /* For mode "idle": gets a response's head and leaves the body unread; then reads it. */
    void *(*hold)(void *session, const char *url);
    void (*release)(void *session, void *held);
};

/* Whole programs, to be called from main. */
int bench_sequential(int argc, char **argv, const struct sequential *client);
int bench_concurrent(int argc, char **argv, void (*open)(const struct options *options),
                     void (*run)(const struct options *options, long count));

bool mode_is(const struct options *options, const char *mode);
void check_length(const struct options *options, size_t got);
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
