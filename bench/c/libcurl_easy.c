/* libcurl: one easy handle per thread, as its documentation asks. */
#include "bench.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

enum { BULK_BUFFER = 512 * 1024, UPLOAD_BUFFER = 2 * 1024 * 1024 }; /* libcurl's largest */

struct session {
    CURL *easy;
    size_t size, capacity;
    char *body;
};

static size_t keep(char *data, size_t one, size_t count, void *argument) {
    struct session *session = argument;
    (void)one;
    if (session->size + count > session->capacity) {
        session->capacity = (session->size + count) * 2;
        session->body = realloc(session->body, session->capacity);
    }
    memcpy(session->body + session->size, data, count);
    session->size += count;
    return count;
}

static size_t count_only(char *data, size_t one, size_t count, void *argument) {
    (void)data, (void)one;
    ((struct session *)argument)->size += count;
    return count;
}

static void *open_session(const struct options *options) {
    struct session *session = calloc(1, sizeof *session);
    CURL *easy = session->easy = curl_easy_init();
    curl_easy_setopt(easy, CURLOPT_URL, options->url);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_CAINFO, options->ca);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, mode_is(options, "stream") ? count_only : keep);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, session);
    if (options->length > CURL_MAX_WRITE_SIZE)
        curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)BULK_BUFFER);
    if (options->upload > 0) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, options->body);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)options->upload);
        curl_easy_setopt(easy, CURLOPT_HTTPHEADER, curl_slist_append(NULL, "Expect:"));
        if (options->upload > CURL_MAX_WRITE_SIZE)
            curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, (long)UPLOAD_BUFFER);
    }
    return session;
}

static size_t exchange(void *argument) {
    struct session *session = argument;
    session->size = 0;
    CURLcode code = curl_easy_perform(session->easy);
    if (code != CURLE_OK) fail("%s", curl_easy_strerror(code));
    return session->size;
}

int main(int argc, char **argv) {
    static const struct sequential client = {.open = open_session, .exchange = exchange};
    curl_global_init(CURL_GLOBAL_DEFAULT);
    return bench_sequential(argc, argv, &client);
}
