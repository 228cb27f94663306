/* Uploads: readers that say "later", calls that are ended from a callback and from another thread,
 * trailers, files and forms. */
#define _POSIX_C_SOURCE 200809L
#include "posix.h"

#include <pthread.h>
#include <sched.h>

enum { PATIENCE = 300 };

/* A reader that has nothing at first; its call is there before it is asked. */
typedef struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    ka_call *call;
    int laters, destroyed;
    size_t left;
    bool cancels, resumes_at_once;
} lazy;

static void begin(lazy *from, size_t size) {
    memset(from, 0, sizeof *from);
    CHECK(pthread_mutex_init(&from->lock, NULL) == 0 && pthread_cond_init(&from->changed, NULL) == 0);
    from->left = size;
}

static ka_call *seen(ka_call **call) { return __atomic_load_n(call, __ATOMIC_ACQUIRE); }

/* Other threads look at these while the reader runs. */
static size_t left_of(lazy *from) { return __atomic_load_n(&from->left, __ATOMIC_ACQUIRE); }
static int laters_of(lazy *from) { return __atomic_load_n(&from->laters, __ATOMIC_ACQUIRE); }

static ptrdiff_t read_lazily(void *user_data, uint8_t *buffer, size_t capacity) {
    lazy *from = (lazy *)user_data;
    size_t left = left_of(from);
    size_t count = left < capacity ? left : capacity;
    if (count > 100) count = 100;
    if (left > 0 && __atomic_fetch_add(&from->laters, 1, __ATOMIC_ACQ_REL) % 2 == 0) {
        if (from->cancels) ka_call_cancel(seen(&from->call));
        if (from->resumes_at_once) ka_call_resume_upload(seen(&from->call));
        CHECK(pthread_mutex_lock(&from->lock) == 0);
        CHECK(pthread_cond_broadcast(&from->changed) == 0);
        CHECK(pthread_mutex_unlock(&from->lock) == 0);
        return KA_READ_LATER;
    }
    memset(buffer, 'x', count);
    __atomic_fetch_sub(&from->left, count, __ATOMIC_ACQ_REL);
    return (ptrdiff_t)count;
}

static void destroy_lazy(void *user_data) { ((lazy *)user_data)->destroyed++; }

static ka_request *upload(const char *base, lazy *from, int64_t length) {
    ka_request *request = new_request("POST", base, "/upload-count");
    ka_error *error = NULL;
    ka_body_reader reader = {sizeof reader, read_lazily, NULL, destroy_lazy, NULL};
    reader.user_data = from;
    CHECK_OK(ka_request_set_body_reader(request, &reader, length, &error), error);
    return request;
}

/* Resumes what says "later", each time it does, until it has given everything. */
static void *resume(void *argument) {
    lazy *from = (lazy *)argument;
    while (left_of(from) > 0) {
        ka_call_resume_upload(seen(&from->call));
        sched_yield();
    }
    ka_call_resume_upload(seen(&from->call));
    return NULL;
}

static void *cancel(void *argument) {
    lazy *from = (lazy *)argument;
    CHECK(pthread_mutex_lock(&from->lock) == 0);
    while (laters_of(from) == 0) CHECK(pthread_cond_wait(&from->changed, &from->lock) == 0);
    CHECK(pthread_mutex_unlock(&from->lock) == 0);
    ka_call_cancel(seen(&from->call));
    return NULL;
}

static void blocking_later(ka_client *client, const char *base) {
    lazy from;
    ka_request *request;
    ka_response *response = NULL;
    ka_error *error = NULL;
    ka_bytes body;
    pthread_t other;
    int at_once;
    for (at_once = 0; at_once < 2; at_once++) {
        begin(&from, 250);
        from.resumes_at_once = at_once != 0;
        request = upload(base, &from, at_once ? 250 : -1);
        if (!at_once) CHECK(pthread_create(&other, NULL, resume, &from) == 0);
        CHECK_OK(ka_client_send_cancellable(client, request, &from.call, &response, &error), error);
        if (!at_once) CHECK(pthread_join(other, NULL) == 0);
        CHECK_OK(ka_response_read_all(response, &body, &error), error);
        CHECK(bytes_equal(body, "250"));
        ka_response_free(response);
        ka_request_free(request);
        ka_call_free(from.call);
        CHECK(from.destroyed == 1);
    }
    /* nobody could resume it */
    begin(&from, 10);
    request = upload(base, &from, -1);
    CHECK_FAILS(ka_client_send(client, request, &response, &error), KA_BODY_SOURCE_FAILED, "LATER",
                error);
    ka_request_free(request);
    CHECK(from.destroyed == 1);
    /* its own limit holds */
    begin(&from, 10);
    request = upload(base, &from, -1);
    CHECK(ka_request_set_timeout(request, KA_TIMEOUT_TOTAL, 50, NULL) == KA_OK);
    CHECK_FAILS(ka_client_send_cancellable(client, request, &from.call, &response, &error),
                KA_TOTAL_TIMEOUT, "", error);
    CHECK(from.call != NULL && response == NULL);
    ka_call_free(from.call);
    ka_request_free(request);
    CHECK(from.destroyed == 1);
}

static void ended(ka_client *client, const char *base) {
    lazy from;
    ka_request *request;
    ka_response *response = NULL;
    ka_error *error = NULL;
    pthread_t other;
    uint8_t byte;
    size_t count;
    int from_callback;
    for (from_callback = 0; from_callback < 2; from_callback++) {
        begin(&from, 250);
        from.cancels = from_callback != 0;
        request = upload(base, &from, 250);
        if (!from_callback) CHECK(pthread_create(&other, NULL, cancel, &from) == 0);
        CHECK_FAILS(ka_client_send_cancellable(client, request, &from.call, &response, &error),
                    KA_CANCELLED, "cancelled", error);
        if (!from_callback) CHECK(pthread_join(other, NULL) == 0);
        ka_call_cancel(from.call);
        ka_call_free(from.call);
        ka_request_free(request);
        CHECK(from.destroyed == 1 && response == NULL);
    }
    /* in the body of its response, too */
    begin(&from, 0);
    request = new_request("GET", base, "/stall-body?n=10&sent=1");
    CHECK_OK(ka_client_send_cancellable(client, request, &from.call, &response, &error), error);
    CHECK_OK(ka_response_read(response, &byte, 1, &count, &error), error);
    from.laters = 1;
    CHECK(pthread_create(&other, NULL, cancel, &from) == 0);
    CHECK_FAILS(ka_response_read(response, &byte, 1, &count, &error), KA_CANCELLED, "cancelled", error);
    CHECK(pthread_join(other, NULL) == 0);
    ka_call_free(from.call);
    ka_response_free(response);
    CHECK_FAILS(ka_client_send_cancellable(client, request, NULL, &response, &error),
                KA_INVALID_ARGUMENT, "call", error);
    ka_request_free(request);
    ka_call_resume_upload(NULL);
    get_and_compare(client, base, "/ok", "ok");
}

static void submitted_later(ka_client *client, const char *base) {
    lazy from;
    ka_queue *queue = new_queue();
    ka_error *error = NULL;
    ka_request *request;
    ka_event event;
    ka_bytes body;
    pthread_t other;
    ka_call *call = NULL;
    begin(&from, 250);
    request = upload(base, &from, 250);
    CHECK_OK(ka_client_submit(client, request, queue, NULL, &call, &error), error);
    __atomic_store_n(&from.call, call, __ATOMIC_RELEASE);
    ka_request_free(request);
    CHECK(pthread_create(&other, NULL, resume, &from) == 0);
    event = next_event(queue);
    CHECK_OK(event.status, event.error);
    CHECK_OK(ka_response_read_all(event.response, &body, &error), error);
    CHECK(bytes_equal(body, "250"));
    dispose(event);
    CHECK(pthread_join(other, NULL) == 0);
    ka_call_free(call);
    CHECK(from.destroyed == 1);
    /* ended while it waits; and given up by who could resume it */
    begin(&from, 10);
    request = upload(base, &from, 10);
    CHECK_OK(ka_client_submit(client, request, queue, NULL, &call, &error), error);
    ka_request_free(request);
    ka_call_cancel(call);
    event = next_event(queue);
    CHECK(event.status == KA_CANCELLED && from.destroyed == 1);
    dispose(event);
    ka_call_free(call);
    begin(&from, 10);
    request = upload(base, &from, 10);
    CHECK_OK(ka_client_submit(client, request, queue, NULL, &call, &error), error);
    ka_request_free(request);
    ka_call_free(call);
    event = next_event(queue);
    CHECK(event.status == KA_BODY_SOURCE_FAILED && from.destroyed == 1);
    dispose(event);
    ka_queue_free(queue);
}

static const char *tell(void *user_data) {
    (*(int *)user_data)++;
    return "told";
}

static const char *tell_nothing(void *user_data) {
    (void)user_data;
    return NULL;
}

static bool answered(ka_client *client, ka_request *request, const char *part) {
    ka_response *response = NULL;
    ka_error *error = NULL;
    ka_bytes body;
    ka_str text;
    bool found;
    CHECK_OK(ka_client_send(client, request, &response, &error), error);
    CHECK_OK(ka_response_read_all(response, &body, &error), error);
    text.ptr = (const char *)body.ptr;
    text.len = body.len;
    found = str_contains(text, part);
    ka_response_free(response);
    return found;
}

static void trailers(ka_client *client, const char *base) {
    ka_request *request = new_request("POST", base, "/echo");
    ka_response *response = NULL;
    ka_error *error = NULL;
    int told = 0;
    CHECK_OK(ka_request_set_body(request, (const uint8_t *)"body", 4, &error), error);
    CHECK_OK(ka_request_add_trailer(request, "X-One", "1", &error), error);
    CHECK_OK(ka_request_add_trailer_str(request, KA_STR("X-Two"), KA_STR("2"), &error), error);
    CHECK_OK(ka_request_add_told_trailer(request, "X-Told", tell, &told, &error), error);
    CHECK_FAILS(ka_request_add_trailer(request, "Content-Length", "1", &error), KA_INVALID_HEADER,
                "6.5.1", error);
    CHECK_FAILS(ka_request_add_told_trailer(request, "X", NULL, NULL, &error), KA_INVALID_ARGUMENT,
                "told", error);
    CHECK(answered(client, request, "X-One, X-Two, X-Told") && told == 1);
    CHECK(answered(client, request, "\"told\"") && told == 2);
    CHECK_OK(ka_request_add_told_trailer(request, "X-No", tell_nothing, NULL, &error), error);
    CHECK_FAILS(ka_client_send(client, request, &response, &error), KA_BODY_SOURCE_FAILED, "NULL",
                error);
    ka_request_free(request);
    request = new_request("GET", base, "/ok");
    CHECK_OK(ka_request_add_trailer(request, "X-One", "1", &error), error);
    CHECK_FAILS(ka_client_send(client, request, &response, &error), KA_INVALID_HEADER, "no body", error);
    ka_request_free(request);
}

static ptrdiff_t read_once(void *user_data, uint8_t *buffer, size_t capacity) {
    int *left = (int *)user_data;
    CHECK(capacity > 6);
    if (*left == 0) return 0;
    *left = 0;
    memcpy(buffer, "reader", 6);
    return 6;
}

static bool rewind_once(void *user_data) {
    *(int *)user_data = 1;
    return true;
}

static int given_up;
static void give_up(void *user_data) {
    (void)user_data;
    given_up++;
}

static void forms(ka_client *client, const char *base) {
    char path[] = "/tmp/keepalive-c-XXXXXX";
    int file = mkstemp(path), left = 1;
    ka_body_reader reader = {sizeof reader, read_once, rewind_once, give_up, NULL};
    ka_multipart *form = NULL;
    ka_request *request;
    ka_response *response = NULL;
    ka_error *error = NULL;
    CHECK(file >= 0 && write(file, "of the file", 11) == 11);
    given_up = 0;
    reader.user_data = &left;
    CHECK_OK(ka_multipart_new(&form, &error), error);
    CHECK_OK(ka_multipart_add_field(form, "a\"b", "value", &error), error);
    CHECK_OK(ka_multipart_add_file(form, "f", path, NULL, NULL, &error), error);
    CHECK_OK(ka_multipart_add_file(form, "g", path, "g.txt", "text/plain", &error), error);
    CHECK_OK(ka_multipart_add_bytes(form, "b", NULL, NULL, (const uint8_t *)"bytes", 5, &error), error);
    CHECK_OK(ka_multipart_add_reader(form, "r", "r.bin", "x/y", &reader, 6, &error), error);
    CHECK_FAILS(ka_multipart_add_file(form, "f", "/nowhere", NULL, NULL, &error), KA_INVALID_ARGUMENT,
                "/nowhere", error);
    CHECK_FAILS(ka_multipart_add_bytes(form, "b", NULL, "a\r\nb", NULL, 0, &error),
                KA_INVALID_ARGUMENT, "line break", error);
    request = new_request("POST", base, "/redirect/307?to=/echo-body");
    CHECK(ka_request_set_follow_redirects(request, true, NULL) == KA_OK);
    CHECK_OK(ka_request_set_multipart(request, form, &error), error);
    CHECK(answered(client, request, "name=\"a%22b\"\r\n\r\nvalue\r\n"));
    CHECK(answered(client, request, "name=\"g\"; filename=\"g.txt\"\r\nContent-Type: text/plain\r\n\r\n"
                                    "of the file\r\n"));
    CHECK(answered(client, request, "filename=\"r.bin\"\r\nContent-Type: x/y\r\n\r\nreader\r\n"));
    CHECK(answered(client, request, "application/octet-stream\r\n\r\nof the file\r\n"));
    /* it changes */
    CHECK(ftruncate(file, 5) == 0);
    CHECK_FAILS(ka_client_send(client, request, &response, &error), KA_BODY_LENGTH_MISMATCH, "now",
                error);
    CHECK(unlink(path) == 0);
    CHECK_FAILS(ka_client_send(client, request, &response, &error), KA_BODY_SOURCE_FAILED, path, error);
    CHECK(given_up == 0);
    /* a second form would need another Content-Type; it is taken all the same */
    CHECK_OK(ka_multipart_new(&form, &error), error);
    CHECK_OK(ka_multipart_add_reader(form, "r", NULL, NULL, &reader, -1, &error), error);
    CHECK_FAILS(ka_request_set_multipart(request, form, &error), KA_INVALID_HEADER, "Content-Type",
                error);
    CHECK(given_up == 1);
    ka_request_free(request);
    CHECK(given_up == 2);
    CHECK_OK(ka_multipart_new(&form, &error), error);
    CHECK_OK(ka_multipart_add_reader(form, "r", NULL, NULL, &reader, -1, &error), error);
    CHECK_FAILS(ka_multipart_add_reader(form, "r", NULL, NULL, &reader, -2, &error),
                KA_INVALID_ARGUMENT, "length", error);
    CHECK(given_up == 3);
    ka_multipart_free(form);
    ka_multipart_free(NULL);
    CHECK(given_up == 4);
    CHECK(close(file) == 0);
    /* a file by itself */
    request = new_request("PUT", base, "/echo-body");
    CHECK_FAILS(ka_request_set_body_file(request, "/tmp", &error), KA_INVALID_ARGUMENT, "/tmp", error);
    CHECK_OK(ka_request_set_body_file(request, "/proc/version", &error), error);
    CHECK(answered(client, request, "Linux"));
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
        blocking_later(client, bases[i]);
        ended(client, bases[i]);
        submitted_later(client, bases[i]);
        trailers(client, bases[i]);
        forms(client, bases[i]);
        ka_client_free(client);
    }
    return 0;
}
