/* Which certificates are believed: certificates CA_FILE RESOLVE, then "yes" or "no" and a URL for each. */
#include "check.h"

int main(int argc, char **argv) {
    ka_client_options options;
    ka_client *client;
    int wrong = 0, at;
    CHECK(argc > 3 && argc % 2 == 1);
    init_options(&options);
    options.ca_file = argv[1];
    options.resolve = argv[2];
    client = client_with(&options);
    for (at = 3; at < argc; at += 2) {
        bool accepted = strcmp(argv[at], "yes") == 0;
        ka_request *request = new_request("GET", argv[at + 1], "");
        ka_response *response = NULL;
        ka_error *error = NULL;
        ka_status status = ka_client_send(client, request, &response, &error);
        if (status != (accepted ? KA_OK : KA_CERTIFICATE_REJECTED)) {
            fprintf(stderr, "%s: %s\n", argv[at + 1], ka_status_name(status));
            wrong++;
        }
        ka_response_free(response);
        ka_request_free(request);
        ka_error_free(error);
    }
    ka_client_free(client);
    return wrong > 0;
}
