/* upload URL FILE: PUTs a file of any size, in constant memory. The body can start again, so that the
 * request survives a connection that dies, and a redirect. */
#define _POSIX_C_SOURCE 200809L
#include <keepalive.h>
#include <stdio.h>
#include <sys/types.h>

/* Called for each piece, on the thread of ka_client_send. */
static ptrdiff_t read_file(void *user_data, uint8_t *buffer, size_t capacity) {
    FILE *file = (FILE *)user_data;
    size_t count = fread(buffer, 1, capacity, file);
    return count == 0 && ferror(file) ? -1 : (ptrdiff_t)count;
}

static bool rewind_file(void *user_data) { return fseeko((FILE *)user_data, 0, SEEK_SET) == 0; }

/* The request owns the file from ka_request_set_body_reader on. */
static void close_file(void *user_data) { fclose((FILE *)user_data); }

static int64_t size_of(FILE *file) {
    off_t size = fseeko(file, 0, SEEK_END) == 0 ? ftello(file) : -1;
    rewind(file);
    return (int64_t)size; /* -1: unknown, as of a pipe; the body is then sent chunked */
}

int main(int argc, char **argv) {
    ka_body_reader reader = {sizeof reader, read_file, rewind_file, close_file, NULL};
    ka_request *request = NULL;
    ka_response *response = NULL;
    ka_error *error = NULL;
    ka_bytes body;
    ka_status status;
    FILE *file;
    int64_t size;

    if (argc != 3) {
        fprintf(stderr, "usage: %s URL FILE\n", argv[0]);
        return 2;
    }
    file = fopen(argv[2], "rb");
    if (file == NULL) {
        perror(argv[2]);
        return 1;
    }
    size = size_of(file);
    if (size < 0) reader.rewind = NULL;
    reader.user_data = file;
    status = ka_request_new("PUT", argv[1], &request, &error);
    if (status != KA_OK) fclose(file);
    if (status == KA_OK) status = ka_request_set_body_reader(request, &reader, size, &error);
    if (status == KA_OK) status = ka_client_send(ka_client_shared(), request, &response, &error);
    if (status == KA_OK) status = ka_response_read_all(response, &body, &error);
    if (status == KA_OK) {
        printf("%u %.*s\n", (unsigned)ka_response_status(response), (int)body.len,
               (const char *)body.ptr);
    } else {
        ka_str message = ka_error_message(error);
        fprintf(stderr, "%s: %.*s\n", ka_status_name(status), (int)message.len, message.ptr);
    }
    ka_error_free(error);
    ka_response_free(response);
    ka_request_free(request);
    return status == KA_OK ? 0 : 1;
}
