/* check_urls AT_ONCE < URLS: fetches every URL of its input, AT_ONCE at a time over kept connections, follows
 * redirects, decodes, and prints a line for each: status, bytes, URL. With libkeepalive:
 * cc after.c $(pkg-config --cflags --libs libkeepalive) -o check_urls */
#include <keepalive.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    char url[2048];
} transfer;

static long failures;

static void fail(const transfer *my, ka_error *error) {
    ka_str message = ka_error_message(error);
    failures++;
    printf("failed %s\n", my->url);
    fprintf(stderr, "%s: %.*s\n", my->url, (int)message.len, message.ptr);
    ka_error_free(error);
}

/* Starts the next URL; false when there is none. */
static int start(ka_client *client, ka_queue *queue) {
    for (;;) {
        transfer *my = (transfer *)calloc(1, sizeof *my);
        ka_request *request = NULL;
        ka_error *error = NULL;
        ka_status status;
        if (my == NULL || fgets(my->url, sizeof my->url, stdin) == NULL) {
            free(my);
            return 0;
        }
        my->url[strcspn(my->url, "\r\n")] = '\0';
        status = ka_request_new("GET", my->url, &request, &error);
        if (status == KA_OK) status = ka_request_set_follow_redirects(request, true, &error);
        if (status == KA_OK) status = ka_request_set_decode(request, true, &error);
        if (status == KA_OK) status = ka_client_submit(client, request, queue, my, NULL, &error);
        ka_request_free(request); /* what was submitted goes on */
        if (status == KA_OK) return 1;
        fail(my, error); /* a URL that is none: the next */
        free(my);
    }
}

static void end(ka_event *event) {
    transfer *my = (transfer *)event->user_data;
    ka_bytes body;
    if (event->status == KA_OK && ka_response_read_all(event->response, &body, &event->error) == KA_OK)
        printf("%u %lu %s\n", (unsigned)ka_response_status(event->response), (unsigned long)body.len,
               my->url);
    else
        fail(my, event->error);
    ka_response_free(event->response);
    free(my);
}

int main(int argc, char **argv) {
    int at_once = argc == 2 ? atoi(argv[1]) : 0, open = 0;
    ka_client_options options;
    ka_client *client = NULL;
    ka_queue *queue = NULL;
    ka_error *error = NULL;
    ka_event events[32];
    ka_stats stats;
    size_t count, i;

    if (at_once < 1) {
        fprintf(stderr, "usage: %s AT_ONCE < URLS\n", argv[0]);
        return 2;
    }
    ka_client_options_init(&options, sizeof options);
    options.user_agent = "check_urls/1.0";
    options.max_redirects = 5;
    options.connect_timeout_ms = 5000;
    options.total_timeout_ms = 60000;
    options.max_per_host = (uint64_t)at_once;
    if (ka_client_new(&options, &client, &error) != KA_OK || ka_queue_new(&queue, &error) != KA_OK) return 1;
    while (open < at_once && start(client, queue)) open++;
    while (open > 0) {
        count = ka_queue_wait(queue, events, 32, -1);
        for (i = 0; i < count; i++) {
            end(&events[i]);
            open--;
            if (start(client, queue)) open++;
        }
    }
    if (ka_client_stats(client, &stats, sizeof stats, NULL) == KA_OK)
        fprintf(stderr, "%lu connections\n", (unsigned long)stats.opened);
    ka_queue_free(queue);
    ka_client_free(client);
    return failures == 0 ? 0 : 1;
}
