/* The reliability probe in C: probe CA_FILE send|queue. Each line of standard input is
 * "idle|blocked WARM_URL METHOD URL KEY|-": it warms a connection of a new client, says "ready", waits
 * for a line, sends METHOD URL, and says what came. The thread is blocked while it waits, either way. */
#define _POSIX_C_SOURCE 200809L
#include "../c/check.h"

static ka_status once(ka_client *client, ka_queue *queue, ka_request *request,
                      ka_response **response, ka_error **error) {
    ka_event event;
    if (queue == NULL) return ka_client_send(client, request, response, error);
    CHECK_OK(ka_client_submit(client, request, queue, NULL, NULL, error), *error);
    CHECK(ka_queue_wait(queue, &event, 1, 60000) == 1);
    *response = event.response;
    *error = event.error;
    return event.status;
}

int main(int argc, char **argv) {
    char line[1024];
    CHECK(argc == 3);
    setvbuf(stdout, NULL, _IOLBF, 0);
    while (fgets(line, sizeof line, stdin) != NULL) {
        char how[16], warm[300], method[16], url[300], key[100], go[16];
        ka_client *client = new_client(argv[1]);
        ka_queue *queue = NULL;
        ka_request *request = NULL;
        ka_response *response = NULL;
        ka_error *error = NULL;
        CHECK(sscanf(line, "%15s %299s %15s %299s %99s", how, warm, method, url, key) == 5);
        if (strcmp(argv[2], "queue") == 0) CHECK_OK(ka_queue_new(&queue, &error), error);
        request = new_request("GET", warm, "");
        CHECK_OK(once(client, queue, request, &response, &error), error);
        ka_response_free(response);
        ka_request_free(request);
        puts("ready");
        CHECK(fgets(go, sizeof go, stdin) != NULL);
        request = new_request(method, url, "");
        if (strcmp(method, "GET") != 0)
            CHECK_OK(ka_request_set_body(request, (const uint8_t *)"x", 1, &error), error);
        if (strcmp(key, "-") != 0)
            CHECK_OK(ka_request_add_header(request, "Idempotency-Key", key, &error), error);
        if (once(client, queue, request, &response, &error) == KA_OK)
            printf("%u\n", (unsigned)ka_response_status(response));
        else
            puts("error");
        ka_error_free(error);
        ka_response_free(response);
        ka_request_free(request);
        ka_queue_free(queue);
        ka_client_free(client);
    }
    return 0;
}
