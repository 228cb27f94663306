/* async_queue URL N: N requests, 64 in flight, on one thread that waits for their queue with poll,
 * as any event loop would. */
#include <keepalive.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

enum { IN_FLIGHT = 64, BATCH = 32 };

int main(int argc, char **argv) {
    ka_client *client = ka_client_shared();
    ka_request *request = NULL;
    ka_queue *queue = NULL;
    ka_error *error = NULL;
    ka_event events[BATCH];
    struct pollfd entry;
    long wanted, submitted = 0, ended = 0, failed = 0;
    unsigned long bytes = 0;

    if (argc != 3 || (wanted = atol(argv[2])) < 1) {
        fprintf(stderr, "usage: %s URL N\n", argv[0]);
        return 2;
    }
    if (ka_queue_new(&queue, &error) != KA_OK ||
        ka_request_new("GET", argv[1], &request, &error) != KA_OK) {
        ka_str message = ka_error_message(error);
        fprintf(stderr, "%.*s\n", (int)message.len, message.ptr);
        return 1;
    }
    entry.fd = ka_queue_fd(queue);
    entry.events = POLLIN;
    while (ended < wanted) {
        size_t count, i;
        while (submitted < wanted && submitted - ended < IN_FLIGHT) {
            if (ka_client_submit(client, request, queue, NULL, NULL, NULL) != KA_OK) return 1;
            submitted++;
        }
        if (poll(&entry, 1, -1) < 0) continue; /* a signal; the loop's other descriptors go here */
        if (ka_queue_take(queue, events, BATCH, 0, &count, NULL) != KA_OK) return 1;
        for (i = 0; i < count; i++) {
            ka_bytes body;
            /* The whole body is here: this does not wait. */
            if (events[i].status == KA_OK &&
                ka_response_read_all(events[i].response, &body, NULL) == KA_OK)
                bytes += (unsigned long)body.len;
            else
                failed++;
            ka_response_free(events[i].response);
            ka_error_free(events[i].error);
            ended++;
        }
    }
    printf("%ld responses, %lu bytes, %ld failed\n", ended - failed, bytes, failed);
    ka_request_free(request);
    ka_queue_free(queue);
    return failed == 0 ? 0 : 1;
}
