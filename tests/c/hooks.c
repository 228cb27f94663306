/* Hooks of a client and of a request: what they are told, on which threads, what they may do, and when their
 * data is given up. */
#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif
#include "posix.h"

#include <poll.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST 64

typedef struct {
    ka_hook_kind kinds[MOST];
    bool here[MOST]; /* On the thread that made it. */
    size_t count;
    uint64_t request;
    pthread_t thread;
    int destroyed;
    ka_client *client; /* To be used from within. */
    const char *base;
    bool inside;
    bool closes;
    ka_call *call;
} log_of;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* Held while a request is submitted: its hook runs there too, and finds the call on the engine's thread. */
static pthread_mutex_t call_lock = PTHREAD_MUTEX_INITIALIZER;

static void new_log(log_of *log) {
    memset(log, 0, sizeof *log);
    log->thread = pthread_self();
}

static void use_the_client(log_of *log) {
    if (log->client == NULL || log->inside || !pthread_equal(log->thread, pthread_self())) return;
    log->inside = true;
    if (log->closes) ka_client_close(log->client);
    else get_and_compare(log->client, log->base, "/ok", "ok");
    log->inside = false;
}

static void hook(void *user_data, const ka_hook_event *event) {
    log_of *log = (log_of *)user_data;
    ka_call *call = NULL;
    CHECK(event->size == sizeof *event);
    pthread_mutex_lock(&lock);
    if (!log->inside && log->count < MOST) {
        log->kinds[log->count] = event->kind;
        log->here[log->count++] = pthread_equal(log->thread, pthread_self()) != 0;
        if (event->request != 0) log->request = event->request;
    }
    pthread_mutex_unlock(&lock);
    if (!pthread_equal(log->thread, pthread_self())) {
        pthread_mutex_lock(&call_lock);
        call = log->call;
        pthread_mutex_unlock(&call_lock);
    }
    switch (event->kind) {
    case KA_HOOK_REQUEST:
        CHECK(str_equals(event->method, "GET") && str_contains(event->text, "http"));
        break;
    case KA_HOOK_CONNECTING:
        CHECK(event->dial > 0 && str_contains(event->text, "127.0.0.1:"));
        break;
    case KA_HOOK_INFORMATIONAL:
    case KA_HOOK_HEAD: {
        ka_str value;
        CHECK(ka_response_status(event->response) >= 100);
        if (event->kind == KA_HOOK_INFORMATIONAL)
            CHECK(ka_response_header(event->response, "link", &value));
        break;
    }
    case KA_HOOK_FAILED:
    case KA_HOOK_DIAL_FAILED:
        CHECK(event->status != KA_OK && ka_error_status(event->failed) == event->status);
        break;
    default:
        CHECK(event->response == NULL && event->failed == NULL);
    }
    if (event->kind == KA_HOOK_GOT_CONNECTION) use_the_client(log);
    if (event->kind == KA_HOOK_SENT && call != NULL) ka_call_cancel(call);
}

static void destroy(void *user_data) { ((log_of *)user_data)->destroyed++; }

static ka_hooks hooks_of(log_of *log) {
    ka_hooks hooks;
    hooks.size = sizeof hooks;
    hooks.hook = hook;
    hooks.destroy = destroy;
    hooks.user_data = log;
    return hooks;
}

/* A dial may end a little later than what it was begun for. */
static void until_destroyed(const log_of *log, int times) {
    int tries;
    for (tries = 0; tries < 20000 && *(volatile const int *)&log->destroyed != times; tries++)
        poll(NULL, 0, 1);
    CHECK(log->destroyed == times);
}

static bool told(const log_of *log, ka_hook_kind kind) {
    size_t i;
    for (i = 0; i < log->count; i++)
        if (log->kinds[i] == kind) return true;
    return false;
}

static void each_step_is_told(const addresses *at) {
    static const ka_hook_kind expected[] = {
        KA_HOOK_REQUEST,   KA_HOOK_QUEUED,         KA_HOOK_RESOLVING,  KA_HOOK_RESOLVED,
        KA_HOOK_CONNECTING, KA_HOOK_CONNECTED,     KA_HOOK_SECURING,   KA_HOOK_SECURED,
        KA_HOOK_OPENED,    KA_HOOK_GOT_CONNECTION, KA_HOOK_HEAD_SENT,  KA_HOOK_SENT,
        KA_HOOK_FIRST_BYTE, KA_HOOK_INFORMATIONAL, KA_HOOK_HEAD,       KA_HOOK_RETURNED,
        KA_HOOK_END};
    const size_t count = sizeof expected / sizeof *expected;
    ka_client *client = new_client(at->ca_file);
    ka_request *request = new_request("GET", at->https, "/informational?code=103");
    ka_response *response = NULL;
    ka_error *error = NULL;
    ka_bytes body;
    log_of all, own;
    ka_hooks of_all, of_own;
    size_t i;
    new_log(&all);
    new_log(&own);
    of_all = hooks_of(&all);
    of_own = hooks_of(&own);
    CHECK_OK(ka_client_set_hooks(client, &of_all, &error), error);
    CHECK_OK(ka_request_set_hooks(request, &of_own, &error), error);
    CHECK_OK(ka_client_send(client, request, &response, &error), error);
    CHECK_OK(ka_response_read_all(response, &body, &error), error);
    CHECK(own.count == count && all.count == count && own.request == all.request);
    for (i = 0; i < count; i++) {
        CHECK(own.kinds[i] == expected[i] && all.kinds[i] == expected[i]);
        /* The steps of a dial are the engine's. */
        CHECK(own.here[i] == (i < 2 || i > 7));
    }
    ka_response_free(response);
    CHECK(own.destroyed == 0);
    ka_request_free(request);
    until_destroyed(&own, 1);
    CHECK(all.destroyed == 0);
    ka_client_close(client);
    CHECK(told(&all, KA_HOOK_CLOSED));
    ka_client_free(client);
    until_destroyed(&all, 1);
}

static void failures_are_told(const char *base) {
    ka_client *client = client_with(NULL);
    ka_request *request = new_request("GET", base, "/close");
    ka_response *response = NULL;
    ka_error *error = NULL;
    log_of own, other;
    ka_hooks hooks;
    new_log(&own);
    new_log(&other);
    hooks = hooks_of(&own);
    CHECK_OK(ka_request_set_hooks(request, &hooks, &error), error);
    CHECK(ka_client_send(client, request, &response, NULL) != KA_OK);
    CHECK(told(&own, KA_HOOK_FAILED) && !told(&own, KA_HOOK_END));
    /* Others take their place. */
    hooks = hooks_of(&other);
    CHECK_OK(ka_request_set_hooks(request, &hooks, &error), error);
    until_destroyed(&own, 1);
    CHECK(other.destroyed == 0);
    ka_request_free(request);
    until_destroyed(&other, 1);
    ka_client_free(client);
}

static void hooks_may_use_the_client(const char *base) {
    int closes;
    for (closes = 0; closes < 2; closes++) {
        ka_client *client = client_with(NULL);
        ka_error *error = NULL;
        log_of all;
        ka_hooks hooks;
        new_log(&all);
        all.client = client;
        all.base = base;
        all.closes = closes == 1;
        hooks = hooks_of(&all);
        CHECK_OK(ka_client_set_hooks(client, &hooks, &error), error);
        get_and_compare(client, base, "/ok", "ok");
        ka_client_free(client);
    }
}

static void a_hook_may_cancel_its_own_call(const char *base) {
    ka_client *client = client_with(NULL);
    ka_queue *queue = new_queue();
    ka_request *request = new_request("GET", base, "/gate/never");
    ka_error *error = NULL;
    ka_event event;
    log_of own;
    ka_hooks hooks;
    new_log(&own);
    hooks = hooks_of(&own);
    CHECK_OK(ka_request_set_hooks(request, &hooks, &error), error);
    pthread_mutex_lock(&call_lock);
    CHECK_OK(ka_client_submit(client, request, queue, NULL, &own.call, &error), error);
    pthread_mutex_unlock(&call_lock);
    ka_request_free(request);
    event = next_event(queue);
    CHECK(event.status == KA_CANCELLED);
    dispose(event);
    ka_call_free(own.call);
    ka_queue_free(queue);
    ka_client_free(client);
    until_destroyed(&own, 1);
}

static void bad_hooks_are_refused(const char *base) {
    ka_client *client = client_with(NULL);
    ka_request *request = new_request("GET", base, "/ok");
    ka_error *error = NULL;
    log_of own;
    ka_hooks hooks;
    new_log(&own);
    CHECK_FAILS(ka_client_set_hooks(client, NULL, &error), KA_INVALID_ARGUMENT, "hooks", error);
    hooks = hooks_of(&own);
    hooks.hook = NULL;
    CHECK_FAILS(ka_request_set_hooks(request, &hooks, &error), KA_INVALID_ARGUMENT, "hooks.hook", error);
    CHECK(own.destroyed == 1);
    hooks = hooks_of(&own);
    CHECK_OK(ka_client_set_hooks(client, &hooks, &error), error);
    CHECK_FAILS(ka_client_set_hooks(client, &hooks, &error), KA_INVALID_STATE, "already", error);
    CHECK(own.destroyed == 2);
    hooks.size = 3;
    CHECK_FAILS(ka_client_set_hooks(client, &hooks, &error), KA_INVALID_ARGUMENT, "size", error);
    ka_request_free(request);
    ka_client_free(client);
    CHECK(own.destroyed == 3);
}

static void a_child_is_told_of_its_own_only(const char *base) {
    ka_client *client = client_with(NULL);
    ka_response *response;
    ka_error *error = NULL;
    log_of all;
    ka_hooks hooks;
    pid_t child;
    int status;
    new_log(&all);
    hooks = hooks_of(&all);
    CHECK_OK(ka_client_set_hooks(client, &hooks, &error), error);
    response = get(client, base, "/bytes/20000000");
    child = fork_patiently();
    CHECK(child >= 0);
    if (child == 0) {
        all.count = 0;
        ka_response_free(response);
        if (all.count != 0) _exit(2);
        get_and_compare(client, base, "/ok", "ok");
        _exit(told(&all, KA_HOOK_END) ? 0 : 3);
    }
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    ka_response_free(response);
    ka_client_free(client);
}

int main(int argc, char **argv) {
    addresses at = check_addresses(argc, argv);
    each_step_is_told(&at);
    failures_are_told(at.http);
    hooks_may_use_the_client(at.http);
    a_hook_may_cancel_its_own_call(at.http);
    bad_hooks_are_refused(at.http);
    a_child_is_told_of_its_own_only(at.http);
    return 0;
}
