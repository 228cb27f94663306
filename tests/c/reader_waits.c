/* Body readers that call the library. On the caller's thread they may wait; on the engine's, which is
 * what would be waited for, every call that waits is refused, and every other one works. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"

#include <pthread.h>
#include <unistd.h>

enum { PATIENCE = 300 };

/* The data of a reader, and what it calls the library with. */
typedef struct {
    ka_client *client;
    const char *base;
    ka_response *response; /* its body is still to be read */
    ka_queue *queue;       /* nothing is in it, and nothing comes */
    pthread_t submitter;
    bool asked;            /* the calls were made */
    bool destroyed;
} asker;

static void waits_are_refused(asker *mine) {
    static const char text[] = "must not";
    ka_request *request = new_request("GET", mine->base, "/ok");
    ka_str url;
    ka_response *response = NULL;
    ka_error *error = NULL;
    ka_event event;
    ka_bytes body;
    uint8_t byte;
    size_t count;
    CHECK_FAILS(ka_client_send(mine->client, request, &response, &error), KA_INVALID_STATE, text,
                error);
    CHECK(response == NULL);
    CHECK_FAILS(ka_client_warm(mine->client, mine->base, 1, &count, &error), KA_INVALID_STATE, text,
                error);
    url.ptr = mine->base;
    url.len = strlen(mine->base);
    CHECK_FAILS(ka_client_warm_str(mine->client, url, 1, &count, &error), KA_INVALID_STATE, text,
                error);
    CHECK_FAILS(ka_response_read(mine->response, &byte, 1, &count, &error), KA_INVALID_STATE, text,
                error);
    CHECK_FAILS(ka_response_read_all(mine->response, &body, &error), KA_INVALID_STATE, text, error);
    CHECK_FAILS(ka_queue_take(mine->queue, &event, 1, -1, &count, &error), KA_INVALID_STATE, text,
                error);
    CHECK_FAILS(ka_queue_take(mine->queue, &event, 1, 1, &count, &error), KA_INVALID_STATE, text,
                error);
    CHECK(ka_queue_wait(mine->queue, &event, 1, -1) == 0);
    /* what does not wait works */
    CHECK_OK(ka_queue_take(mine->queue, &event, 1, 0, &count, &error), error);
    CHECK(count == 0 && ka_response_status(mine->response) == 200);
    CHECK(stats_of(mine->client).active >= 1);
    ka_request_free(request);
}

static ptrdiff_t read_and_ask(void *user_data, uint8_t *buffer, size_t capacity) {
    asker *mine = (asker *)user_data;
    if (mine->asked) return 0;
    memset(buffer, 'x', capacity);
    /* The submitter's thread may begin a request; it does not go on for ever. */
    if (pthread_equal(pthread_self(), mine->submitter)) return (ptrdiff_t)capacity;
    waits_are_refused(mine);
    mine->asked = true;
    return 1;
}

static void ask_and_free(void *user_data) {
    asker *mine = (asker *)user_data;
    CHECK(mine->asked && !pthread_equal(pthread_self(), mine->submitter));
    waits_are_refused(mine);
    mine->destroyed = true;
}

static void on_the_engine(ka_client *client, const char *base) {
    ka_request *request = new_request("POST", base, "/upload-count");
    ka_body_reader reader = {sizeof reader, read_and_ask, NULL, ask_and_free, NULL};
    ka_request *large = new_request("GET", base, "/bytes/3000000");
    ka_queue *queue = new_queue();
    ka_error *error = NULL;
    ka_event event;
    ka_bytes body;
    asker mine;
    memset(&mine, 0, sizeof mine);
    mine.client = client;
    mine.base = base;
    mine.queue = new_queue();
    mine.submitter = pthread_self();
    CHECK_OK(ka_client_send(client, large, &mine.response, &error), error);
    reader.user_data = &mine;
    CHECK_OK(ka_request_set_body_reader(request, &reader, -1, &error), error);
    CHECK_OK(ka_client_submit(client, request, queue, NULL, NULL, &error), error);
    /* the engine gives it up: nobody else has it */
    ka_request_free(request);
    event = next_event(queue);
    CHECK_OK(event.status, event.error);
    CHECK(ka_response_status(event.response) == 200 && mine.asked && mine.destroyed);
    dispose(event);
    /* nothing was taken of what it was refused */
    CHECK_OK(ka_response_read_all(mine.response, &body, &error), error);
    CHECK(body.len == 3000000);
    ka_response_free(mine.response);
    ka_queue_free(mine.queue);
    ka_queue_free(queue);
    ka_request_free(large);
    get_and_compare(client, base, "/ok", "ok");
}

static ptrdiff_t read_and_wait(void *user_data, uint8_t *buffer, size_t capacity) {
    asker *mine = (asker *)user_data;
    ka_queue *queue = new_queue();
    ka_event event;
    CHECK(capacity > 0 && pthread_equal(pthread_self(), mine->submitter));
    if (mine->asked) {
        ka_queue_free(queue);
        return 0;
    }
    mine->asked = true;
    get_and_compare(mine->client, mine->base, "/ok", "ok");
    submit_get(mine->client, queue, mine->base, "/ok", NULL, NULL);
    event = next_event(queue);
    CHECK_OK(event.status, event.error);
    dispose(event);
    ka_queue_free(queue);
    buffer[0] = 'x';
    return 1;
}

static void on_the_callers_thread(ka_client *client, const char *base) {
    ka_request *request = new_request("POST", base, "/upload-count");
    ka_body_reader reader = {sizeof reader, read_and_wait, NULL, NULL, NULL};
    ka_response *response = NULL;
    ka_error *error = NULL;
    ka_bytes body;
    asker mine;
    memset(&mine, 0, sizeof mine);
    mine.client = client;
    mine.base = base;
    mine.submitter = pthread_self();
    reader.user_data = &mine;
    CHECK_OK(ka_request_set_body_reader(request, &reader, -1, &error), error);
    CHECK_OK(ka_client_send(client, request, &response, &error), error);
    CHECK_OK(ka_response_read_all(response, &body, &error), error);
    CHECK(mine.asked && bytes_equal(body, "1"));
    ka_response_free(response);
    ka_request_free(request);
}

int main(int argc, char **argv) {
    addresses at = check_addresses(argc, argv);
    const char *bases[2];
    int i;
    bases[0] = at.http;
    bases[1] = at.https;
    alarm(PATIENCE);
    for (i = 0; i < 2; i++) {
        ka_client *client = new_client(at.ca_file);
        on_the_engine(client, bases[i]);
        on_the_callers_thread(client, bases[i]);
        ka_client_free(client);
    }
    return 0;
}
