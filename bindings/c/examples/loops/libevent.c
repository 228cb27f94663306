/* libevent URL N: N requests in a program whose loop is libevent's.
 * cc libevent.c $(pkg-config --cflags --libs libkeepalive libevent) */
#include <event2/event.h>
#include <keepalive.h>
#include <stdio.h>
#include <stdlib.h>

enum { BATCH = 32 };

typedef struct {
    ka_queue *queue;
    struct event *readable;
    long open, good;
} work;

static void on_readable(evutil_socket_t fd, short what, void *argument) {
    work *my = (work *)argument;
    ka_event ended[BATCH];
    size_t count, i;
    (void)fd;
    (void)what;
    /* One batch a turn leaves the loop's other events theirs; the descriptor stays readable. */
    count = ka_queue_wait(my->queue, ended, BATCH, 0);
    for (i = 0; i < count; i++) {
        my->good += ended[i].status == KA_OK && ka_response_status(ended[i].response) == 200;
        my->open--;
        ka_response_free(ended[i].response);
        ka_error_free(ended[i].error);
    }
    if (my->open == 0) event_del(my->readable); /* nothing is left to wait for: the loop ends */
}

int main(int argc, char **argv) {
    work my = {NULL, NULL, 0, 0};
    ka_request *request = NULL;
    struct event_base *base = event_base_new();
    long wanted;

    if (argc != 3 || (wanted = atol(argv[2])) < 1) {
        fprintf(stderr, "usage: %s URL N\n", argv[0]);
        return 2;
    }
    if (base == NULL || ka_request_new("GET", argv[1], &request, NULL) != KA_OK ||
        ka_queue_new(&my.queue, NULL) != KA_OK)
        return 1;
    my.readable = event_new(base, ka_queue_fd(my.queue), EV_READ | EV_PERSIST, on_readable, &my);
    if (my.readable == NULL || event_add(my.readable, NULL) != 0) return 1;
    while (my.open < wanted &&
           ka_client_submit(ka_client_shared(), request, my.queue, NULL, NULL, NULL) == KA_OK)
        my.open++;
    event_base_dispatch(base);
    printf("%ld of %ld good\n", my.good, wanted);
    event_free(my.readable);
    event_base_free(base);
    ka_queue_free(my.queue); /* after the loop let go of its descriptor */
    ka_request_free(request);
    return my.good == wanted ? 0 : 1;
}
