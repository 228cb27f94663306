/* fork(): parent and child both go on with the same client, blocking and submitted, and neither
 * disturbs the other's connections. */
#define _POSIX_C_SOURCE 200809L
#include "posix.h"

#include <fcntl.h>

static void submit_one(ka_client *client, const char *base) {
    ka_request *request = new_request("GET", base, "/ok");
    ka_queue *queue = NULL;
    ka_error *error = NULL;
    ka_event event;
    queue = new_queue();
    CHECK_OK(ka_client_submit(client, request, queue, NULL, NULL, &error), error);
    event = next_event(queue);
    CHECK_OK(event.status, event.error);
    ka_response_free(event.response);
    ka_request_free(request);
    ka_queue_free(queue);
}

/* `fd` is the descriptor of `parents`. */
static void child(ka_client *client, ka_request *request, ka_queue *parents, int fd,
                  const char *base, int depth) {
    ka_error *error = NULL;
    ka_response *response = NULL;
    ka_event event;
    size_t count = 9;
    CHECK(!get_and_compare(client, base, "/ok", "ok"));
    CHECK(get_and_compare(client, base, "/ok", "ok"));
    submit_one(client, base);
    CHECK_OK(ka_client_send(client, request, &response, &error), error);
    ka_response_free(response);
    CHECK_FAILS(ka_client_submit(client, request, parents, NULL, NULL, &error), KA_INVALID_STATE,
                "fork", error);
    CHECK(ka_queue_wait(parents, &event, 1, -1) == 0);
    CHECK_FAILS(ka_queue_take(parents, &event, 1, -1, &count, &error), KA_INVALID_STATE, "fork",
                error);
    CHECK(ka_queue_fd(parents) == -1 && fcntl(fd, F_GETFD) != -1);
    if (depth > 0) {
        pid_t pid = fork_patiently();
        CHECK(pid >= 0);
        if (pid == 0) {
            child(client, request, parents, fd, base, depth - 1);
            _exit(0);
        }
        ended_well(pid);
        CHECK(get_and_compare(client, base, "/ok", "ok"));
    }
    ka_queue_free(parents);
    CHECK(fcntl(fd, F_GETFD) == -1);
    ka_request_free(request);
    ka_client_free(client);
}

/* Forks at any moment of a busy engine, whose work is in the middle of it on its stack. Each child
 * leaves the queue and what is under way alone. */
static void busy(ka_client *client, const char *base) {
    enum { IN_FLIGHT = 64, FORKS = 8 };
    ka_request *request = new_request("GET", base, "/bytes/200000");
    ka_queue *queue = NULL;
    ka_error *error = NULL;
    ka_event event;
    int under_way = 0, number;
    CHECK_OK(ka_queue_new(&queue, &error), error);
    for (number = 0; number < FORKS; number++) {
        pid_t pid;
        int status;
        for (; under_way < IN_FLIGHT; under_way++)
            CHECK_OK(ka_client_submit(client, request, queue, NULL, NULL, &error), error);
        for (; under_way > IN_FLIGHT - 1 - number; under_way--) {
            CHECK(ka_queue_wait(queue, &event, 1, -1) == 1);
            CHECK_OK(event.status, event.error);
            ka_response_free(event.response);
        }
        pid = fork_patiently();
        CHECK(pid >= 0);
        if (pid == 0) {
            if (number % 2 == 0) get_and_compare(client, base, "/ok", "ok");
            ka_queue_free(queue);
            ka_request_free(request);
            ka_client_free(client);
            _exit(0);
        }
        CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    for (; under_way > 0; under_way--) {
        CHECK(ka_queue_wait(queue, &event, 1, -1) == 1);
        CHECK_OK(event.status, event.error);
        ka_response_free(event.response);
    }
    ka_queue_free(queue);
    ka_request_free(request);
}

int main(int argc, char **argv) {
    addresses at = check_addresses(argc, argv);
    const char *bases[2];
    int i;
    bases[0] = at.http;
    bases[1] = at.https;
    for (i = 0; i < 2; i++) {
        ka_client *client = new_client(at.ca_file);
        ka_request *request = new_request("GET", bases[i], "/json");
        ka_queue *queue = NULL;
        ka_error *error = NULL;
        ka_event event;
        pid_t pid;
        int fd;
        queue = new_queue();
        get_and_compare(client, bases[i], "/ok", "ok");
        submit_one(client, bases[i]);
        /* one request under way on the engine while the process forks */
        CHECK_OK(ka_client_submit(client, request, queue, NULL, NULL, &error), error);
        fd = ka_queue_fd(queue);
        pid = fork_patiently();
        CHECK(pid >= 0);
        if (pid == 0) {
            child(client, request, queue, fd, bases[i], 1);
            _exit(0);
        }
        event = next_event(queue);
        CHECK_OK(event.status, event.error);
        ka_response_free(event.response);
        ended_well(pid);
        CHECK(get_and_compare(client, bases[i], "/ok", "ok"));
        busy(client, bases[i]);
        ka_queue_free(queue);
        ka_request_free(request);
        ka_client_free(client);
    }
    return 0;
}
