/* websocket URL TEXT: sends a text by WebSocket (RFC 6455) over an upgraded connection and prints the server's
 * next. URL is http or https. For more than one short text take a WebSocket library: it needs bytes only. */
#include <keepalive.h>
#include <stdio.h>
#include <string.h>

/* The key and its answer of RFC 6455 1.3. A program takes 16 random bytes, and computes the answer. */
static const char KEY[] = "dGhlIHNhbXBsZSBub25jZQ==", ANSWER[] = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

static ka_status read_exactly(ka_stream *stream, uint8_t *buffer, size_t len, ka_error **error) {
    while (len > 0) {
        size_t count;
        ka_status status = ka_stream_read(stream, buffer, len, &count, error);
        if (status != KA_OK) return status;
        if (count == 0) return KA_BODY_TRUNCATED;
        buffer += count;
        len -= count;
    }
    return KA_OK;
}

static ka_status talk(ka_stream *stream, const char *text, ka_error **error) {
    static const uint8_t mask[4] = {1, 2, 3, 4}; /* a program takes random ones */
    uint8_t frame[6 + 125], got[126];
    size_t len = strlen(text), i;
    ka_status status;
    frame[0] = 0x81; /* the last piece of a text */
    frame[1] = (uint8_t)(0x80 | len);
    memcpy(frame + 2, mask, sizeof mask);
    for (i = 0; i < len; i++) frame[6 + i] = (uint8_t)text[i] ^ mask[i % 4];
    status = ka_stream_write(stream, frame, 6 + len, error);
    if (status == KA_OK) status = read_exactly(stream, got, 2, error);
    if (status != KA_OK) return status;
    len = got[1];
    if (got[0] != 0x81 || len > 125) return KA_INVALID_FRAMING;
    status = read_exactly(stream, got, len, error);
    if (status == KA_OK) printf("%.*s\n", (int)len, (const char *)got);
    return status;
}

int main(int argc, char **argv) {
    ka_request *request = NULL;
    ka_response *response = NULL;
    ka_stream *stream = NULL;
    ka_error *error = NULL;
    ka_str answer;
    ka_status s;

    if (argc != 3 || strlen(argv[2]) > 125) {
        fprintf(stderr, "usage: %s URL TEXT (of at most 125 bytes)\n", argv[0]);
        return 2;
    }
    s = ka_request_new("GET", argv[1], &request, &error);
    if (s == KA_OK) s = ka_request_add_header(request, "Connection", "Upgrade", &error);
    if (s == KA_OK) s = ka_request_add_header(request, "Upgrade", "websocket", &error);
    if (s == KA_OK) s = ka_request_add_header(request, "Sec-WebSocket-Version", "13", &error);
    if (s == KA_OK) s = ka_request_add_header(request, "Sec-WebSocket-Key", KEY, &error);
    if (s == KA_OK) s = ka_client_send(ka_client_shared(), request, &response, &error);
    if (s == KA_OK) s = ka_response_take_stream(response, &stream, &error);
    if (s == KA_OK && !(ka_response_header(response, "Sec-WebSocket-Accept", &answer) &&
                        answer.len == strlen(ANSWER) && memcmp(answer.ptr, ANSWER, answer.len) == 0))
        s = KA_INVALID_RESPONSE_HEAD;
    if (s == KA_OK) s = talk(stream, argv[2], &error);
    if (s != KA_OK)
        fprintf(stderr, "%s: %.*s\n", ka_status_name(s), (int)ka_error_message(error).len,
                ka_error_message(error).ptr);
    ka_error_free(error);
    ka_stream_free(stream);
    ka_response_free(response);
    ka_request_free(request);
    return s == KA_OK ? 0 : 1;
}
