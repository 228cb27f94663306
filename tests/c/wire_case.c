/* wire_case MODE BASE_URL CA_FILE: plays wire cases given on standard input and prints what became
 * of each, as lines of words with byte strings in hex. tests/wire_c.rs writes and reads them.
 *
 *   case NAME?QUERY                case NAME?QUERY
 *   method HEX                     status N, version N, reason HEX
 *   header HEX HEX    (any number) header HEX HEX, trailer HEX HEX
 *   body HEX TIMES                 body HEX           (all of it, or what came before the error)
 *   chunked HEX TIMES
 *   decode            (optional)
 *   timeout MS        (optional)   error KA_NAME      (instead of an end)
 *   run                            reused 0|1         (by the GET /ok that follows), end
 *
 * MODE: send (blocking), queue (whole response in one event), stream (head, then pieces). */
#define _POSIX_C_SOURCE 200809L
#include "check.h"

enum { PIECE = 30000 };

typedef struct {
    ka_client *client;
    ka_queue *queue; /* NULL in mode send */
    bool stream;
} way;

typedef struct {
    uint8_t *data;
    size_t len;
    size_t read;
} block;

static void append(block *to, const uint8_t *data, size_t len) {
    if (len == 0) return;
    to->data = (uint8_t *)realloc(to->data, to->len + len);
    CHECK(to->data != NULL);
    memcpy(to->data + to->len, data, len);
    to->len += len;
}

static int digit(char c) { return c <= '9' ? c - '0' : c - 'a' + 10; }

/* The bytes of a hex text, as often as said, and a NUL. */
static block from_hex(const char *text, size_t times) {
    block bytes = {NULL, 0, 0};
    size_t once = strlen(text) / 2, i;
    bytes.len = once * times;
    bytes.data = (uint8_t *)malloc(bytes.len + 1);
    CHECK(bytes.data != NULL);
    for (i = 0; i < once; i++)
        bytes.data[i] = (uint8_t)(digit(text[2 * i]) * 16 + digit(text[2 * i + 1]));
    for (; i < bytes.len; i += once) memcpy(bytes.data + i, bytes.data, once);
    bytes.data[bytes.len] = 0;
    return bytes;
}

static void print_hex(const void *data, size_t len) {
    static const char digits[] = "0123456789abcdef";
    const uint8_t *bytes = (const uint8_t *)data;
    size_t i;
    putchar(' ');
    for (i = 0; i < len; i++) {
        putchar(digits[bytes[i] >> 4]);
        putchar(digits[bytes[i] & 15]);
    }
}

static ptrdiff_t produce(void *user_data, uint8_t *buffer, size_t capacity) {
    block *from = (block *)user_data;
    size_t count = from->len - from->read;
    if (count > capacity) count = capacity;
    memcpy(buffer, from->data + from->read, count);
    from->read += count;
    return (ptrdiff_t)count;
}

static void print_field(const char *kind, ka_str name, ka_str value) {
    fputs(kind, stdout);
    print_hex(name.ptr, name.len);
    print_hex(value.ptr, value.len);
    putchar('\n');
}

static void print_head(ka_response *response) {
    ka_str name, value, reason = ka_response_reason(response);
    size_t i;
    printf("status %u\nversion %d\nreason", (unsigned)ka_response_status(response),
           (int)ka_response_version(response));
    print_hex(reason.ptr, reason.len);
    putchar('\n');
    for (i = 0; i < ka_response_header_count(response); i++) {
        CHECK(ka_response_header_at(response, i, &name, &value) == KA_OK);
        print_field("header", name, value);
    }
}

/* The next event of the way's queue. */
static ka_status take_event(const way *by, ka_response **response, ka_error **error) {
    ka_event event = next_event(by->queue);
    *response = event.response;
    *error = event.error;
    return event.status;
}

static ka_status start(const way *by, ka_request *request, ka_response **response,
                       ka_error **error) {
    if (by->queue == NULL) return ka_client_send(by->client, request, response, error);
    CHECK(ka_request_set_stream_response(request, by->stream, NULL) == KA_OK);
    CHECK_OK(ka_client_submit(by->client, request, by->queue, NULL, NULL, error), *error);
    return take_event(by, response, error);
}

/* Reads the body to its end or failure, by the way's means. */
static ka_status read_body(const way *by, ka_response **response, block *body, ka_error **error) {
    uint8_t buffer[PIECE];
    size_t count = 1;
    ka_status status = KA_OK;
    while (status == KA_OK && count > 0) {
        if (by->stream) {
            CHECK_OK(ka_response_submit_read(*response, PIECE, by->queue, NULL, NULL, error),
                     *error);
            status = take_event(by, response, error);
            CHECK(*response != NULL);
            if (status != KA_OK) break;
        }
        status = ka_response_read(*response, buffer, PIECE, &count, error);
        append(body, buffer, count);
    }
    return status;
}

static bool reuses(const way *by, const char *base) {
    ka_request *request = new_request("GET", base, "/ok");
    ka_response *response = NULL;
    ka_error *error = NULL;
    bool reused;
    CHECK_OK(start(by, request, &response, &error), error);
    CHECK(ka_response_status(response) == 200);
    reused = ka_response_reused(response);
    ka_response_free(response);
    ka_request_free(request);
    return reused;
}

static void play(way *by, ka_request *request, const char *base) {
    ka_response *response = NULL;
    ka_error *error = NULL;
    block body = {NULL, 0, 0};
    ka_str name, value;
    size_t i;
    ka_status status = start(by, request, &response, &error);
    if (status == KA_OK) {
        print_head(response);
        status = read_body(by, &response, &body, &error);
    } else {
        ka_bytes partial = ka_error_partial_body(error);
        append(&body, partial.ptr, partial.len);
    }
    fputs("body", stdout);
    print_hex(body.data, body.len);
    putchar('\n');
    for (i = 0; i < ka_response_trailer_count(response); i++) {
        CHECK(ka_response_trailer_at(response, i, &name, &value) == KA_OK);
        print_field("trailer", name, value);
    }
    if (status != KA_OK) printf("error %s\n", ka_status_name(ka_error_status(error)));
    ka_error_free(error);
    ka_response_free(response);
    free(body.data);
    printf("reused %d\nend\n", reuses(by, base));
}

/* Some cases name lengths that nobody would hold whole. */
static ka_client *client_without_limit(const char *ca_file) {
    ka_client_options options;
    init_options(&options);
    options.ca_file = ca_file;
    options.max_body_size = 0;
    return client_with(&options);
}

int main(int argc, char **argv) {
    char *line = NULL;
    size_t capacity = 0;
    char method[64] = "GET", path[300] = "";
    block fields[200], body = {NULL, 0, 0};
    size_t count = 0, i;
    bool has_body = false, chunked = false, decode = false;
    unsigned long timeout = 0;
    way by = {NULL, NULL, false};
    ka_body_reader reader = {sizeof reader, produce, NULL, NULL, NULL};
    ka_error *error = NULL;
    CHECK(argc == 4);
    reader.user_data = &body;
    if (strcmp(argv[1], "send") != 0) by.queue = new_queue();
    by.stream = strcmp(argv[1], "stream") == 0;
    while (getline(&line, &capacity, stdin) > 0) {
        char *word = strtok(line, " \n"), *first = strtok(NULL, " \n"), *second = strtok(NULL, " \n");
        CHECK(word != NULL);
        if (strcmp(word, "case") == 0) {
            snprintf(path, sizeof path, "/wire/%s", first);
            printf("case %s\n", first);
        } else if (strcmp(word, "method") == 0) {
            snprintf(method, sizeof method, "%s", first);
        } else if (strcmp(word, "header") == 0) {
            CHECK(count + 2 <= sizeof fields / sizeof fields[0]);
            fields[count++] = from_hex(first + 1, 1);
            fields[count++] = from_hex(second + 1, 1);
        } else if (strcmp(word, "body") == 0 || strcmp(word, "chunked") == 0) {
            has_body = true;
            chunked = word[0] == 'c';
            body = from_hex(first + 1, strtoul(second, NULL, 10));
        } else if (strcmp(word, "decode") == 0) {
            decode = true;
        } else if (strcmp(word, "timeout") == 0) {
            timeout = strtoul(first, NULL, 10);
        } else {
            ka_request *request = new_request(method, argv[2], path);
            CHECK(strcmp(word, "run") == 0);
            for (i = 0; i < count; i += 2)
                CHECK_OK(ka_request_add_header(request, (char *)fields[i].data,
                                               (char *)fields[i + 1].data, &error), error);
            if (chunked)
                CHECK_OK(ka_request_set_body_reader(request, &reader, -1, &error), error);
            else if (has_body)
                CHECK_OK(ka_request_set_body(request, body.data, body.len, &error), error);
            CHECK(ka_request_set_decode(request, decode, NULL) == KA_OK);
            if (timeout > 0) {
                CHECK_OK(ka_request_set_timeout(request, KA_TIMEOUT_HEADER, timeout, &error), error);
                CHECK_OK(ka_request_set_timeout(request, KA_TIMEOUT_READ, timeout, &error), error);
            }
            by.client = client_without_limit(argv[3]);
            play(&by, request, argv[2]);
            ka_client_free(by.client);
            ka_request_free(request);
            for (i = 0; i < count; i++) free(fields[i].data);
            free(body.data);
            body.data = NULL;
            count = 0;
            timeout = 0;
            has_body = chunked = decode = false;
        }
    }
    free(line);
    ka_queue_free(by.queue);
    return 0;
}
