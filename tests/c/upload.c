/* Request bodies from a reader: known and unknown length, failing, submitted to the engine. */
#include "check.h"

typedef struct {
    size_t left;
    size_t piece;
    bool fail;
    size_t calls;
} producer;

static ptrdiff_t produce(void *user_data, uint8_t *buffer, size_t capacity) {
    producer *from = (producer *)user_data;
    size_t count = from->piece < capacity ? from->piece : capacity;
    from->calls++;
    if (from->left == 0) return from->fail ? -7 : 0;
    if (count > from->left) count = from->left;
    memset(buffer, 'x', count);
    from->left -= count;
    return (ptrdiff_t)count;
}

static ptrdiff_t lie(void *user_data, uint8_t *buffer, size_t capacity) {
    (void)user_data;
    (void)buffer;
    return (ptrdiff_t)capacity + 1;
}

static ka_request *upload(const char *base, producer *from, int64_t length) {
    ka_request *request = new_request("POST", base, "/upload-count");
    ka_error *error = NULL;
    ka_body_reader reader = {sizeof reader, produce, NULL, NULL, NULL};
    reader.user_data = from;
    CHECK_OK(ka_request_set_body_reader(request, &reader, length, &error), error);
    return request;
}

static void uploads(ka_client *client, const char *base, int64_t length) {
    producer from = {200000, 7001, false, 0};
    ka_request *request = upload(base, &from, length);
    ka_response *response = NULL;
    ka_error *error = NULL;
    ka_bytes body;
    CHECK_OK(ka_client_send(client, request, &response, &error), error);
    CHECK_OK(ka_response_read_all(response, &body, &error), error);
    CHECK(bytes_equal(body, "200000"));
    CHECK(from.left == 0);
    ka_response_free(response);
    /* a reader that cannot start again: the second use is an error, not an empty body */
    CHECK_FAILS(ka_client_send(client, request, &response, &error), KA_INVALID_STATE, "body", error);
    CHECK(response == NULL);
    ka_request_free(request);
}

static void submitted(ka_client *client, const char *base) {
    producer from = {50000, 16384, false, 0};
    ka_request *request = upload(base, &from, -1);
    ka_queue *queue = NULL;
    ka_error *error = NULL;
    ka_event event;
    ka_bytes body;
    queue = new_queue();
    CHECK_OK(ka_client_submit(client, request, queue, &from, NULL, &error), error);
    ka_request_free(request);
    event = next_event(queue);
    CHECK(event.user_data == &from);
    CHECK_OK(event.status, event.error);
    CHECK_OK(ka_response_read_all(event.response, &body, &error), error);
    CHECK(bytes_equal(body, "50000"));
    ka_response_free(event.response);
    ka_queue_free(queue);
}

static void failures(ka_client *client, const char *base) {
    producer broken = {10, 10, true, 0}, shorter = {10, 10, false, 0}, longer = {30, 30, false, 0};
    const ka_body_reader liar = {sizeof liar, lie, NULL, NULL, NULL};
    ka_response *response = NULL;
    ka_error *error = NULL;
    ka_request *request = upload(base, &broken, -1);
    CHECK_FAILS(ka_client_send(client, request, &response, &error), KA_BODY_SOURCE_FAILED, "-7",
                error);
    ka_request_free(request);
    request = upload(base, &shorter, 20);
    CHECK_FAILS(ka_client_send(client, request, &response, &error), KA_BODY_LENGTH_MISMATCH, "20",
                error);
    ka_request_free(request);
    request = upload(base, &longer, 20);
    CHECK_FAILS(ka_client_send(client, request, &response, &error), KA_BODY_LENGTH_MISMATCH, "20",
                error);
    ka_request_free(request);
    request = new_request("POST", base, "/upload-count");
    CHECK_OK(ka_request_set_body_reader(request, &liar, -1, &error), error);
    CHECK_FAILS(ka_client_send(client, request, &response, &error), KA_BODY_SOURCE_FAILED, "room",
                error);
    ka_request_free(request);
    CHECK(response == NULL);
    get_and_compare(client, base, "/ok", "ok");
}

int main(int argc, char **argv) {
    addresses at = check_addresses(argc, argv);
    const char *bases[2];
    int i;
    bases[0] = at.http;
    bases[1] = at.https;
    for (i = 0; i < 2; i++) {
        ka_client *client = new_client(at.ca_file);
        uploads(client, bases[i], 200000);
        uploads(client, bases[i], -1);
        submitted(client, bases[i]);
        failures(client, bases[i]);
        ka_client_free(client);
    }
    return 0;
}
