/* Body readers: `destroy` is called exactly once, after the last `read`, whatever becomes of the
 * request. Each reader's data is freed by it, so that a sanitizer sees a later use. */
#define _POSIX_C_SOURCE 200809L
#include "posix.h"

#include <pthread.h>

enum { PATIENCE = 300, ENDLESS = -1 };

/* What became of a reader; outlives it. */
typedef struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int reads, rewinds, destroyed;
} story;

/* The data of a reader; on the heap until it is destroyed. */
typedef struct {
    story *told;
    long left, size;
    bool rewinds;
} source;

static void begin(story *told) {
    memset(told, 0, sizeof *told);
    CHECK(pthread_mutex_init(&told->lock, NULL) == 0 && pthread_cond_init(&told->changed, NULL) == 0);
}

static int count(story *told, int *which, int more) {
    int now;
    CHECK(pthread_mutex_lock(&told->lock) == 0);
    now = *which += more;
    if (more > 0) CHECK(pthread_cond_broadcast(&told->changed) == 0);
    CHECK(pthread_mutex_unlock(&told->lock) == 0);
    return now;
}

static int destroyed(story *told) { return count(told, &told->destroyed, 0); }

static void until(story *told, const int *which) {
    CHECK(pthread_mutex_lock(&told->lock) == 0);
    while (*which == 0) CHECK(pthread_cond_wait(&told->changed, &told->lock) == 0);
    CHECK(pthread_mutex_unlock(&told->lock) == 0);
}

static ptrdiff_t read_source(void *user_data, uint8_t *buffer, size_t capacity) {
    source *from = (source *)user_data;
    size_t piece = capacity < 1000 ? capacity : 1000;
    CHECK(destroyed(from->told) == 0);
    count(from->told, &from->told->reads, 1);
    if (from->left != ENDLESS && (size_t)from->left < piece) piece = (size_t)from->left;
    memset(buffer, 'x', piece);
    if (from->left != ENDLESS) from->left -= (long)piece;
    return (ptrdiff_t)piece;
}

static bool rewind_source(void *user_data) {
    source *from = (source *)user_data;
    CHECK(destroyed(from->told) == 0);
    count(from->told, &from->told->rewinds, 1);
    from->left = from->size;
    return from->rewinds;
}

static void destroy_source(void *user_data) {
    source *from = (source *)user_data;
    story *told = from->told;
    free(from);
    CHECK(count(told, &told->destroyed, 1) == 1);
}

static ka_body_reader reader_of(story *told, long size) {
    source *from = (source *)malloc(sizeof *from);
    ka_body_reader reader = {sizeof reader, read_source, rewind_source, destroy_source, NULL};
    CHECK(from != NULL);
    begin(told);
    from->told = told;
    from->left = from->size = size;
    from->rewinds = true;
    reader.user_data = from;
    return reader;
}

static ka_request *upload(const char *method, const char *base, const char *path, story *told,
                          long size) {
    ka_request *request = new_request(method, base, path);
    ka_body_reader reader = reader_of(told, size);
    ka_error *error = NULL;
    CHECK_OK(ka_request_set_body_reader(request, &reader, size, &error), error);
    CHECK(destroyed(told) == 0);
    return request;
}

/* Every way in which it cannot be set. */
static void not_set(const char *base) {
    struct {
        ka_body_reader known;
        void *unknown;
    } newer;
    ka_request *request = new_request("POST", base, "/ok");
    ka_error *error = NULL;
    story told;
    ka_body_reader reader = reader_of(&told, 10);
    CHECK_FAILS(ka_request_set_body_reader(NULL, &reader, 10, &error), KA_INVALID_ARGUMENT, "request",
                error);
    CHECK(destroyed(&told) == 1);
    reader = reader_of(&told, 10);
    CHECK_FAILS(ka_request_set_body_reader(request, &reader, -2, &error), KA_INVALID_ARGUMENT,
                "length", error);
    CHECK(destroyed(&told) == 1);
    reader = reader_of(&told, 10);
    reader.read = NULL;
    CHECK_FAILS(ka_request_set_body_reader(request, &reader, 10, &error), KA_INVALID_ARGUMENT, "read",
                error);
    CHECK(destroyed(&told) == 1);
    newer.known = reader_of(&told, 10);
    newer.known.size = sizeof newer;
    newer.unknown = &newer;
    CHECK_FAILS(ka_request_set_body_reader(request, &newer.known, 10, &error), KA_INVALID_ARGUMENT,
                "does not know", error);
    CHECK(destroyed(&told) == 1);
    CHECK_FAILS(ka_request_set_body_reader(request, NULL, 10, &error), KA_INVALID_ARGUMENT, "reader",
                error);
    /* nothing is known of it, so nothing is taken */
    reader = reader_of(&told, 10);
    reader.size = 0;
    CHECK_FAILS(ka_request_set_body_reader(request, &reader, 10, &error), KA_INVALID_ARGUMENT, "size",
                error);
    CHECK(destroyed(&told) == 0);
    destroy_source(reader.user_data);
    ka_request_free(request);
}

static void not_sent(const char *base) {
    ka_client *closed = new_client(NULL);
    ka_queue *queue = NULL;
    ka_response *response = NULL;
    ka_error *error = NULL;
    story told, later;
    ka_body_reader reader;
    ka_request *request = upload("POST", base, "/ok", &told, 10);
    ka_request_free(request);
    CHECK(destroyed(&told) == 1 && told.reads == 0);
    /* replaced by bytes, and by another reader */
    request = upload("POST", base, "/ok", &told, 10);
    CHECK_OK(ka_request_set_body(request, (const uint8_t *)"x", 1, &error), error);
    CHECK(destroyed(&told) == 1);
    reader = reader_of(&told, 10);
    CHECK_OK(ka_request_set_body_reader(request, &reader, 10, &error), error);
    reader = reader_of(&later, 10);
    CHECK_OK(ka_request_set_body_reader(request, &reader, 10, &error), error);
    CHECK(destroyed(&told) == 1 && destroyed(&later) == 0);
    /* refused by a client, in both ways */
    queue = new_queue();
    ka_client_close(closed);
    CHECK_FAILS(ka_client_send(closed, request, &response, &error), KA_INVALID_STATE, "closed", error);
    CHECK_FAILS(ka_client_submit(closed, request, queue, NULL, NULL, &error), KA_INVALID_STATE,
                "closed", error);
    CHECK(destroyed(&later) == 0);
    ka_request_free(request);
    CHECK(destroyed(&later) == 1 && later.reads == 0);
    ka_queue_free(queue);
    ka_client_free(closed);
}

/* A request that was sent keeps its reader: it may be sent again. */
static void sent(ka_client *client, const char *base) {
    ka_response *response = NULL;
    ka_error *error = NULL;
    ka_queue *queue = NULL;
    ka_event event;
    story told;
    ka_request *request = upload("POST", base, "/upload-count", &told, 40000);
    ka_bytes body;
    int round;
    for (round = 0; round < 3; round++) {
        CHECK_OK(ka_client_send(client, request, &response, &error), error);
        CHECK_OK(ka_response_read_all(response, &body, &error), error);
        CHECK(bytes_equal(body, "40000"));
        ka_response_free(response);
        CHECK(told.rewinds == round && destroyed(&told) == 0);
    }
    ka_request_free(request);
    CHECK(destroyed(&told) == 1);
    /* on the engine; given up before its event comes, when nobody else has it */
    queue = new_queue();
    request = upload("POST", base, "/upload-count", &told, 40000);
    CHECK_OK(ka_client_submit(client, request, queue, NULL, NULL, &error), error);
    ka_request_free(request);
    event = next_event(queue);
    CHECK_OK(event.status, event.error);
    CHECK(destroyed(&told) == 1);
    dispose(event);
    ka_queue_free(queue);
}

/* One reader serves one call at a time; its last user gives it up. */
static void shared(ka_client *client, const char *base) {
    ka_error *error = NULL;
    ka_queue *queue = NULL;
    ka_call *call = NULL;
    ka_event event;
    story told;
    ka_request *request = upload("POST", base, "/gate/readers", &told, 10);
    queue = new_queue();
    CHECK_OK(ka_client_submit(client, request, queue, &told, &call, &error), error);
    until(&told, &told.reads);
    CHECK_OK(ka_client_submit(client, request, queue, NULL, NULL, &error), error);
    ka_request_free(request);
    event = next_event(queue);
    CHECK(event.user_data == NULL && event.status == KA_INVALID_STATE);
    CHECK(str_contains(ka_error_message(event.error), "body"));
    dispose(event);
    CHECK(destroyed(&told) == 0);
    ka_call_cancel(call);
    event = next_event(queue);
    CHECK(event.user_data == &told && event.status == KA_CANCELLED);
    CHECK(destroyed(&told) == 1);
    dispose(event);
    ka_call_free(call);
    ka_queue_free(queue);
}

/* Its queue is gone, so no event tells of its end. */
static void nobody_listens(ka_client *client) {
    ka_error *error = NULL;
    ka_queue *queue = NULL;
    ka_call *call = NULL;
    story told;
    char base[64];
    /* it takes connections and reads nothing */
    int server = listen_here(base, sizeof base);
    ka_request *request = upload("POST", base, "/", &told, ENDLESS);
    queue = new_queue();
    CHECK_OK(ka_client_submit(client, request, queue, NULL, &call, &error), error);
    ka_request_free(request);
    until(&told, &told.reads);
    ka_queue_free(queue);
    CHECK(destroyed(&told) == 0);
    ka_call_cancel(call);
    ka_call_free(call);
    until(&told, &told.destroyed);
    CHECK(close(server) == 0);
}

/* A second try, for a connection that died new. */
static void tried_again(const char *ca_file, const char *base, bool can) {
    ka_client_options options;
    ka_client *client = NULL;
    ka_response *response = NULL;
    ka_error *error = NULL;
    ka_request *request;
    ka_body_reader reader;
    story told;
    char path[64];
    init_options(&options);
    options.ca_file = ca_file;
    options.retries = 1;
    client = client_with(&options);
    snprintf(path, sizeof path, "/flaky?key=try-%ld-%d%d", (long)getpid(), base[4] == 's', can);
    request = new_request("PUT", base, path);
    reader = reader_of(&told, 5000);
    if (!can) reader.rewind = NULL;
    CHECK_OK(ka_request_set_body_reader(request, &reader, 5000, &error), error);
    if (can) {
        CHECK_OK(ka_client_send(client, request, &response, &error), error);
        CHECK(ka_response_status(response) == 200 && told.rewinds == 1);
        ka_response_free(response);
    } else {
        CHECK_FAILS(ka_client_send(client, request, &response, &error), KA_CONNECTION_CLOSED, "",
                    error);
    }
    ka_request_free(request);
    ka_client_free(client);
    CHECK(destroyed(&told) == 1);
}

/* Sends a body that has to be sent again, after a redirect or for a replay. */
static void sent_again(ka_client *client, const char *base, bool replay, bool can) {
    ka_response *response = NULL;
    ka_error *error = NULL;
    ka_body_reader reader;
    ka_request *request;
    story told;
    char path[64];
    snprintf(path, sizeof path, "/flaky?key=%ld-%d%d", (long)getpid(), base[4] == 's', can);
    request = new_request("PUT", base, replay ? path : "/redirect/307?to=/upload-count");
    reader = reader_of(&told, 5000);
    if (!can) reader.rewind = NULL;
    CHECK_OK(ka_request_set_body_reader(request, &reader, -1, &error), error);
    CHECK(ka_request_set_follow_redirects(request, true, NULL) == KA_OK);
    /* there is a replay only when a connection that was used before dies */
    get_and_compare(client, base, "/ok", "ok");
    if (can) {
        CHECK_OK(ka_client_send(client, request, &response, &error), error);
        CHECK(ka_response_status(response) == 200 && told.rewinds == 1);
        ka_response_free(response);
    } else {
        CHECK_FAILS(ka_client_send(client, request, &response, &error),
                    replay ? KA_CONNECTION_CLOSED : KA_INVALID_REDIRECT, replay ? "" : "again", error);
        CHECK_FAILS(ka_client_send(client, request, &response, &error), KA_INVALID_STATE,
                    "already sent", error);
    }
    ka_request_free(request);
    CHECK(destroyed(&told) == 1);
}

/* A child has what its parent's handles hold, but not what its parent is sending. */
static void forked(ka_client *client, const char *base) {
    ka_error *error = NULL;
    ka_queue *queue = NULL;
    ka_call *call = NULL;
    ka_event event;
    story idle, busy;
    ka_request *requests[2];
    pid_t child;
    requests[0] = upload("POST", base, "/upload-count", &idle, 10);
    requests[1] = upload("POST", base, "/gate/readers", &busy, 10);
    queue = new_queue();
    CHECK_OK(ka_client_submit(client, requests[1], queue, NULL, &call, &error), error);
    until(&busy, &busy.reads);
    child = fork_patiently();
    CHECK(child >= 0);
    if (child == 0) {
        ka_response *response = NULL;
        CHECK_OK(ka_client_send(client, requests[0], &response, &error), error);
        ka_response_free(response);
        ka_call_cancel(call);
        ka_call_free(call);
        ka_queue_free(queue);
        ka_request_free(requests[1]);
        ka_request_free(requests[0]);
        _exit(idle.destroyed == 1 && busy.destroyed == 0 ? 0 : 1);
    }
    ended_well(child);
    CHECK(destroyed(&idle) == 0 && idle.reads == 0 && destroyed(&busy) == 0);
    ka_request_free(requests[0]);
    CHECK(destroyed(&idle) == 1);
    ka_request_free(requests[1]);
    ka_call_cancel(call);
    event = next_event(queue);
    CHECK(event.status == KA_CANCELLED && destroyed(&busy) == 1);
    dispose(event);
    ka_call_free(call);
    ka_queue_free(queue);
}

/* A reader on the engine's thread that forks: its child is nothing but that thread, in a call of the
 * engine's. */
typedef struct {
    story told;
    pid_t child;
} forker;

static ptrdiff_t read_and_fork(void *user_data, uint8_t *buffer, size_t capacity) {
    forker *mine = (forker *)user_data;
    CHECK(capacity > 0);
    if (mine->child != 0) return 0;
    mine->child = fork_patiently();
    CHECK(mine->child >= 0);
    if (mine->child == 0) _exit(7);
    buffer[0] = 'x';
    count(&mine->told, &mine->told.reads, 1);
    return 1;
}

static void forking(ka_client *client, const char *base) {
    ka_request *request = new_request("POST", base, "/upload-count");
    ka_body_reader reader = {sizeof reader, read_and_fork, NULL, NULL, NULL};
    ka_queue *queue = NULL, *other = NULL;
    ka_error *error = NULL;
    ka_event event;
    ka_bytes body;
    forker mine;
    int status;
    memset(&mine, 0, sizeof mine);
    begin(&mine.told);
    reader.user_data = &mine;
    CHECK_OK(ka_request_set_body_reader(request, &reader, -1, &error), error);
    CHECK_OK(ka_queue_new(&queue, &error), error);
    CHECK_OK(ka_queue_new(&other, &error), error);
    /* with another one under way it is not the submitter's thread that reads */
    {
        ka_request *beside = new_request("GET", base, "/stall");
        ka_call *call = NULL;
        CHECK_OK(ka_client_submit(client, beside, other, NULL, &call, &error), error);
        CHECK_OK(ka_client_submit(client, request, queue, NULL, NULL, &error), error);
        event = next_event(queue);
        CHECK_OK(event.status, event.error);
        CHECK_OK(ka_response_read_all(event.response, &body, &error), error);
        CHECK(bytes_equal(body, "1"));
        dispose(event);
        ka_call_cancel(call);
        ka_call_free(call);
        ka_request_free(beside);
        event = next_event(other);
        CHECK(event.status == KA_CANCELLED);
        dispose(event);
    }
    CHECK(waitpid(mine.child, &status, 0) == mine.child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
    ka_request_free(request);
    ka_queue_free(queue);
    ka_queue_free(other);
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
        not_set(bases[i]);
        not_sent(bases[i]);
        sent(client, bases[i]);
        shared(client, bases[i]);
        nobody_listens(client);
        sent_again(client, bases[i], false, true);
        sent_again(client, bases[i], false, false);
        sent_again(client, bases[i], true, true);
        sent_again(client, bases[i], true, false);
        tried_again(at.ca_file, bases[i], true);
        tried_again(at.ca_file, bases[i], false);
        forked(client, bases[i]);
        forking(client, bases[i]);
        ka_client_free(client);
    }
    return 0;
}
