/* Downloads to files and descriptors, and the callback that is told how far they are. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static ka_error *error;
static char dir[64];

static const char *in_dir(const char *name) {
    static char path[160];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

static long size_of_file(const char *path) {
    struct stat found;
    return stat(path, &found) == 0 ? (long)found.st_size : -1;
}

static ka_download_options to_path(const char *path) {
    ka_download_options options;
    memset(&options, 0, sizeof options);
    options.size = sizeof options;
    options.path = path;
    return options;
}

typedef struct {
    int calls, destroyed;
    uint64_t bytes, total, stop_at;
} seen;

static bool told(void *user_data, const ka_progress *progress) {
    seen *state = (seen *)user_data;
    CHECK(progress->done_size >= state->bytes && progress->upload == 0 && progress->rate >= 0);
    state->calls++;
    state->bytes = progress->done_size;
    state->total = progress->total_size;
    return state->stop_at == 0 || progress->done_size < state->stop_at;
}

static void destroyed(void *user_data) {
    ((seen *)user_data)->destroyed++;
}

static void to_a_path(ka_client *client, const char *base) {
    ka_request *request = new_request("GET", base, "/bytes/1000000");
    ka_download_options options = to_path(in_dir("file"));
    ka_response *response = NULL;
    ka_saved saved;
    seen state;
    memset(&state, 0, sizeof state);
    options.fsync = 1;
    CHECK_OK(ka_request_set_progress(request, told, &state, destroyed, &error), error);
    CHECK_OK(ka_client_download(client, request, &options, &response, &error), error);
    CHECK(ka_response_status(response) == 200);
    CHECK(ka_response_saved(response, &saved, sizeof saved));
    CHECK(saved.body_size == 1000000 && saved.kept_size == 0 && saved.resumes == 0);
    CHECK(size_of_file(in_dir("file")) == 1000000);
    CHECK(state.calls > 0 && state.bytes == 1000000 && state.total == 1000000);
    ka_response_free(response);
    CHECK(state.destroyed == 0);
    ka_request_free(request);
    CHECK(state.destroyed == 1);
}

static void nothing_is_written(ka_client *client, const char *base) {
    ka_request *request = new_request("GET", base, "/status/404");
    ka_download_options options = to_path(in_dir("none"));
    ka_response *response = NULL;
    ka_saved saved;
    ka_bytes body;
    CHECK_OK(ka_client_download(client, request, &options, &response, &error), error);
    CHECK(ka_response_status(response) == 404);
    CHECK(!ka_response_saved(response, &saved, sizeof saved));
    CHECK_OK(ka_response_read_all(response, &body, &error), error);
    CHECK(bytes_equal(body, "404") && size_of_file(in_dir("none")) == -1);
    ka_response_free(response);
    ka_request_free(request);
}

static void to_a_descriptor(ka_client *client, const char *base) {
    ka_request *request = new_request("GET", base, "/ok");
    ka_download_options options = to_path(NULL);
    ka_response *response = NULL;
    int fd = open(in_dir("open"), O_RDWR | O_CREAT | O_TRUNC, 0600);
    char text[8];
    CHECK(fd >= 0 && write(fd, "<", 1) == 1);
    options.fd = fd;
    CHECK_OK(ka_client_download(client, request, &options, &response, &error), error);
    ka_response_free(response);
    CHECK(write(fd, ">", 1) == 1 && pread(fd, text, sizeof text, 0) == 4);
    CHECK(memcmp(text, "<ok>", 4) == 0);
    close(fd);
    ka_request_free(request);
}

static void on_the_engine(ka_client *client, const char *base) {
    ka_request *request = new_request("GET", base, "/chunked/300000");
    ka_download_options options = to_path(in_dir("engine"));
    ka_queue *queue = new_queue();
    ka_call *call = NULL;
    ka_saved saved;
    ka_event event;
    seen state;
    memset(&state, 0, sizeof state);
    CHECK_OK(ka_request_set_progress(request, told, &state, destroyed, &error), error);
    CHECK_OK(ka_client_submit_download(client, request, &options, queue, &state, &call, &error), error);
    ka_request_free(request);
    event = next_event(queue);
    CHECK(event.status == KA_OK && event.kind == KA_EVENT_RESPONSE && event.user_data == &state);
    CHECK(ka_response_saved(event.response, &saved, sizeof saved) && saved.body_size == 300000);
    CHECK(size_of_file(in_dir("engine")) == 300000 && state.bytes == 300000);
    dispose(event);
    ka_call_free(call);
    ka_queue_free(queue);
}

static void the_callback_ends_it(ka_client *client, const char *base) {
    ka_request *request = new_request("GET", base, "/endless/plain");
    ka_download_options options = to_path(in_dir("endless"));
    ka_response *response = NULL;
    seen state;
    memset(&state, 0, sizeof state);
    state.stop_at = 1;
    CHECK_OK(ka_request_set_progress(request, told, &state, NULL, &error), error);
    CHECK_FAILS(ka_client_download(client, request, &options, &response, &error), KA_CANCELLED,
                "progress", error);
    CHECK(response == NULL && size_of_file(in_dir("endless")) == -1);
    ka_request_free(request);
}

static void refused(ka_client *client, const char *base) {
    ka_request *request = new_request("GET", base, "/bytes/3000000");
    ka_download_options options = to_path(dir);
    ka_response *response = NULL;
    seen state;
    memset(&state, 0, sizeof state);
    CHECK_FAILS(ka_client_download(client, request, &options, &response, &error), KA_FILE_FAILED,
                "directory", error);
    options.path = "/dev/full";
    CHECK(ka_client_download(client, request, &options, &response, &error) == KA_FILE_FAILED);
    CHECK(ka_error_os_errno(error) == ENOSPC);
    ka_error_free(error);
    error = NULL;
    CHECK_FAILS(ka_client_download(client, request, NULL, &response, &error), KA_INVALID_ARGUMENT,
                "options", error);
    options.path = NULL;
    options.fd = -1;
    CHECK_FAILS(ka_client_download(client, request, &options, &response, &error),
                KA_INVALID_ARGUMENT, "options", error);
    options.fsync = 2;
    CHECK_FAILS(ka_client_download(client, request, &options, &response, &error),
                KA_INVALID_ARGUMENT, "fsync", error);
    options.size = 3;
    CHECK_FAILS(ka_client_download(client, request, &options, &response, &error),
                KA_INVALID_ARGUMENT, "options.size", error);
    CHECK_FAILS(ka_request_set_progress(request, NULL, &state, destroyed, &error),
                KA_INVALID_ARGUMENT, "callback", error);
    CHECK(state.destroyed == 1);
    ka_request_free(request);
}

int main(int argc, char **argv) {
    addresses found = check_addresses(argc, argv);
    ka_client *client = new_client(found.ca_file);
    snprintf(dir, sizeof dir, "/tmp/ka-download-XXXXXX");
    CHECK(mkdtemp(dir) != NULL);
    to_a_path(client, found.http);
    to_a_path(client, found.https);
    nothing_is_written(client, found.http);
    to_a_descriptor(client, found.http);
    on_the_engine(client, found.http);
    the_callback_ends_it(client, found.http);
    refused(client, found.http);
    CHECK(unlink(in_dir("file")) == 0 && unlink(in_dir("open")) == 0 && unlink(in_dir("engine")) == 0);
    CHECK(rmdir(dir) == 0);
    ka_client_free(client);
    return 0;
}
