/* epoll URL: 1,000 requests at once behind one epoll, on one thread. The client's limits say how many are on
 * the network at a time; the others wait for a connection inside. */
#include <keepalive.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { REQUESTS = 1000, BATCH = 64 };

static int failed(const char *what, ka_error *error) {
    ka_str message = ka_error_message(error);
    fprintf(stderr, "%s: %.*s\n", what, (int)message.len, message.ptr);
    ka_error_free(error);
    return 1;
}

int main(int argc, char **argv) {
    ka_client_options options;
    ka_client *client = NULL;
    ka_request *request = NULL;
    ka_queue *queue = NULL;
    ka_error *error = NULL;
    ka_event events[BATCH];
    ka_stats stats;
    struct epoll_event wanted, ready;
    int epoll = epoll_create1(EPOLL_CLOEXEC), open = 0, good = 0, i;

    if (argc != 2) {
        fprintf(stderr, "usage: %s URL\n", argv[0]);
        return 2;
    }
    ka_client_options_init(&options, sizeof options);
    options.max_per_host = 32;
    if (ka_client_new(&options, &client, &error) != KA_OK ||
        ka_request_new("GET", argv[1], &request, &error) != KA_OK ||
        ka_queue_new(&queue, &error) != KA_OK)
        return failed("start", error);
    for (i = 0; i < REQUESTS; i++, open++)
        if (ka_client_submit(client, request, queue, NULL, NULL, &error) != KA_OK)
            return failed("submit", error);

    wanted.events = EPOLLIN;
    wanted.data.fd = ka_queue_fd(queue);
    if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, wanted.data.fd, &wanted) != 0) return 1;
    while (open > 0) {
        size_t count = 0, at;
        /* The program's other descriptors would be told apart by ready.data. */
        if (epoll_wait(epoll, &ready, 1, -1) < 1) continue;
        if (ka_queue_take(queue, events, BATCH, 0, &count, &error) != KA_OK)
            return failed("take", error);
        for (at = 0; at < count; at++) {
            good += events[at].status == KA_OK && ka_response_status(events[at].response) == 200;
            ka_response_free(events[at].response);
            ka_error_free(events[at].error);
            open--;
        }
    }
    if (ka_client_stats(client, &stats, sizeof stats, &error) != KA_OK)
        return failed("stats", error);
    printf("%d of %d good, on %lu connections\n", good, REQUESTS, (unsigned long)stats.opened);
    ka_request_free(request);
    ka_queue_free(queue);
    ka_client_free(client);
    close(epoll);
    return good == REQUESTS ? 0 : 1;
}
