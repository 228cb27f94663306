/* Talks to a real server with the routes of tests/servers/: servers BASE CA_FILE converse|load */
#define _POSIX_C_SOURCE 200809L
#include "check.h"

#include <pthread.h>
#include <unistd.h>

#define LARGE 3000000u

static const char *base;

static ka_response *send_it(ka_client *client, ka_request *request, bool submit) {
    ka_response *response = NULL;
    ka_error *error = NULL;
    if (submit) {
        ka_queue *queue = NULL;
        ka_event event;
        queue = new_queue();
        CHECK_OK(ka_client_submit(client, request, queue, NULL, NULL, &error), error);
        event = next_event(queue);
        CHECK_OK(event.status, event.error);
        ka_queue_free(queue);
        response = event.response;
    } else {
        CHECK_OK(ka_client_send(client, request, &response, &error), error);
    }
    return response;
}

static ka_response *ask(ka_client *client, const char *method, const char *path, bool submit) {
    ka_request *request = new_request(method, base, path);
    ka_response *response = send_it(client, request, submit);
    ka_request_free(request);
    return response;
}

static void is_pattern(ka_response *response, size_t length) {
    ka_bytes body;
    ka_error *error = NULL;
    size_t at;
    CHECK(ka_response_status(response) == 200);
    CHECK_OK(ka_response_read_all(response, &body, &error), error);
    CHECK(body.len == length);
    for (at = 0; at < length; at++) CHECK(body.ptr[at] == at % 251);
    ka_response_free(response);
}

static void converse(const char *ca_file, bool submit) {
    ka_client *client = new_client(ca_file);
    ka_request *request;
    ka_response *response;
    ka_error *error = NULL;
    ka_bytes body;
    ka_str value;
    char tag[64], path[64];
    uint8_t *upload = (uint8_t *)malloc(LARGE);
    size_t at;
    CHECK(upload != NULL);
    for (at = 0; at < LARGE; at++) upload[at] = (uint8_t)(at % 251);

    CHECK(!get_and_compare(client, base, "/small", "small\n"));
    is_pattern(ask(client, "GET", "/large", submit), LARGE);
    is_pattern(ask(client, "GET", "/chunked", submit), LARGE);
    snprintf(path, sizeof path, "/store/c%d", submit);
    request = new_request("PUT", base, path);
    CHECK_OK(ka_request_set_body(request, upload, LARGE, &error), error);
    response = send_it(client, request, submit);
    CHECK(ka_response_status(response) == 201 || ka_response_status(response) == 204);
    ka_response_free(response);
    ka_request_free(request);
    is_pattern(ask(client, "GET", path, submit), LARGE);
    free(upload);

    request = new_request("GET", base, "/text");
    CHECK(ka_request_set_decode(request, true, NULL) == KA_OK);
    response = send_it(client, request, submit);
    CHECK(ka_response_header(response, "content-encoding", &value) && str_equals(value, "gzip"));
    CHECK_OK(ka_response_read_all(response, &body, &error), error);
    CHECK(body.len == 40000);
    ka_response_free(response);
    ka_request_free(request);

    response = ask(client, "HEAD", "/large", submit);
    CHECK(ka_response_header(response, "content-length", &value) && str_equals(value, "3000000"));
    CHECK_OK(ka_response_read_all(response, &body, &error), error);
    CHECK(body.len == 0);
    ka_response_free(response);

    response = ask(client, "GET", "/small", submit);
    CHECK(ka_response_header(response, "etag", &value) && value.len < sizeof tag);
    memcpy(tag, value.ptr, value.len);
    tag[value.len] = 0;
    /* what is not read here is read by the engine, and another connection taken meanwhile */
    CHECK_OK(ka_response_read_all(response, &body, &error), error);
    ka_response_free(response);
    request = new_request("GET", base, "/small");
    CHECK_OK(ka_request_add_header(request, "If-None-Match", tag, &error), error);
    response = send_it(client, request, submit);
    CHECK(ka_response_status(response) == 304 && ka_response_reused(response));
    ka_response_free(response);
    ka_request_free(request);
    CHECK(stats_of(client).opened == 1 && stats_of(client).idle == 1);
    ka_client_free(client);
}

static ka_client *loaded;
static volatile bool over;

static void *load(void *submit) {
    unsigned long count = 0;
    while (!over) {
        ka_response *response = ask(loaded, "GET", "/small", submit != NULL);
        ka_bytes body;
        ka_error *error = NULL;
        CHECK(ka_response_status(response) == 200);
        CHECK_OK(ka_response_read_all(response, &body, &error), error);
        CHECK(bytes_equal(body, "small\n"));
        ka_response_free(response);
        count++;
    }
    CHECK(count > 0);
    return NULL;
}

int main(int argc, char **argv) {
    pthread_t threads[4];
    char byte;
    int i;
    CHECK(argc == 4);
    base = argv[1];
    if (strcmp(argv[3], "converse") == 0) {
        converse(argv[2], false);
        converse(argv[2], true);
        return 0;
    }
    loaded = new_client(argv[2]);
    for (i = 0; i < 4; i++)
        CHECK(pthread_create(&threads[i], NULL, load, i % 2 == 0 ? NULL : &byte) == 0);
    while (read(0, &byte, 1) > 0) continue;
    over = true;
    for (i = 0; i < 4; i++) CHECK(pthread_join(threads[i], NULL) == 0);
    ka_client_free(loaded);
    return 0;
}
