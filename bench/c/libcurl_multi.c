/* libcurl: many easy handles in one multi handle, driven by epoll through curl_multi_socket_action,
 * which its documentation recommends for many connections. */
#include "bench.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

enum { BATCH = 64 };

struct transfer {
    CURL *easy;
    size_t size;
    bool hold; /* stop at the first byte of the body */
    bool held;
};

static CURLM *multi;
static struct transfer *transfers;
static int poller;
static long timeout = -1;

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *argument, void *known) {
    struct epoll_event event = {.data.fd = fd};
    (void)easy, (void)argument;
    if (what == CURL_POLL_REMOVE) {
        epoll_ctl(poller, EPOLL_CTL_DEL, fd, NULL);
        return 0;
    }
    if (what & CURL_POLL_IN) event.events |= EPOLLIN;
    if (what & CURL_POLL_OUT) event.events |= EPOLLOUT;
    epoll_ctl(poller, known == NULL ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &event);
    curl_multi_assign(multi, fd, &poller);
    return 0;
}

static int on_timer(CURLM *from, long milliseconds, void *argument) {
    (void)from, (void)argument;
    timeout = milliseconds;
    return 0;
}

static size_t on_body(char *data, size_t one, size_t count, void *argument) {
    struct transfer *transfer = argument;
    (void)data, (void)one;
    if (transfer->hold) {
        transfer->held = true;
        return CURL_WRITEFUNC_PAUSE;
    }
    transfer->size += count;
    return count;
}

static void open_multi_handle(long connections) {
    poller = epoll_create1(0);
    multi = curl_multi_init();
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, connections);
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer);
}

static void prepare(struct transfer *transfer, const struct options *options) {
    CURL *easy = transfer->easy = curl_easy_init();
    curl_easy_setopt(easy, CURLOPT_URL, options->url);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_CAINFO, options->ca);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
}

static void start(struct transfer *transfer) {
    transfer->size = 0;
    if (curl_multi_add_handle(multi, transfer->easy) != CURLM_OK) fail("curl_multi_add_handle");
}

/* Waits for sockets or the timer and lets libcurl act on them. */
static void step(void) {
    struct epoll_event events[BATCH];
    int running, ready = epoll_wait(poller, events, BATCH, (int)timeout);
    for (int i = 0; i < ready; i++) {
        int what = (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR) ? CURL_CSELECT_IN : 0) |
                   (events[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0);
        curl_multi_socket_action(multi, events[i].data.fd, what, &running);
    }
    if (ready == 0 || timeout == 0)
        curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running);
}

/* The next transfer that ended, taken off the multi handle; NULL when there is none. */
static struct transfer *ended_transfer(const struct options *options) {
    int left;
    struct transfer *transfer;
    CURLMsg *message = curl_multi_info_read(multi, &left);
    if (message == NULL) return NULL;
    if (message->data.result != CURLE_OK) fail("%s", curl_easy_strerror(message->data.result));
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&transfer);
    check_length(options, transfer->size);
    curl_multi_remove_handle(multi, transfer->easy);
    return transfer;
}

static void open_all(const struct options *options) {
    open_multi_handle(options->in_flight);
    transfers = calloc((size_t)options->in_flight, sizeof *transfers);
    for (int i = 0; i < options->in_flight; i++) prepare(&transfers[i], options);
}

static void run(const struct options *options, long count) {
    long started = 0, ended = 0;
    for (; started < options->in_flight && started < count; started++) start(&transfers[started]);
    while (ended < count) {
        step();
        for (struct transfer *transfer; (transfer = ended_transfer(options)) != NULL; ended++) {
            if (started == count) continue;
            start(transfer);
            started++;
        }
    }
}

/* Mode "idle": an easy handle for each connection, freed once its response is read. */
static void *open_idle(const struct options *options) {
    open_multi_handle(options->requests + 1);
    return (void *)options;
}

static void *hold(void *session, const char *url) {
    struct transfer *transfer = calloc(1, sizeof *transfer);
    transfer->hold = true;
    prepare(transfer, session);
    curl_easy_setopt(transfer->easy, CURLOPT_URL, url);
    start(transfer);
    while (!transfer->held) step();
    return transfer;
}

static void release(void *session, void *held) {
    struct transfer *transfer = held;
    transfer->hold = false;
    curl_easy_pause(transfer->easy, CURLPAUSE_CONT);
    while (ended_transfer(session) == NULL) step();
    curl_easy_cleanup(transfer->easy);
    free(transfer);
}

int main(int argc, char **argv) {
    static const struct sequential idle = {.open = open_idle, .hold = hold, .release = release};
    curl_global_init(CURL_GLOBAL_DEFAULT);
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "idle") == 0) return bench_sequential(argc, argv, &idle);
    return bench_concurrent(argc, argv, open_all, run);
}
