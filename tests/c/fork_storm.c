/* Two hundred forks of a process that is busy with the library: threads send and are inside the pool's
 * locks, another submits. Parent, children and grandchildren all go on. Every request says whose it
 * is; the origin minds when two processes speak on one connection. */
#define _POSIX_C_SOURCE 200809L
#include "posix.h"

#include <dirent.h>
#include <pthread.h>
#include <time.h>

enum { FORKS = 200, AT_ONCE = 4, THREADS = 4, IN_FLIGHT = 8, PATIENCE = 60 };

static addresses at;
static ka_client *client;
static volatile int stop;

static const char *base_of(int tls) { return tls ? at.https : at.http; }

static ka_request *owned_request(const char *method, int tls) {
    ka_request *request = new_request(method, base_of(tls), "/echo-body");
    ka_error *error = NULL;
    char owner[24];
    snprintf(owner, sizeof owner, "%ld", (long)getpid());
    CHECK_OK(ka_request_add_header(request, "X-Owner", owner, &error), error);
    CHECK_OK(ka_request_set_body(request, (const uint8_t *)owner, strlen(owner), &error), error);
    return request;
}

static void check_own(ka_response *response) {
    char owner[24];
    ka_error *error = NULL;
    ka_bytes body;
    snprintf(owner, sizeof owner, "%ld", (long)getpid());
    CHECK(ka_response_status(response) == 200);
    CHECK_OK(ka_response_read_all(response, &body, &error), error);
    CHECK(bytes_equal(body, owner));
    ka_response_free(response);
}

static void send_one(ka_request *request) {
    ka_response *response = NULL;
    ka_error *error = NULL;
    CHECK_OK(ka_client_send(client, request, &response, &error), error);
    check_own(response);
}

static void take_one(ka_queue *queue) {
    ka_event event;
    event = next_event(queue);
    CHECK_OK(event.status, event.error);
    check_own(event.response);
}

static void submit_one(ka_queue *queue, const ka_request *request) {
    ka_error *error = NULL;
    CHECK_OK(ka_client_submit(client, request, queue, NULL, NULL, &error), error);
}

static void *send_loop(void *argument) {
    ka_request *requests[2];
    int count = (int)(size_t)argument;
    requests[0] = owned_request("PUT", 0);
    requests[1] = owned_request("POST", 1);
    while (!stop) send_one(requests[++count % 3 == 0]);
    ka_request_free(requests[0]);
    ka_request_free(requests[1]);
    return NULL;
}

static void *submit_loop(void *argument) {
    ka_request *requests[2];
    ka_queue *queue = NULL;
    int under_way = 0, count = 0;
    (void)argument;
    requests[0] = owned_request("GET", 0);
    requests[1] = owned_request("GET", 1);
    queue = new_queue();
    while (!stop || under_way > 0) {
        while (!stop && under_way < IN_FLIGHT) {
            submit_one(queue, requests[++count % 4 == 0]);
            under_way++;
        }
        if (under_way > 0) {
            take_one(queue);
            under_way--;
        }
    }
    ka_queue_free(queue);
    ka_request_free(requests[0]);
    ka_request_free(requests[1]);
    return NULL;
}

/* Uses the inherited client in every way, and ends in one of two. */
static void child(int number) {
    int tls = number % 3 == 0;
    ka_request *request = owned_request("POST", tls);
    ka_queue *queue = NULL;
    pid_t grandchild = 0;
    alarm(PATIENCE);
    queue = new_queue();
    /* either wait may be the one that starts the engine anew */
    if (number % 2 == 0) send_one(request);
    submit_one(queue, request);
    submit_one(queue, request);
    if (number % 5 == 0) {
        grandchild = fork();
        CHECK(grandchild >= 0);
        if (grandchild == 0) {
            ka_request_free(request);
            ka_queue_free(queue);
            request = owned_request("POST", tls);
            queue = new_queue();
            submit_one(queue, request);
            submit_one(queue, request);
        }
    }
    send_one(request);
    take_one(queue);
    take_one(queue);
    if (grandchild > 0) ended_well(grandchild);
    ka_queue_free(queue);
    ka_request_free(request);
    if (number % 4 < 2) exit(0);
    _exit(0);
}

static int descriptors(void) {
    int count = 0;
    DIR *dir = opendir("/proc/self/fd");
    CHECK(dir != NULL);
    while (readdir(dir) != NULL) count++;
    closedir(dir);
    return count;
}

/* Until nothing is under way and nothing kept; then, what is open. */
static int settled_descriptors(int most) {
    int round, count = 0;
    for (round = 0; round < 1000; round++) {
        struct timespec pause = {0, 5000000};
        ka_stats stats;
        ka_client_network_changed(client);
        stats = stats_of(client);
        count = descriptors();
        if (stats.active + stats.dialing + stats.idle == 0 && count <= most) break;
        nanosleep(&pause, NULL);
    }
    return count;
}

int main(int argc, char **argv) {
    pthread_t threads[THREADS + 1];
    pid_t children[AT_ONCE] = {0};
    ka_error *error = NULL;
    ka_stats stats;
    size_t opened = 0, i;
    int before, number;
    at = check_addresses(argc, argv);
    client = new_client(at.ca_file);
    alarm(3 * PATIENCE);
    CHECK_OK(ka_client_warm(client, at.http, 8, &opened, &error), error);
    CHECK(opened == 8);
    CHECK_OK(ka_client_warm(client, at.https, 2, &opened, &error), error);
    before = settled_descriptors(1 << 20);
    CHECK_OK(ka_client_warm(client, at.http, 8, &opened, &error), error);
    CHECK_OK(ka_client_warm(client, at.https, 2, &opened, &error), error);
    for (i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, send_loop, (void *)i) == 0);
    CHECK(pthread_create(&threads[THREADS], NULL, submit_loop, NULL) == 0);

    for (number = 0; number < FORKS + AT_ONCE; number++) {
        pid_t *place = &children[number % AT_ONCE];
        if (*place > 0) ended_well(*place);
        if (number >= FORKS) continue;
        *place = fork();
        CHECK(*place >= 0);
        if (*place == 0) child(number);
    }

    stop = 1;
    for (i = 0; i <= THREADS; i++) CHECK(pthread_join(threads[i], NULL) == 0);
    stats = stats_of(client);
    /* no child ended, or wrote to, a connection of its parent: none was lost under a request */
    CHECK(stats.replayed == 0 && stats.stale == 0);
    CHECK(stats.active == 0 && stats.waiting == 0 && stats.reused > FORKS);
    CHECK(settled_descriptors(before) <= before);
    ka_client_free(client);
    return 0;
}
