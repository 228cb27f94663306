/* post URL JSON: a client with options of its own, a body, and what to do with an error. */
#include <keepalive.h>
#include <stdio.h>
#include <string.h>

static int failed(ka_error *error) {
    ka_str message = ka_error_message(error);
    fprintf(stderr, "%s while in phase %s: %.*s%s\n", ka_status_name(ka_error_status(error)),
            ka_error_phase(error), (int)message.len, message.ptr,
            ka_error_retry_safe(error) ? " (safe to try again)" : "");
    ka_error_free(error);
    return 1;
}

int main(int argc, char **argv) {
    ka_client_options options;
    ka_client *client = NULL;
    ka_request *request = NULL;
    ka_response *response = NULL;
    ka_error *error = NULL;
    ka_bytes body;

    if (argc != 3) {
        fprintf(stderr, "usage: %s URL JSON\n", argv[0]);
        return 2;
    }
    ka_client_options_init(&options, sizeof options);
    options.total_timeout_ms = 10000;
    options.max_per_host = 8;
    if (ka_client_new(&options, &client, &error) != KA_OK) return failed(error);

    if (ka_request_new("POST", argv[1], &request, &error) != KA_OK ||
        ka_request_add_header(request, "Content-Type", "application/json", &error) != KA_OK ||
        ka_request_set_body(request, (const uint8_t *)argv[2], strlen(argv[2]), &error) != KA_OK ||
        ka_client_send(client, request, &response, &error) != KA_OK ||
        ka_response_read_all(response, &body, &error) != KA_OK) {
        ka_response_free(response);
        ka_request_free(request);
        ka_client_free(client);
        return failed(error);
    }
    printf("%u %.*s\n", (unsigned)ka_response_status(response), (int)body.len,
           (const char *)body.ptr);
    ka_response_free(response);
    ka_request_free(request);
    ka_client_free(client);
    return 0;
}
