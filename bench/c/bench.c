#define _GNU_SOURCE
#include "bench.h"

#include <dirent.h>
#include <malloc.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { SETTLE_SECONDS = 1, IDLE_SECONDS = 3 };

void fail(const char *format, ...) {
    va_list args;
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    exit(1);
}

bool mode_is(const struct options *options, const char *mode) {
    return strcmp(options->mode, mode) == 0;
}

void check_length(const struct options *options, size_t got) {
    if (got != options->length) fail("body of %zu bytes, expected %zu", got, options->length);
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static double cpu_seconds(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void split_url(struct options *options) {
    char *copy = strdup(options->url), *host = strstr(copy, "://"), *path, *port;
    if (host == NULL) fail("not a URL: %s", options->url);
    options->tls = strncmp(copy, "https", 5) == 0;
    host += 3;
    if ((path = strchr(host, '/')) == NULL || (port = strchr(host, ':')) == NULL || port > path)
        fail("URL without port or path: %s", options->url);
    options->path = strdup(path);
    *path = *port = '\0';
    options->host = host;
    options->port = port + 1;
}

static struct options parse(int argc, char **argv) {
    struct options options = {.mode = "get", .requests = 1000, .in_flight = 1, .threads = 1, .busy_poll = -1};
    for (int i = 1; i + 1 < argc; i += 2) {
        const char *name = argv[i], *value = argv[i + 1];
        if (strcmp(name, "--url") == 0) options.url = value;
        else if (strcmp(name, "--mode") == 0) options.mode = value;
        else if (strcmp(name, "--ca") == 0) options.ca = value;
        else if (strcmp(name, "--requests") == 0) options.requests = atol(value);
        else if (strcmp(name, "--warmup") == 0) options.warmup = atol(value);
        else if (strcmp(name, "--length") == 0) options.length = (size_t)atol(value);
        else if (strcmp(name, "--in-flight") == 0) options.in_flight = atoi(value);
        else if (strcmp(name, "--threads") == 0) options.threads = atoi(value);
        else if (strcmp(name, "--busy-poll") == 0) options.busy_poll = atol(value);
        else if (strcmp(name, "--upload") == 0) options.upload = (size_t)atol(value);
        else fail("unknown option %s", name);
    }
    if (options.url == NULL) fail("--url is missing");
    split_url(&options);
    if (options.upload > 0) {
        uint8_t *body = malloc(options.upload);
        memset(body, 'x', options.upload);
        options.body = body;
    }
    return options;
}

static void report(const struct options *options, double seconds, double cpu) {
    printf("{\"requests\": %ld, \"seconds\": %.9f, \"cpu_seconds\": %.6f", options->requests,
           seconds, cpu);
}

/* Threads that share one counter of requests, so that a starved one shows as a small count. */
struct crew {
    const struct options *options;
    const struct sequential *client;
    pthread_barrier_t barrier;
    atomic_long taken;
    double started, cpu_started;
};

struct member {
    struct crew *crew;
    pthread_t thread;
    long count;
    bool leads;
};

static void *work(void *argument) {
    struct member *member = argument;
    struct crew *crew = member->crew;
    const struct options *options = crew->options;
    void *session = crew->client->open(options);
    for (long i = 0; i < options->warmup; i++)
        check_length(options, crew->client->exchange(session));
    pthread_barrier_wait(&crew->barrier);
    if (member->leads) {
        crew->cpu_started = cpu_seconds();
        crew->started = now();
    }
    pthread_barrier_wait(&crew->barrier);
    while (atomic_fetch_add(&crew->taken, 1) < options->requests) {
        check_length(options, crew->client->exchange(session));
        member->count++;
    }
    pthread_barrier_wait(&crew->barrier);
    return NULL;
}

static void run_threads(const struct options *options, const struct sequential *client) {
    struct crew crew = {.options = options, .client = client};
    struct member *members = calloc((size_t)options->threads, sizeof *members);
    pthread_barrier_init(&crew.barrier, NULL, (unsigned)options->threads);
    for (int i = 0; i < options->threads; i++) members[i] = (struct member){.crew = &crew};
    members[0].leads = true;
    for (int i = 1; i < options->threads; i++)
        if (pthread_create(&members[i].thread, NULL, work, &members[i]) != 0) fail("no thread");
    work(&members[0]);
    report(options, now() - crew.started, cpu_seconds() - crew.cpu_started);
    long slowest = members[0].count, fastest = slowest;
    for (int i = 1; i < options->threads; i++) {
        pthread_join(members[i].thread, NULL);
        if (members[i].count < slowest) slowest = members[i].count;
        if (members[i].count > fastest) fastest = members[i].count;
    }
    printf(", \"slowest\": %ld, \"fastest\": %ld}\n", slowest, fastest);
}

/* Anonymous memory in use, after the allocator has given back what it can. */
static long memory_bytes(void) {
    char line[256];
    long kilobytes = 0;
    malloc_trim(0);
    FILE *status = fopen("/proc/self/status", "r");
    while (fgets(line, sizeof line, status) != NULL) sscanf(line, "RssAnon: %ld", &kilobytes);
    fclose(status);
    return kilobytes * 1024;
}

static long open_sockets(void) {
    char path[300], target[64];
    long count = 0;
    DIR *directory = opendir("/proc/self/fd");
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        snprintf(path, sizeof path, "/proc/self/fd/%s", entry->d_name);
        if (readlink(path, target, sizeof target) > 7 && memcmp(target, "socket:", 7) == 0) count++;
    }
    closedir(directory);
    return count;
}

/* The URL's last part says how many requests the server lets wait for each other. */
static char *held_url(const struct options *options, long count) {
    char *url = malloc(strlen(options->url) + 24);
    sprintf(url, "%s%ld", options->url, count);
    return url;
}

static void run_idle(const struct options *options, const struct sequential *client) {
    void *session = client->open(options);
    char *one = held_url(options, 1), *all = held_url(options, options->requests);
    client->release(session, client->hold(session, one));
    void **held = malloc((size_t)options->requests * sizeof *held);
    memset(held, 0, (size_t)options->requests * sizeof *held);
    long before = memory_bytes();
    for (long i = 0; i < options->requests; i++) held[i] = client->hold(session, all);
    for (long i = 0; i < options->requests; i++) client->release(session, held[i]);
    sleep(SETTLE_SECONDS);
    long after = memory_bytes(), sockets = open_sockets();
    double cpu = cpu_seconds();
    sleep(IDLE_SECONDS);
    printf("{\"connections\": %ld, \"bytes\": %ld, \"idle_seconds\": %d, "
           "\"idle_cpu_seconds\": %.6f}\n",
           sockets, after - before, IDLE_SECONDS, cpu_seconds() - cpu);
}

int bench_sequential(int argc, char **argv, const struct sequential *client) {
    struct options options = parse(argc, argv);
    if (mode_is(&options, "idle")) run_idle(&options, client);
    else run_threads(&options, client);
    return 0;
}

int bench_concurrent(int argc, char **argv, void (*open)(const struct options *options),
                     void (*run)(const struct options *options, long count)) {
    struct options options = parse(argc, argv);
    open(&options);
    run(&options, options.warmup);
    double cpu = cpu_seconds(), started = now();
    run(&options, options.requests);
    report(&options, now() - started, cpu_seconds() - cpu);
    puts("}");
    return 0;
}
