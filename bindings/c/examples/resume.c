/* resume URL FILE: downloads a file, and when the connection breaks goes on where it ended: with Range, and
 * If-Range so that a file that changed meanwhile comes whole (RFC 9110 13.1.5, 14). */
#include <keepalive.h>
#include <stdio.h>
#include <string.h>

enum { TRIES = 5 };

typedef struct {
    FILE *file;
    unsigned long size; /* what has been written */
    char etag[256];     /* of what it belongs to; empty: unknown */
} download;

/* The rest of the file. A failure leaves what came before it. */
static ka_status receive(download *into, const char *url, ka_error **error) {
    static uint8_t buffer[64 * 1024];
    char range[64];
    ka_request *request = NULL;
    ka_response *response = NULL;
    ka_str etag;
    size_t count = 1;
    ka_status status = ka_request_new("GET", url, &request, error);
    if (status == KA_OK && into->size > 0 && into->etag[0] != '\0') {
        snprintf(range, sizeof range, "bytes=%lu-", into->size);
        status = ka_request_add_header(request, "Range", range, error);
        if (status == KA_OK) status = ka_request_add_header(request, "If-Range", into->etag, error);
    }
    if (status == KA_OK) status = ka_client_send(ka_client_shared(), request, &response, error);
    ka_request_free(request);
    if (status == KA_OK && ka_response_status(response) == 200) {
        /* All of it: from the beginning. */
        into->file = freopen(NULL, "w+b", into->file);
        into->size = 0;
    } else if (status == KA_OK && ka_response_status(response) != 206) {
        fprintf(stderr, "status %u\n", (unsigned)ka_response_status(response));
        status = KA_INVALID_RESPONSE_HEAD;
    }
    /* A weak one promises no bytes (RFC 9110 8.8.1). */
    if (ka_response_header(response, "ETag", &etag) && etag.len < sizeof into->etag && etag.ptr[0] == '"') {
        memcpy(into->etag, etag.ptr, etag.len);
        into->etag[etag.len] = '\0';
    }
    while (status == KA_OK && count > 0 && into->file != NULL) {
        status = ka_response_read(response, buffer, sizeof buffer, &count, error);
        if (fwrite(buffer, 1, count, into->file) != count) break;
        into->size += (unsigned long)count;
    }
    ka_response_free(response);
    return status;
}

int main(int argc, char **argv) {
    download into = {NULL, 0, ""};
    ka_status status = KA_OK;
    int tries;

    if (argc != 3) {
        fprintf(stderr, "usage: %s URL FILE\n", argv[0]);
        return 2;
    }
    into.file = fopen(argv[2], "w+b");
    for (tries = 1; tries <= TRIES && into.file != NULL; tries++) {
        ka_error *error = NULL;
        ka_str message;
        status = receive(&into, argv[1], &error);
        if (status == KA_OK) break;
        message = ka_error_message(error);
        fprintf(stderr, "after %lu bytes: %.*s\n", into.size, (int)message.len, message.ptr);
        ka_error_free(error);
    }
    if (into.file == NULL || fclose(into.file) != 0) {
        perror(argv[2]);
        return 1;
    }
    printf("%lu bytes in %d tries\n", into.size, tries);
    return status == KA_OK ? 0 : 1;
}
