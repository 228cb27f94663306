/* The ways a process ends while the library is at work. None may crash or hang: the last argument is
 * the way, the exit status says that it came to the end it was meant to. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"

#include <pthread.h>
#include <time.h>
#include <unistd.h>

enum { WAITING = 8, PATIENCE = 30, STATUS = 7 };

static addresses at;
static ka_client *client;
static ka_queue *queue;

static void *stall(void *argument) {
    ka_request *request = new_request("GET", at.http, "/stall");
    ka_response *response = NULL;
    (void)argument;
    ka_client_send(client, request, &response, NULL);
    fprintf(stderr, "an answer came\n");
    _exit(1);
}

/* Requests under way in both waits, which will not end by themselves. */
static void be_busy(void) {
    const char *paths[4] = {"/stall", "/stall-body?n=100&sent=10", "/gate/never", "/drip?count=100000"};
    pthread_t thread;
    ka_error *error = NULL;
    int i;
    client = new_client(at.ca_file);
    CHECK(!get_and_compare(client, at.http, "/ok", "ok"));
    CHECK(!get_and_compare(client, at.https, "/ok", "ok"));
    queue = new_queue();
    for (i = 0; i < WAITING; i++) {
        ka_request *request = new_request("GET", i % 2 ? at.https : at.http, paths[i % 4]);
        CHECK_OK(ka_client_submit(client, request, queue, NULL, NULL, &error), error);
        ka_request_free(request);
        CHECK(pthread_create(&thread, NULL, stall, NULL) == 0);
        CHECK(pthread_detach(thread) == 0);
    }
    /* a request that still waits for its connection would end with the client */
    while (stats_of(client).active < 2 * WAITING) {
        struct timespec pause = {0, 1000000};
        nanosleep(&pause, NULL);
    }
    get_and_compare(client, at.http, "/ok", "ok");
}

static void *exit_elsewhere(void *argument) {
    (void)argument;
    exit(STATUS);
}

/* Handlers of atexit: the library is still there, or says no; it does not hang. */
static void send_at_exit(void) {
    ka_request *request = new_request("GET", at.http, "/ok");
    ka_response *response = NULL;
    ka_error *error = NULL;
    ka_event event;
    ka_queue *last = NULL;
    CHECK_OK(ka_client_send(client, request, &response, &error), error);
    ka_response_free(response);
    last = new_queue();
    CHECK_OK(ka_client_submit(client, request, last, NULL, NULL, &error), error);
    event = next_event(last);
    CHECK_OK(event.status, event.error);
    ka_response_free(event.response);
    ka_queue_free(last);
    ka_request_free(request);
}

static void free_at_exit(void) {
    ka_queue_free(queue);
    ka_client_close(client);
    ka_client_free(client);
}

int main(int argc, char **argv) {
    const char *way = argc == 5 ? argv[4] : "exit";
    pthread_t thread;
    ka_event events[WAITING];
    at = check_addresses(argc == 5 ? 4 : argc, argv);
    alarm(PATIENCE);
    /* registered before the library was used, so called after whatever it may have registered */
    if (strcmp(way, "atexit-first") == 0) CHECK(atexit(send_at_exit) == 0);
    be_busy();
    if (strcmp(way, "atexit-last") == 0) CHECK(atexit(send_at_exit) == 0);
    if (strcmp(way, "atexit-free") == 0) CHECK(atexit(free_at_exit) == 0);
    if (strcmp(way, "freed") == 0) free_at_exit();
    if (strcmp(way, "closed") == 0) ka_client_close(client);
    if (strcmp(way, "return") == 0) return STATUS;
    if (strcmp(way, "_exit") == 0) _exit(STATUS);
    if (strcmp(way, "elsewhere") == 0 || strcmp(way, "pthread-exit") == 0) {
        CHECK(pthread_create(&thread, NULL, exit_elsewhere, NULL) == 0);
        if (strcmp(way, "pthread-exit") == 0) pthread_exit(NULL);
        ka_queue_wait(queue, events, WAITING, -1);
        for (;;) pause();
    }
    exit(STATUS);
}
