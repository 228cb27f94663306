/* Redirects: policies, the callback that decides, history; and who asks, within the origin. */
#include "check.h"

/* What the callback has seen, and what it answers. */
typedef struct {
    int calls;
    bool answer;
    char url[256];   /* of the last redirect */
    char field[256]; /* the hop's Location */
    uint16_t status;
} watcher;

static void copy(char *to, size_t size, ka_str text) {
    snprintf(to, size, "%.*s", (int)text.len, text.ptr);
}

static bool decide(void *user_data, const ka_redirect *redirect) {
    watcher *seen = (watcher *)user_data;
    ka_str field;
    seen->calls++;
    CHECK(redirect->size >= sizeof *redirect && str_equals(redirect->method, "GET"));
    copy(seen->url, sizeof seen->url, redirect->url);
    CHECK(ka_response_header(redirect->response, "location", &field));
    copy(seen->field, sizeof seen->field, field);
    seen->status = ka_response_status(redirect->response);
    return seen->answer;
}

static void a_callback_decides(const char *base) {
    ka_client_options options;
    ka_client *client;
    ka_request *request = new_request("GET", base, "/redirect/302?n=1&to=/echo");
    ka_response *response = NULL;
    ka_error *error = NULL;
    watcher mine, its;
    char last[256];
    memset(&mine, 0, sizeof mine);
    memset(&its, 0, sizeof its);
    init_options(&options);
    options.redirect = "follow";
    client = client_with(&options);
    mine.answer = true;
    CHECK_OK(ka_client_set_redirect_callback(client, decide, &mine, &error), error);
    CHECK_FAILS(ka_client_set_redirect_callback(client, decide, &mine, &error), KA_INVALID_STATE,
                "already", error);
    CHECK_FAILS(ka_client_set_redirect_callback(client, NULL, NULL, &error), KA_INVALID_ARGUMENT,
                "callback", error);
    CHECK_OK(ka_client_send(client, request, &response, &error), error);
    snprintf(last, sizeof last, "%s/echo", base);
    CHECK(mine.calls == 2 && strcmp(mine.url, last) == 0 && strcmp(mine.field, "/echo") == 0);
    CHECK(mine.status == 302);

    /* What led there: heads that can be looked at, without bodies. */
    CHECK(ka_response_history_count(response) == 2);
    {
        const ka_response *first = ka_response_history_at(response, 0);
        const ka_response *second = ka_response_history_at(response, 1);
        ka_str field;
        ka_info info;
        CHECK(first != NULL && second != NULL && first != second);
        CHECK(ka_response_history_at(response, 2) == NULL);
        CHECK(ka_response_status(first) == 302 && ka_response_header_count(first) > 0);
        CHECK(str_contains(ka_response_url(first), "/redirect/302?n=1"));
        CHECK(ka_response_header(second, "Location", &field) && str_equals(field, "/echo"));
        CHECK_OK(ka_response_info(second, &info, sizeof info, &error), error);
        CHECK(info.redirects == 1 && info.total_ns > 0);
        CHECK(ka_response_history_count(first) == 0);
    }
    ka_response_free(response);

    /* The request's own goes before the client's. */
    CHECK_OK(ka_request_set_redirect_callback(request, decide, &its, &error), error);
    CHECK_FAILS(ka_client_send(client, request, &response, &error), KA_REDIRECT_REFUSED,
                "callback refused it", error);
    CHECK(its.calls == 1 && mine.calls == 2);
    CHECK_FAILS(ka_request_set_redirect_callback(NULL, decide, &its, &error), KA_INVALID_ARGUMENT,
                "request", error);
    CHECK(ka_response_history_count(NULL) == 0 && ka_response_history_at(NULL, 0) == NULL);

    /* On the engine's thread, too. */
    {
        ka_queue *queue = NULL;
        ka_event event;
        CHECK_OK(ka_queue_new(&queue, &error), error);
        CHECK_OK(ka_client_submit(client, request, queue, NULL, NULL, &error), error);
        CHECK(ka_queue_wait(queue, &event, 1, -1) == 1);
        CHECK(event.status == KA_REDIRECT_REFUSED && its.calls == 2);
        ka_error_free(event.error);
        ka_queue_free(queue);
    }
    ka_request_free(request);
    ka_client_free(client);
}

static void a_request_has_a_policy(const char *base) {
    ka_client *client = client_with(NULL);
    ka_request *request = new_request("GET", base, "/redirect/302");
    ka_response *response = NULL;
    ka_error *error = NULL;
    CHECK_OK(ka_client_send(client, request, &response, &error), error);
    CHECK(ka_response_status(response) == 302 && ka_response_history_count(response) == 0);
    ka_response_free(response);
    CHECK_OK(ka_request_set_option(request, "redirect", "error", &error), error);
    CHECK_FAILS(ka_client_send(client, request, &response, &error), KA_INVALID_REDIRECT, "302",
                error);
    CHECK_OK(ka_request_set_option(request, "redirect", "follow", &error), error);
    CHECK_OK(ka_client_send(client, request, &response, &error), error);
    CHECK(ka_response_status(response) == 200);
    ka_response_free(response);
    CHECK_FAILS(ka_request_set_option(request, "redirect", "maybe", &error), KA_INVALID_ARGUMENT,
                "option redirect: \"maybe\"", error);
    ka_request_free(request);
    ka_client_free(client);
}

/* The route /auth gives back the field that it got. */
static void somebody_asks(const char *base) {
    ka_client_options options;
    ka_client *client = NULL;
    ka_request *request = new_request("GET", base, "/auth");
    ka_response *response = NULL;
    ka_error *error = NULL;
    ka_bytes body;
    init_options(&options);
    options.auth = "bearer of-the-client";
    client = client_with(&options);
    response = get(client, base, "/auth");
    CHECK_OK(ka_response_read_all(response, &body, &error), error);
    CHECK(bytes_equal(body, "Bearer of-the-client"));
    ka_response_free(response);
    CHECK_OK(ka_request_set_option(request, "auth", "basic u:p", &error), error);
    CHECK_OK(ka_client_send(client, request, &response, &error), error);
    CHECK_OK(ka_response_read_all(response, &body, &error), error);
    CHECK(bytes_equal(body, "Basic dTpw"));
    ka_response_free(response);
    CHECK_OK(ka_request_set_option(request, "auth", "", &error), error);
    CHECK_OK(ka_client_send(client, request, &response, &error), error);
    CHECK(ka_response_status(response) == 401);
    ka_response_free(response);
    CHECK_FAILS(ka_request_set_option(request, "auth", "basic geheim", &error),
                KA_INVALID_ARGUMENT, "option auth", error);
    options.auth = "geheim";
    ka_client_free(client);
    CHECK_FAILS(ka_client_new(&options, &client, &error), KA_INVALID_ARGUMENT, "option auth",
                error);
    ka_request_free(request);
}

int main(int argc, char **argv) {
    addresses found = check_addresses(argc, argv);
    a_callback_decides(found.http);
    a_request_has_a_policy(found.http);
    somebody_asks(found.http);
    return 0;
}
