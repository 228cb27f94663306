/* get URL: prints the status, the headers and the body of a response. */
#include <keepalive.h>
#include <stdio.h>

int main(int argc, char **argv) {
    ka_request *request = NULL;
    ka_response *response = NULL;
    ka_error *error = NULL;
    ka_bytes body;
    ka_status status;
    size_t i;

    if (argc != 2) {
        fprintf(stderr, "usage: %s URL\n", argv[0]);
        return 2;
    }
    status = ka_request_new("GET", argv[1], &request, &error);
    if (status == KA_OK) status = ka_request_set_decode(request, true, &error);
    if (status == KA_OK) status = ka_client_send(ka_client_shared(), request, &response, &error);
    if (status == KA_OK) status = ka_response_read_all(response, &body, &error);
    if (status == KA_OK) {
        printf("%u\n", (unsigned)ka_response_status(response));
        for (i = 0; i < ka_response_header_count(response); i++) {
            ka_str name, value;
            if (ka_response_header_at(response, i, &name, &value) != KA_OK) break;
            printf("%.*s: %.*s\n", (int)name.len, name.ptr, (int)value.len, value.ptr);
        }
        printf("\n");
        fwrite(body.ptr, 1, body.len, stdout);
    } else {
        ka_str message = ka_error_message(error);
        fprintf(stderr, "%s: %.*s\n", ka_status_name(status), (int)message.len, message.ptr);
    }
    ka_error_free(error);
    ka_response_free(response);
    ka_request_free(request);
    return status == KA_OK ? 0 : 1;
}
