/* proxy PROXY URL [NO_PROXY]: a GET through a proxy (http, https, socks5h ...), but not for the hosts of
 * NO_PROXY. Credentials stand in the proxy's URL. */
#include <keepalive.h>
#include <stdio.h>

int main(int argc, char **argv) {
    ka_client_options options;
    ka_client *client = NULL;
    ka_request *request = NULL;
    ka_response *response = NULL;
    ka_error *error = NULL;
    ka_bytes body;
    ka_status status;

    if (argc != 3 && argc != 4) {
        fprintf(stderr, "usage: %s PROXY URL [NO_PROXY]\n", argv[0]);
        return 2;
    }
    ka_client_options_init(&options, sizeof options);
    options.proxy = argv[1];
    if (argc == 4) options.no_proxy = argv[3];
    status = ka_client_new(&options, &client, &error);
    if (status == KA_OK) status = ka_request_new("GET", argv[2], &request, &error);
    if (status == KA_OK) status = ka_client_send(client, request, &response, &error);
    if (status == KA_OK) status = ka_response_read_all(response, &body, &error);
    if (status == KA_OK) {
        printf("%u %.*s\n", (unsigned)ka_response_status(response), (int)body.len,
               (const char *)body.ptr);
    } else if (status == KA_PROXY_AUTHENTICATION_REQUIRED) {
        fprintf(stderr, "the proxy wants a name and a password: http://NAME:PASSWORD@HOST:PORT\n");
    } else {
        ka_str message = ka_error_message(error);
        fprintf(stderr, "%s: %.*s\n", ka_status_name(status), (int)message.len, message.ptr);
    }
    ka_error_free(error);
    ka_response_free(response);
    ka_request_free(request);
    ka_client_free(client);
    return status == KA_OK ? 0 : 1;
}
