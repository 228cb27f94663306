/* glib URL N: N requests in a program whose loop is GLib's, as GTK's is.
 * cc glib.c $(pkg-config --cflags --libs libkeepalive glib-2.0) */
#include <glib-unix.h>
#include <glib.h>
#include <keepalive.h>
#include <stdio.h>
#include <stdlib.h>

enum { BATCH = 32 };

typedef struct {
    ka_queue *queue;
    GMainLoop *loop;
    long open, good;
} work;

static gboolean on_readable(gint fd, GIOCondition condition, gpointer user_data) {
    work *my = (work *)user_data;
    ka_event ended[BATCH];
    size_t count, i;
    (void)fd;
    (void)condition;
    /* One batch a turn leaves the loop's other sources theirs; the descriptor stays readable. */
    count = ka_queue_wait(my->queue, ended, BATCH, 0);
    for (i = 0; i < count; i++) {
        my->good += ended[i].status == KA_OK && ka_response_status(ended[i].response) == 200;
        my->open--;
        ka_response_free(ended[i].response);
        ka_error_free(ended[i].error);
    }
    if (my->open > 0) return G_SOURCE_CONTINUE;
    g_main_loop_quit(my->loop);
    return G_SOURCE_REMOVE;
}

int main(int argc, char **argv) {
    work my = {NULL, NULL, 0, 0};
    ka_request *request = NULL;
    long wanted;

    if (argc != 3 || (wanted = atol(argv[2])) < 1) {
        fprintf(stderr, "usage: %s URL N\n", argv[0]);
        return 2;
    }
    if (ka_request_new("GET", argv[1], &request, NULL) != KA_OK || ka_queue_new(&my.queue, NULL) != KA_OK)
        return 1;
    my.loop = g_main_loop_new(NULL, FALSE);
    g_unix_fd_add(ka_queue_fd(my.queue), G_IO_IN, on_readable, &my);
    while (my.open < wanted &&
           ka_client_submit(ka_client_shared(), request, my.queue, NULL, NULL, NULL) == KA_OK)
        my.open++;
    if (my.open > 0) g_main_loop_run(my.loop);
    printf("%ld of %ld good\n", my.good, wanted);
    g_main_loop_unref(my.loop);
    ka_queue_free(my.queue); /* after the loop let go of its descriptor */
    ka_request_free(request);
    return my.good == wanted ? 0 : 1;
}
