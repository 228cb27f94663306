/* The least stack: everything a thread may do with the library, on threads that have as little as the header
 * promises to do with. Below it is memory that nobody may touch: a call that needs more ends in a crash. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* MAP_ANONYMOUS */
#endif
#include "check.h"

#include <limits.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

static addresses at;
static const size_t STACK = KA_MIN_STACK_SIZE;

static ptrdiff_t produce(void *user_data, uint8_t *buffer, size_t capacity) {
    size_t *left = (size_t *)user_data, count = *left < capacity ? *left : capacity;
    memset(buffer, 'x', count);
    *left -= count;
    return (ptrdiff_t)count;
}

static void everything(const char *base) {
    ka_client_options options;
    ka_client *client = NULL;
    ka_request *request;
    ka_response *response = NULL;
    ka_error *error = NULL;
    ka_queue *queue = NULL;
    ka_event event;
    ka_bytes body;
    size_t left = 100000, opened = 0, count = 1;
    uint8_t piece[512];
    const char *coded[] = {"/gzip", "/deflate", "/br", "/zstd"};
    size_t i;
    ka_body_reader reader = {sizeof reader, produce, NULL, NULL, NULL};
    reader.user_data = &left;
    CHECK_OK(ka_client_options_init_profile(&options, sizeof options, "service", &error), error);
    options.ca_file = at.ca_file;
    /* valgrind beside other work */
    options.total_timeout_ms = options.connect_timeout_ms = 60000;
    options.header_timeout_ms = options.queue_timeout_ms = 60000;
    client = client_with(&options);
    CHECK_OK(ka_client_warm(client, base, 2, &opened, &error), error);
    request = new_request("GET", base, "/redirect/302?n=3&to=/gzip");
    CHECK(ka_request_set_decode(request, true, NULL) == KA_OK);
    CHECK(ka_request_set_follow_redirects(request, true, NULL) == KA_OK);
    CHECK_OK(ka_client_send(client, request, &response, &error), error);
    CHECK_OK(ka_response_read_all(response, &body, &error), error);
    ka_response_free(response);
    ka_request_free(request);
    for (i = 0; i < sizeof coded / sizeof coded[0]; i++) {
        request = new_request("GET", base, coded[i]);
        CHECK(ka_request_set_decode(request, true, NULL) == KA_OK);
        CHECK_OK(ka_client_send(client, request, &response, &error), error);
        CHECK_OK(ka_response_read_all(response, &body, &error), error);
        CHECK(body.len > 1000);
        ka_response_free(response);
        ka_request_free(request);
    }
    /* the system's trust store is read on this thread, and a certificate refused */
    if (strncmp(base, "https", 5) == 0) {
        request = new_request("GET", base, "/ok");
        CHECK(ka_client_send(ka_client_shared(), request, &response, NULL) != KA_OK);
        ka_request_free(request);
    }
    request = new_request("POST", base, "/upload-count");
    CHECK_OK(ka_request_set_body_reader(request, &reader, -1, &error), error);
    CHECK_OK(ka_client_send(client, request, &response, &error), error);
    while (count > 0) CHECK_OK(ka_response_read(response, piece, sizeof piece, &count, &error), error);
    ka_response_free(response);
    ka_request_free(request);
    request = new_request("GET", base, "/bytes/300000");
    queue = new_queue();
    CHECK_OK(ka_client_submit(client, request, queue, NULL, NULL, &error), error);
    event = next_event(queue);
    CHECK_OK(event.status, event.error);
    ka_response_free(event.response);
    ka_queue_free(queue);
    ka_request_free(request);
    ka_client_close(client);
    ka_client_free(client);
}

static void *work(void *argument) {
    everything((const char *)argument);
    return NULL;
}

static void on_little(const char *base) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uint8_t *memory = (uint8_t *)mmap(NULL, STACK + page, PROT_READ | PROT_WRITE,
                                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    pthread_attr_t attributes;
    pthread_t thread;
    CHECK(memory != (uint8_t *)MAP_FAILED && mprotect(memory, page, PROT_NONE) == 0);
    CHECK(pthread_attr_init(&attributes) == 0);
    CHECK(pthread_attr_setstack(&attributes, memory + page, STACK) == 0);
    CHECK(pthread_create(&thread, &attributes, work, (void *)base) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK(munmap(memory, STACK + page) == 0);
}

int main(int argc, char **argv) {
    at = check_addresses(argc, argv);
    on_little(at.http);
    on_little(at.https);
    return 0;
}
