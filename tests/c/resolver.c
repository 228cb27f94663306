/* Names whose look-up never ends: other names are looked up beside them, and each of them once for
 * all who ask. The program has a getaddrinfo of its own, which the library's calls find first. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* RTLD_NEXT */
#endif
#include "check.h"

#include <dlfcn.h>
#include <netdb.h>
#include <pthread.h>

#define NAMES 40 /* more than a resolver would have threads for that shares a few */
#define ASKED 100

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t called = PTHREAD_COND_INITIALIZER, never = PTHREAD_COND_INITIALIZER;
static int calls[NAMES], silent;

typedef int (*resolve)(const char *, const char *, const struct addrinfo *, struct addrinfo **);

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **result) {
    resolve next;
    void *found = dlsym(RTLD_NEXT, "getaddrinfo");
    int number;
    if (node != NULL && sscanf(node, "silent-%d.example", &number) == 1) {
        pthread_mutex_lock(&lock);
        calls[number]++;
        silent++;
        pthread_cond_broadcast(&called);
        for (;;) pthread_cond_wait(&never, &lock);
    }
    memcpy(&next, &found, sizeof next);
    return next(node, service, hints, result);
}

static ka_call *submit(ka_client *client, ka_queue *queue, const char *url) {
    ka_request *request = new_request("GET", url, "/");
    ka_call *call = NULL;
    ka_error *error = NULL;
    CHECK_OK(ka_client_submit(client, request, queue, NULL, &call, &error), error);
    ka_request_free(request);
    return call;
}

int main(int argc, char **argv) {
    addresses found = check_addresses(argc, argv);
    ka_client_options options;
    ka_client *client = NULL;
    ka_queue *queue = NULL;
    ka_call *all[NAMES + ASKED];
    ka_event event;
    char url[64];
    int i;
    init_options(&options);
    options.connect_timeout_ms = 0;
    options.max_dials_per_host = ASKED;
    client = client_with(&options);
    queue = new_queue();
    for (i = 0; i < NAMES; i++) {
        snprintf(url, sizeof url, "http://silent-%d.example", i);
        all[i] = submit(client, queue, url);
    }
    pthread_mutex_lock(&lock);
    while (silent < NAMES) pthread_cond_wait(&called, &lock);
    pthread_mutex_unlock(&lock);

    /* All of them are being looked up for ever, and another name is found. */
    snprintf(url, sizeof url, "http://localhost:%s", strrchr(found.http, ':') + 1);
    get_and_compare(client, url, "/ok", "ok");

    for (i = 0; i < ASKED; i++) all[NAMES + i] = submit(client, queue, "http://silent-0.example");
    get_and_compare(client, url, "/ok", "ok");
    pthread_mutex_lock(&lock);
    CHECK(calls[0] <= 2);
    pthread_mutex_unlock(&lock);

    /* Nobody has to wait for them. */
    for (i = 0; i < NAMES + ASKED; i++) {
        ka_call_cancel(all[i]);
        ka_call_free(all[i]);
    }
    for (i = 0; i < NAMES + ASKED; i++) {
        event = next_event(queue);
        CHECK(event.status == KA_CANCELLED);
        dispose(event);
    }
    ka_queue_free(queue);
    ka_client_free(client);
    return 0;
}
