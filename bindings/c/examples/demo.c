/* demo URL [CA_FILE] N: N requests with one client, then N with a new client each; prints what
 * keeping connections open saves as one line of JSON. */
#define _POSIX_C_SOURCE 200809L
#include <keepalive.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void stop(ka_error *error) {
    ka_str message = ka_error_message(error);
    fprintf(stderr, "%s: %.*s\n", ka_status_name(ka_error_status(error)), (int)message.len,
            message.ptr);
    exit(1);
}

static ka_client *new_client(const char *ca_file) {
    ka_client_options options;
    ka_client *client = NULL;
    ka_error *error = NULL;
    ka_client_options_init(&options, sizeof options);
    options.ca_file = ca_file;
    if (ka_client_new(&options, &client, &error) != KA_OK) stop(error);
    return client;
}

static void get(ka_client *client, const ka_request *request) {
    ka_response *response = NULL;
    ka_error *error = NULL;
    ka_bytes body;
    if (ka_client_send(client, request, &response, &error) != KA_OK ||
        ka_response_read_all(response, &body, &error) != KA_OK)
        stop(error);
    ka_response_free(response);
}

int main(int argc, char **argv) {
    const char *ca_file = argc == 4 ? argv[2] : NULL;
    int count = argc >= 3 ? atoi(argv[argc - 1]) : 0, i;
    ka_request *request = NULL;
    ka_error *error = NULL;
    ka_client *client;
    ka_stats stats;
    double start, keepalive, fresh;

    if (argc > 4 || count < 1) {
        fprintf(stderr, "usage: %s URL [CA_FILE] N\n", argv[0]);
        return 2;
    }
    if (ka_request_new("GET", argv[1], &request, &error) != KA_OK) stop(error);
    client = new_client(ca_file);
    start = seconds();
    for (i = 0; i < count; i++) get(client, request);
    keepalive = seconds() - start;
    if (ka_client_stats(client, &stats, sizeof stats, &error) != KA_OK) stop(error);
    ka_client_free(client);
    start = seconds();
    for (i = 0; i < count; i++) {
        client = new_client(ca_file);
        get(client, request);
        ka_client_free(client);
    }
    fresh = seconds() - start;
    printf("{\"language\":\"C\",\"requests\":%d,\"opened\":%lu,\"reused\":%lu,"
           "\"keepalive_s\":%.6f,\"new_connection_s\":%.6f}\n",
           count, (unsigned long)stats.opened, (unsigned long)stats.reused, keepalive, fresh);
    ka_request_free(request);
    return 0;
}
