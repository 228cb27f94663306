/* stream_download URL FILE: writes a body of any size to a file, in constant memory. */
#include <keepalive.h>
#include <stdio.h>

static ka_status download(const char *url, FILE *file, unsigned long *total, ka_error **error) {
    static uint8_t buffer[64 * 1024];
    ka_request *request = NULL;
    ka_response *response = NULL;
    size_t count = 0;
    ka_status status = ka_request_new("GET", url, &request, error);
    if (status == KA_OK) status = ka_client_send(ka_client_shared(), request, &response, error);
    while (status == KA_OK) {
        /* Waits for at least one byte. 0 is the verified end: a body that was cut off fails. */
        status = ka_response_read(response, buffer, sizeof buffer, &count, error);
        if (status != KA_OK || count == 0) break;
        if (fwrite(buffer, 1, count, file) != count) {
            perror("write");
            break;
        }
        *total += (unsigned long)count;
    }
    ka_response_free(response);
    ka_request_free(request);
    return status;
}

int main(int argc, char **argv) {
    unsigned long total = 0;
    ka_error *error = NULL;
    ka_status status;
    FILE *file;

    if (argc != 3) {
        fprintf(stderr, "usage: %s URL FILE\n", argv[0]);
        return 2;
    }
    file = fopen(argv[2], "wb");
    if (file == NULL) {
        perror(argv[2]);
        return 1;
    }
    status = download(argv[1], file, &total, &error);
    if (fclose(file) != 0) perror(argv[2]);
    printf("%lu bytes\n", total);
    if (status != KA_OK) {
        ka_str message = ka_error_message(error);
        fprintf(stderr, "%s: %.*s\n", ka_status_name(status), (int)message.len, message.ptr);
        ka_error_free(error);
    }
    return status == KA_OK ? 0 : 1;
}
