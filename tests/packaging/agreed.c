/* agreed URL: prints by which group the keys of a TLS connection were agreed on. */
#include <keepalive.h>
#include <stdio.h>

int main(int argc, char **argv) {
    ka_request *request = NULL;
    ka_response *response = NULL;
    ka_error *error = NULL;
    ka_tls_info tls;
    ka_status status;

    if (argc != 2) return 2;
    status = ka_request_new("GET", argv[1], &request, &error);
    if (status == KA_OK) status = ka_client_send(ka_client_shared(), request, &response, &error);
    if (status == KA_OK) status = ka_response_tls(response, &tls, sizeof tls, &error);
    if (status == KA_OK) {
        printf("%.*s\n", (int)tls.group.len, tls.group.ptr);
    } else {
        ka_str message = ka_error_message(error);
        fprintf(stderr, "%s: %.*s\n", ka_status_name(status), (int)message.len, message.ptr);
    }
    ka_error_free(error);
    ka_response_free(response);
    ka_request_free(request);
    return status == KA_OK ? 0 : 1;
}
