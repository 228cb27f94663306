/* pinning URL CA_FILE [PIN]: without PIN, prints the pin of the server's key; with it, talks to no server that
 * has another key, whoever vouches for it. */
#include <keepalive.h>
#include <stdio.h>

int main(int argc, char **argv) {
    ka_client_options options;
    ka_client *client = NULL;
    ka_request *request = NULL;
    ka_response *response = NULL;
    ka_error *error = NULL;
    ka_certificate certificate;
    ka_status status;

    if (argc != 3 && argc != 4) {
        fprintf(stderr, "usage: %s URL CA_FILE [sha256//BASE64]\n", argv[0]);
        return 2;
    }
    ka_client_options_init(&options, sizeof options);
    options.ca_file = argv[2];
    /* Several, separated by semicolons: the next key belongs there before the server changes to it. */
    if (argc == 4) options.tls_pins = argv[3];
    status = ka_client_new(&options, &client, &error);
    if (status == KA_OK) status = ka_request_new("GET", argv[1], &request, &error);
    if (status == KA_OK) status = ka_client_send(client, request, &response, &error);
    if (status == KA_OK)
        status = ka_response_certificate(response, 0, &certificate, sizeof certificate, &error);
    if (status == KA_OK) {
        printf("%.*s is for %.*s, by %.*s\n", (int)certificate.pin.len, certificate.pin.ptr,
               (int)certificate.names.len, certificate.names.ptr, (int)certificate.issuer.len,
               certificate.issuer.ptr);
    } else {
        ka_str message = ka_error_message(error);
        printf("%s: %.*s\n", ka_status_name(status), (int)message.len, message.ptr);
    }
    ka_error_free(error);
    ka_response_free(response);
    ka_request_free(request);
    ka_client_free(client);
    return status == KA_OK || status == KA_CERTIFICATE_REJECTED ? 0 : 1;
}
