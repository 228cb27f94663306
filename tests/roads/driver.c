/* Makes requests by C for callers.py: driver send|submit NAME=VALUE... then for each request
 * "--" METHOD URL "header:NAME: VALUE"... "body:TEXT" "follow:" NAME=VALUE..., where NAME is an option.
 * Prints the results as one line of JSON. */
#define _POSIX_C_SOURCE 200809L
#include "../c/check.h"

#include <stddef.h>

typedef struct {
    const char *name;
    size_t offset;
    enum { TEXT, NUMBER, SECONDS } kind;
} option;

#define OPTION(name, field, kind) {name, offsetof(ka_client_options, field), kind}
static const option OPTIONS[] = {
    OPTION("proxy", proxy, TEXT),
    OPTION("no_proxy", no_proxy, TEXT),
    OPTION("proxy_headers", proxy_headers, TEXT),
    OPTION("trust_env", trust_env, NUMBER),
    OPTION("unix_socket", unix_socket, TEXT),
    OPTION("local_address", local_address, TEXT),
    OPTION("interface", interface, TEXT),
    OPTION("connect_to", connect_to, TEXT),
    OPTION("resolve", resolve, TEXT),
    OPTION("ca_file", ca_file, TEXT),
    OPTION("connect_timeout", connect_timeout_ms, SECONDS),
    OPTION("header_timeout", header_timeout_ms, SECONDS),
};

static void set_option(ka_client_options *options, char *setting) {
    char *value = strchr(setting, '=');
    size_t at;
    CHECK(value != NULL);
    *value++ = 0;
    for (at = 0; at < sizeof OPTIONS / sizeof OPTIONS[0]; at++) {
        char *field = (char *)options + OPTIONS[at].offset;
        uint64_t number;
        if (strcmp(OPTIONS[at].name, setting) != 0) continue;
        if (OPTIONS[at].kind == TEXT) {
            memcpy(field, &value, sizeof value);
        } else {
            number = (uint64_t)(strtod(value, NULL) * (OPTIONS[at].kind == SECONDS ? 1000 : 1));
            memcpy(field, &number, sizeof number);
        }
        return;
    }
    fprintf(stderr, "the driver does not know the option %s\n", setting);
    exit(2);
}

static void print_text(const char *name, const void *data, size_t length) {
    const unsigned char *text = (const unsigned char *)data;
    size_t at;
    printf(", \"%s\": \"", name);
    for (at = 0; at < length; at++) {
        if (text[at] < ' ' || text[at] == '"' || text[at] == '\\')
            printf("\\u%04x", text[at]);
        else
            putchar(text[at]);
    }
    putchar('"');
}

static void print_error(ka_error *error) {
    ka_str message = ka_error_message(error);
    printf("{\"error\": \"%s\"", ka_status_name(ka_error_status(error)));
    print_text("message", message.ptr, message.len);
    putchar('}');
    ka_error_free(error);
}

static ka_status send_it(ka_client *client, ka_request *request, bool submit,
                         ka_response **response, ka_error **error) {
    ka_queue *queue;
    ka_event event;
    ka_status status;
    if (!submit) return ka_client_send(client, request, response, error);
    queue = new_queue();
    status = ka_client_submit(client, request, queue, NULL, NULL, error);
    if (status == KA_OK) {
        event = next_event(queue);
        status = event.status;
        *response = event.response;
        *error = event.error;
    }
    ka_queue_free(queue);
    return status;
}

/* What the arguments up to the next "--" say of a request. */
static ka_status describe(ka_request *request, int count, char **arguments, ka_error **error) {
    ka_status status = KA_OK;
    int at;
    for (at = 0; at < count && status == KA_OK; at++) {
        char *argument = arguments[at];
        if (strncmp(argument, "header:", 7) == 0) {
            char *value = strstr(argument, ": ");
            CHECK(value != NULL);
            *value = 0;
            status = ka_request_add_header(request, argument + 7, value + 2, error);
        } else if (strncmp(argument, "body:", 5) == 0) {
            const uint8_t *body = (const uint8_t *)argument + 5;
            status = ka_request_set_body(request, body, strlen(argument + 5), error);
        } else if (strcmp(argument, "follow:") == 0) {
            status = ka_request_set_follow_redirects(request, true, error);
        } else {
            char *value = strchr(argument, '=');
            CHECK(value != NULL);
            *value = 0;
            status = ka_request_set_option(request, argument, value + 1, error);
        }
    }
    return status;
}

static void perform(ka_client *client, bool submit, int count, char **arguments) {
    ka_request *request = NULL;
    ka_response *response = NULL;
    ka_error *error = NULL;
    ka_bytes body;
    ka_status status;
    CHECK(count >= 2);
    status = ka_request_new(arguments[0], arguments[1], &request, &error);
    if (status == KA_OK) status = describe(request, count - 2, arguments + 2, &error);
    if (status == KA_OK) status = send_it(client, request, submit, &response, &error);
    if (status == KA_OK) status = ka_response_read_all(response, &body, &error);
    if (status == KA_OK) {
        printf("{\"status\": %d, \"reused\": %s", ka_response_status(response),
               ka_response_reused(response) ? "true" : "false");
        print_text("body", body.ptr, body.len);
        putchar('}');
    } else {
        print_error(error);
    }
    ka_response_free(response);
    ka_request_free(request);
}

int main(int argc, char **argv) {
    ka_client_options options;
    ka_client *client = NULL;
    ka_error *error = NULL;
    int at = 2, end;
    const char *between = "[";
    bool submit = argc > 1 && strcmp(argv[1], "submit") == 0;
    ka_client_options_init(&options, sizeof options);
    for (; at < argc && strcmp(argv[at], "--") != 0; at++) set_option(&options, argv[at]);
    if (ka_client_new(&options, &client, &error) != KA_OK) {
        putchar('[');
        print_error(error);
        puts("]");
        return 0;
    }
    for (; at < argc; at = end) {
        for (end = ++at; end < argc && strcmp(argv[end], "--") != 0; end++) continue;
        fputs(between, stdout);
        perform(client, submit, end - at, argv + at);
        between = ", ";
    }
    puts("]");
    ka_client_free(client);
    return 0;
}
