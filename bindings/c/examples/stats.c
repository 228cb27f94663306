/* stats URL N: N requests, then what the client tells of them: where the time of the last one went, what its
 * pool did, why connections were closed, and what is known of each origin. */
#include <inttypes.h>
#include <keepalive.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REASONS = 40 };

static void get(ka_client *client, const char *url, ka_info *info) {
    ka_request *request = NULL;
    ka_response *response = NULL;
    ka_bytes body;
    if (ka_request_new("GET", url, &request, NULL) == KA_OK &&
        ka_client_send(client, request, &response, NULL) == KA_OK &&
        ka_response_read_all(response, &body, NULL) == KA_OK)
        ka_response_info(response, info, sizeof *info, NULL);
    ka_response_free(response);
    ka_request_free(request);
}

int main(int argc, char **argv) {
    ka_client *client = NULL;
    ka_info info;
    ka_stats stats;
    ka_close_count reasons[REASONS];
    size_t count = 0, at;
    int i;

    if (argc != 3 || atoi(argv[2]) < 1) {
        fprintf(stderr, "usage: %s URL N\n", argv[0]);
        return 2;
    }
    memset(&info, 0, sizeof info);
    if (ka_client_new(NULL, &client, NULL) != KA_OK) return 1;
    for (i = 0; i < atoi(argv[2]); i++) get(client, argv[1], &info);

    printf("the last one: %s, waited %" PRIu64 " us for its head, %" PRIu64 " us in all\n",
           info.reused ? "reused" : "new", info.wait_ns / 1000, info.total_ns / 1000);
    if (ka_client_stats(client, &stats, sizeof stats, NULL) != KA_OK) return 1;
    printf("%" PRIu64 " opened, %" PRIu64 " reused, %" PRIu64 " found dead, %" PRIu64 " sent again\n",
           stats.opened, stats.reused, stats.stale, stats.replayed);
    for (at = 0; at < stats.origin_count; at++) {
        ka_origin_stats origin;
        if (ka_client_origin_stats(client, at, &origin, sizeof origin, NULL) != KA_OK) break;
        printf("%s: %" PRIu64 " idle, for %" PRIu64 " s at most (%.*s)\n", origin.origin,
               origin.idle, origin.idle_limit_ns / 1000000000, (int)origin.idle_limit_source.len,
               origin.idle_limit_source.ptr);
    }
    ka_client_close(client);
    if (ka_client_close_reasons(client, reasons, REASONS, &count, NULL) != KA_OK) return 1;
    for (at = 0; at < count && at < REASONS; at++)
        printf("closed: %.*s %" PRIu64 "\n", (int)reasons[at].reason.len, reasons[at].reason.ptr,
               reasons[at].count);
    ka_client_free(client);
    return 0;
}
