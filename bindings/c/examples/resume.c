/* resume URL FILE: downloads a file. When the connection breaks, the rest is asked for on another; and what came
 * before this program was stopped is gone on with by its next run. */
#include <inttypes.h>
#include <keepalive.h>
#include <stdio.h>

int main(int argc, char **argv) {
    ka_download_options to;
    ka_request *request = NULL;
    ka_response *response = NULL;
    ka_error *error = NULL;
    ka_saved saved;
    ka_status status;

    if (argc != 3) {
        fprintf(stderr, "usage: %s URL FILE\n", argv[0]);
        return 2;
    }
    to.size = sizeof to;
    to.path = argv[2];
    to.fd = -1;
    to.fsync = 1;  /* on the disk before the call ends */
    to.resume = 1; /* FILE.part stays when it fails */
    status = ka_request_new("GET", argv[1], &request, &error);
    if (status == KA_OK)
        status = ka_client_download(ka_client_shared(), request, &to, &response, &error);
    if (status == KA_OK && ka_response_saved(response, &saved, sizeof saved)) {
        printf("%" PRIu64 " bytes, gone on with %" PRIu64 " times\n", saved.body_size,
               saved.resumes);
    } else if (status == KA_OK) {
        /* Its body, which says why, is there to read. */
        fprintf(stderr, "status %u\n", (unsigned)ka_response_status(response));
        status = KA_INVALID_STATE;
    } else {
        ka_str message = ka_error_message(error);
        fprintf(stderr, "%s: %.*s\n", ka_status_name(status), (int)message.len, message.ptr);
    }
    ka_error_free(error);
    ka_response_free(response);
    ka_request_free(request);
    return status == KA_OK ? 0 : 1;
}
