/* pthread_cancel during a call: the call goes on to its end, and the thread ends when it has returned.
 * Nothing is lost by it: the connection serves again, and the client can be freed. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"

#include <pthread.h>
#include <unistd.h>

enum { ROUNDS = 50 };

static ka_client *client;
static const char *base;
static int returned;
static ka_response *response;

/* AddressSanitizer does not see that a cancelled thread leaves its frames, which it then takes for used. */
#define LEFT_BY_CANCELLATION __attribute__((no_sanitize_address))

/* Cancelled before the call, and so at the first chance within it. */
LEFT_BY_CANCELLATION static void *send_one(void *argument) {
    ka_request *request = (ka_request *)argument;
    ka_error *error = NULL;
    int state;
    CHECK(pthread_cancel(pthread_self()) == 0);
    CHECK_OK(ka_client_send(client, request, &response, &error), error);
    returned++;
    CHECK(pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &state) == 0);
    CHECK(state == PTHREAD_CANCEL_ENABLE);
    pthread_testcancel();
    return NULL;
}

LEFT_BY_CANCELLATION static void *wait_for_one(void *argument) {
    ka_queue *queue = (ka_queue *)argument;
    ka_event event;
    CHECK(pthread_cancel(pthread_self()) == 0);
    event = next_event(queue);
    CHECK_OK(event.status, event.error);
    ka_response_free(event.response);
    returned++;
    pthread_testcancel();
    return NULL;
}

static void cancelled(void *(*work)(void *), void *argument) {
    pthread_t thread;
    void *result = NULL;
    int before = returned;
    CHECK(pthread_create(&thread, NULL, work, argument) == 0);
    CHECK(pthread_join(thread, &result) == 0);
    CHECK(result == PTHREAD_CANCELED && returned == before + 1);
}

int main(int argc, char **argv) {
    addresses at = check_addresses(argc, argv);
    int i, tls;
    for (tls = 0; tls < 2; tls++) {
        ka_error *error = NULL;
        ka_queue *queue = NULL;
        ka_request *request;
        ka_bytes body;
        base = tls ? at.https : at.http;
        client = new_client(at.ca_file);
        request = new_request("GET", base, "/ok");
        queue = new_queue();
        for (i = 0; i < ROUNDS; i++) {
            cancelled(send_one, request);
            CHECK(ka_response_reused(response) == (i > 0));
            CHECK_OK(ka_response_read_all(response, &body, &error), error);
            CHECK(bytes_equal(body, "ok"));
            ka_response_free(response);
            CHECK_OK(ka_client_submit(client, request, queue, NULL, NULL, &error), error);
            cancelled(wait_for_one, queue);
        }
        CHECK(stats_of(client).opened == 1);
        ka_queue_free(queue);
        ka_request_free(request);
        ka_client_free(client);
    }
    return 0;
}
