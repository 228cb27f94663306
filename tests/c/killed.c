/* A server that is killed: mid-body, between requests and for good. SIGPIPE keeps its default
 * action, so a single careless write would end this program. */
#define _POSIX_C_SOURCE 200809L
#include "posix.h"

#include <signal.h>

static int listener;

/* Serves one connection: a whole response, then half of one. Then it waits to be killed. */
static void serve(void) {
    static const char whole[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    static const char half[] = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf";
    char buffer[4096];
    int peer = accept(listener, NULL, NULL);
    close(listener);
    if (peer < 0) _exit(1);
    if (read(peer, buffer, sizeof buffer) <= 0) _exit(1);
    if (write(peer, whole, sizeof whole - 1) < 0) _exit(1);
    if (read(peer, buffer, sizeof buffer) <= 0) _exit(1);
    if (write(peer, half, sizeof half - 1) < 0) _exit(1);
    for (;;) pause();
}

static pid_t start(char *base, size_t size) {
    pid_t pid;
    listener = listen_here(base, size);
    pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) serve();
    close(listener);
    return pid;
}

static void kill_and_reap(pid_t pid) {
    CHECK(kill(pid, SIGKILL) == 0);
    CHECK(waitpid(pid, NULL, 0) == pid);
}

int main(int argc, char **argv) {
    addresses at = check_addresses(argc, argv);
    char base[64];
    pid_t server = start(base, sizeof base);
    ka_client *client = new_client(at.ca_file);
    ka_request *request;
    ka_response *response = NULL;
    ka_error *error = NULL;
    uint8_t buffer[4096], *large;
    size_t count, total = 0;
    ka_status status;
    int i;

    CHECK(!get_and_compare(client, base, "/", "ok"));
    response = get(client, base, "/");
    CHECK(ka_response_reused(response));
    while (total < 4) {
        CHECK_OK(ka_response_read(response, buffer + total, 100, &count, &error), error);
        CHECK(count > 0);
        total += count;
    }
    CHECK(total == 4 && memcmp(buffer, "half", 4) == 0);
    kill_and_reap(server);
    status = ka_response_read(response, buffer, sizeof buffer, &count, &error);
    CHECK(status == KA_BODY_TRUNCATED || status == KA_CONNECTION_RESET);
    CHECK(count == 0 && !ka_error_retry_safe(error));
    ka_error_free(error);
    ka_response_free(response);

    request = new_request("GET", base, "/");
    CHECK_FAILS(ka_client_send(client, request, &response, &error), KA_CONNECT_FAILED, "127.0.0.1",
                error);
    status = ka_client_send(client, request, &response, &error);
    CHECK(status == KA_CONNECT_FAILED && ka_error_os_errno(error) != 0);
    CHECK(strcmp(ka_error_phase(error), "connect") == 0);
    CHECK(ka_error_sent(error) == KA_SENT_NOTHING && ka_error_retry_safe(error));
    ka_error_free(error);
    ka_request_free(request);

    /* uploads to a server that closes or resets without reading */
    large = (uint8_t *)calloc(1, 4u << 20);
    CHECK(large != NULL);
    for (i = 0; i < 4; i++) {
        request = new_request("POST", at.http, i % 2 == 0 ? "/early?drain=0" : "/reset");
        CHECK_OK(ka_request_set_body(request, large, 4u << 20, &error), error);
        status = ka_client_send(client, request, &response, &error);
        CHECK(status == KA_OK || status == KA_CONNECTION_RESET || status == KA_CONNECTION_CLOSED);
        ka_error_free(error);
        ka_response_free(response);
        ka_request_free(request);
        get_and_compare(client, at.http, "/ok", "ok");
    }
    free(large);
    ka_client_free(client);
    return 0;
}
