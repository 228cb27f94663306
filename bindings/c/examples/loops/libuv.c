/* libuv URL N: N requests in a program whose loop is libuv's.
 * cc libuv.c $(pkg-config --cflags --libs libkeepalive libuv) */
#include <keepalive.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

enum { BATCH = 32 };

typedef struct {
    ka_queue *queue;
    long open, good;
} work;

static void on_readable(uv_poll_t *poll, int status, int events) {
    work *my = (work *)poll->data;
    ka_event ended[BATCH];
    size_t count, i;
    (void)events;
    if (status < 0) return;
    /* One batch a turn leaves the loop's other handles theirs; the descriptor stays readable. */
    count = ka_queue_wait(my->queue, ended, BATCH, 0);
    for (i = 0; i < count; i++) {
        my->good += ended[i].status == KA_OK && ka_response_status(ended[i].response) == 200;
        my->open--;
        ka_response_free(ended[i].response);
        ka_error_free(ended[i].error);
    }
    if (my->open == 0) uv_close((uv_handle_t *)poll, NULL);
}

int main(int argc, char **argv) {
    work my = {NULL, 0, 0};
    ka_request *request = NULL;
    uv_loop_t loop;
    uv_poll_t poll;
    long wanted;

    if (argc != 3 || (wanted = atol(argv[2])) < 1) {
        fprintf(stderr, "usage: %s URL N\n", argv[0]);
        return 2;
    }
    if (ka_request_new("GET", argv[1], &request, NULL) != KA_OK || ka_queue_new(&my.queue, NULL) != KA_OK ||
        uv_loop_init(&loop) != 0 || uv_poll_init(&loop, &poll, ka_queue_fd(my.queue)) != 0)
        return 1;
    poll.data = &my;
    uv_poll_start(&poll, UV_READABLE, on_readable);
    while (my.open < wanted &&
           ka_client_submit(ka_client_shared(), request, my.queue, NULL, NULL, NULL) == KA_OK)
        my.open++;
    uv_run(&loop, UV_RUN_DEFAULT);
    printf("%ld of %ld good\n", my.good, wanted);
    uv_loop_close(&loop);
    ka_queue_free(my.queue); /* after the loop let go of its descriptor */
    ka_request_free(request);
    return my.good == wanted ? 0 : 1;
}
