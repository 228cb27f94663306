/* Several threads send on one client, and one request is sent by all of them. */
#include "check.h"

#include <pthread.h>

enum { THREADS = 8, REQUESTS = 40 };

typedef struct {
    ka_client *client;
    const char *base;
    const ka_request *shared;
} job;

static void *work(void *argument) {
    job *my = (job *)argument;
    int i;
    for (i = 0; i < REQUESTS; i++) {
        ka_response *response = NULL;
        ka_error *error = NULL;
        ka_bytes body;
        get_and_compare(my->client, my->base, "/ok", "ok");
        CHECK_OK(ka_client_send(my->client, my->shared, &response, &error), error);
        CHECK_OK(ka_response_read_all(response, &body, &error), error);
        CHECK(bytes_equal(body, "payload"));
        ka_response_free(response);
    }
    return NULL;
}

int main(int argc, char **argv) {
    addresses at = check_addresses(argc, argv);
    const char *bases[2];
    int i, k;
    bases[0] = at.http;
    bases[1] = at.https;
    for (i = 0; i < 2; i++) {
        ka_client *client = new_client(at.ca_file);
        ka_request *shared = new_request("PUT", bases[i], "/echo-body");
        ka_error *error = NULL;
        pthread_t threads[THREADS];
        ka_stats stats;
        job my;
        CHECK_OK(ka_request_set_body(shared, (const uint8_t *)"payload", 7, &error), error);
        my.client = client;
        my.base = bases[i];
        my.shared = shared;
        for (k = 0; k < THREADS; k++) CHECK(pthread_create(&threads[k], NULL, work, &my) == 0);
        for (k = 0; k < THREADS; k++) CHECK(pthread_join(threads[k], NULL) == 0);
        stats = stats_of(client);
        /* connections are opened while none is idle, at most max_dials_per_host at a time */
        CHECK(stats.opened <= THREADS + 16);
        CHECK(stats.reused >= 2 * THREADS * REQUESTS - (THREADS + 16));
        CHECK(stats.active == 0 && stats.waiting == 0);
        ka_request_free(shared);
        ka_client_free(client);
    }
    return 0;
}
