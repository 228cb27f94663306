/* The C callers of the soak: threads that send, and one thread with a queue that keeps many requests
 * under way. What came of each request is counted by target, method and outcome; what must never
 * happen is told in words. One line of JSON at the end. */
#define _POSIX_C_SOURCE 200809L
#include "../c/check.h"

#include <ctype.h>
#include <dirent.h>
#include <inttypes.h>
#include <malloc.h>
#include <pthread.h>
#include <stdarg.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 64, IN_FLIGHT = 32, CALLERS = THREADS + IN_FLIGHT };
enum { DEADLINE_MS = 30000, SLACK_MS = 10000, KINDS = 256, TOLD = 20 };
enum { STEADY = 25 }; /* looks, 20 ms apart, that show the same */

typedef struct {
    const char *chaos[2], *nginx[2]; /* plain, TLS */
    uint64_t seed, first_caller;
} places;

static places at;
static ka_client *client;
static double phase_end;
static uint64_t numbers[CALLERS];

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
    char name[64];
    uint64_t count;
} kinds[KINDS];
static char told[TOLD][256];
static int wrong_count;
static uint64_t requests;
static double slowest;

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void wrong(const char *format, ...) {
    va_list arguments;
    pthread_mutex_lock(&lock);
    if (wrong_count < TOLD) {
        va_start(arguments, format);
        vsnprintf(told[wrong_count], sizeof told[0], format, arguments);
        va_end(arguments);
    }
    wrong_count++;
    pthread_mutex_unlock(&lock);
}

static void tally(const char *what, const char *outcome, double took) {
    char name[64];
    int i;
    snprintf(name, sizeof name, "%s %s", what, outcome);
    pthread_mutex_lock(&lock);
    for (i = 0; i < KINDS - 1 && kinds[i].count > 0; i++)
        if (strcmp(kinds[i].name, name) == 0) break;
    memcpy(kinds[i].name, name, sizeof name);
    kinds[i].count++;
    requests++;
    if (took > slowest) slowest = took;
    pthread_mutex_unlock(&lock);
}

/* splitmix64's mixing of caller, number and seed */
static uint64_t dice(uint64_t caller, uint64_t number) {
    uint64_t z = at.seed + caller * 0x9E3779B97F4A7C15u + number * 0xD1B54A32D192ED03u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

/* One request of one caller. */
typedef struct {
    uint64_t caller, number;
    char id[48];
    const char *what; /* target, method and whether it has a key */
    bool is_chaos, is_file;
    double start;
} job;

static ka_request *prepare(job *my, uint64_t caller, uint64_t number) {
    static const struct {
        const char *what, *method;
        bool chaos, key, file;
    } table[8] = {
        {"chaos GET", "GET", true, false, false},        {"chaos PUT", "PUT", true, false, false},
        {"chaos POST", "POST", true, false, false},      {"chaos POST+key", "POST", true, true, false},
        {"nginx GET", "GET", false, false, false},       {"nginx GET", "GET", false, false, true},
        {"nginx POST", "POST", false, false, false},     {"nginx POST+key", "POST", false, true, false},
    };
    uint64_t roll = dice(caller, number);
    int which = (int)(roll % 8), tls = (roll >> 8) % 4 == 0;
    char url[256];
    ka_request *request = NULL;
    ka_error *error = NULL;
    my->caller = caller;
    my->number = number;
    my->what = table[which].what;
    my->is_chaos = table[which].chaos;
    my->is_file = table[which].file;
    snprintf(my->id, sizeof my->id, "%" PRIu64 ".%" PRIu64, caller, number);
    if (my->is_chaos)
        snprintf(url, sizeof url, "%s/chaos/%" PRIu64 "/%" PRIu64 "/%" PRIu64, at.chaos[tls],
                 at.seed, caller, number);
    else
        snprintf(url, sizeof url, "%s/%s", at.nginx[tls], my->is_file ? "file" : "echo");
    CHECK_OK(ka_request_new(table[which].method, url, &request, &error), error);
    CHECK_OK(ka_request_add_header(request, "X-Id", my->id, &error), error);
    if (table[which].key)
        CHECK_OK(ka_request_add_header(request, "Idempotency-Key", my->id, &error), error);
    if (strcmp(table[which].method, "GET") != 0) {
        char body[64];
        int length = snprintf(body, sizeof body, "%s\n", my->id);
        CHECK_OK(ka_request_set_body(request, (const uint8_t *)body, (size_t)length, &error), error);
    }
    my->start = now();
    return request;
}

/* Whether the response is the answer to this very request. */
static void verify(const job *my, ka_response *response, ka_bytes body) {
    ka_str id = {NULL, 0}, length = {NULL, 0}, attempt = {NULL, 0};
    char line[64];
    size_t period, i;
    ka_info info;
    if (!ka_response_header(response, "X-Id", &id) || !str_equals(id, my->id)) {
        wrong("%s %s got the answer to %.*s", my->what, my->id, (int)id.len, id.ptr);
        return;
    }
    if (my->is_file) {
        for (i = 0; i < body.len && body.ptr[i] == i % 251; i++) {}
        if (i != body.len || i != 20000) wrong("%s %s: a garbled file", my->what, my->id);
        return;
    }
    period = (size_t)snprintf(line, sizeof line, "%s\n", my->id);
    for (i = 0; i < body.len && body.ptr[i] == (uint8_t)line[i % period]; i++) {}
    if (i != body.len) wrong("%s %s: another's body", my->what, my->id);
    if (!my->is_chaos) {
        if (body.len != period) wrong("%s %s: %zu bytes", my->what, my->id, body.len);
        return;
    }
    CHECK(ka_response_header(response, "X-Length", &length));
    CHECK(ka_response_header(response, "X-Attempt", &attempt));
    CHECK(ka_response_info(response, &info, sizeof info, NULL) == KA_OK);
    if (strtoull(length.ptr, NULL, 10) != body.len)
        wrong("%s %s: %zu bytes of %.*s", my->what, my->id, body.len, (int)length.len, length.ptr);
    if (strtoull(attempt.ptr, NULL, 10) > 1 + info.replays)
        wrong("%s %s: try %.*s, %u replays", my->what, my->id, (int)attempt.len, attempt.ptr,
              (unsigned)info.replays);
}

/* Takes response and error. */
static void finish(const job *my, ka_status status, ka_response *response, ka_error *error) {
    char outcome[32];
    ka_bytes body;
    double took;
    snprintf(outcome, sizeof outcome, "ok");
    if (status == KA_OK) {
        ka_error *cut = NULL;
        status = ka_response_read_all(response, &body, &cut);
        if (status == KA_OK && ka_response_status(response) == 200)
            verify(my, response, body);
        else if (status == KA_OK)
            snprintf(outcome, sizeof outcome, "%u", (unsigned)ka_response_status(response));
        ka_error_free(cut);
    }
    if (status != KA_OK) snprintf(outcome, sizeof outcome, "%s", ka_status_name(status));
    took = now() - my->start;
    if (took * 1000 > DEADLINE_MS + SLACK_MS) wrong("%s %s took %.1f s", my->what, my->id, took);
    tally(my->what, outcome, took);
    ka_response_free(response);
    ka_error_free(error);
}

static void *send_loop(void *argument) {
    size_t index = (size_t)(uint64_t *)argument;
    while (now() < phase_end) {
        job my;
        ka_request *request = prepare(&my, at.first_caller + index, numbers[index]++);
        ka_response *response = NULL;
        ka_error *error = NULL;
        ka_status status = ka_client_send(client, request, &response, &error);
        finish(&my, status, response, error);
        ka_request_free(request);
    }
    return NULL;
}

static void *queue_loop(void *argument) {
    static job jobs[IN_FLIGHT];
    ka_queue *queue = NULL;
    ka_error *error = NULL;
    int under_way = 0, i;
    (void)argument;
    CHECK_OK(ka_queue_new(&queue, &error), error);
    for (i = 0; i < IN_FLIGHT || under_way > 0;) {
        ka_event event;
        int slot = i;
        if (i < IN_FLIGHT) {
            i++;
        } else {
            size_t count = 0;
            CHECK_OK(ka_queue_take(queue, &event, 1, DEADLINE_MS + SLACK_MS, &count, &error), error);
            if (count != 1) {
                wrong("%d submitted requests never ended", under_way);
                break;
            }
            under_way--;
            slot = (int)((job *)event.user_data - jobs);
            finish(&jobs[slot], event.status, event.response, event.error);
        }
        if (now() < phase_end) {
            size_t index = THREADS + (size_t)slot;
            ka_request *request = prepare(&jobs[slot], at.first_caller + index, numbers[index]++);
            CHECK_OK(ka_client_submit(client, request, queue, &jobs[slot], NULL, &error), error);
            ka_request_free(request);
            under_way++;
        }
    }
    ka_queue_free(queue);
    return NULL;
}

static long number_of(const char *name) {
    char line[128];
    long value = -1;
    FILE *file = fopen("/proc/self/status", "r");
    CHECK(file != NULL);
    while (fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, name, strlen(name)) == 0) value = strtol(line + strlen(name), NULL, 10);
    fclose(file);
    return value;
}

static long descriptors(void) {
    long count = 0;
    DIR *dir = opendir("/proc/self/fd");
    CHECK(dir != NULL);
    while (readdir(dir) != NULL) count++;
    closedir(dir);
    return count - 3;
}

/* Runs every caller for a time; then, with nothing under way and nothing kept, tells what the process
 * holds. */
static void phase(double seconds, long *held) {
    pthread_t threads[THREADS + 1];
    ka_stats stats;
    long last = -1, count;
    double limit;
    int steady = 0;
    size_t i;
    phase_end = now() + seconds;
    for (i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, send_loop, (uint64_t *)i) == 0);
    CHECK(pthread_create(&threads[THREADS], NULL, queue_loop, NULL) == 0);
    for (i = 0; i <= THREADS; i++) CHECK(pthread_join(threads[i], NULL) == 0);
    limit = now() + 15;
    do {
        struct timespec pause = {0, 20000000};
        nanosleep(&pause, NULL);
        ka_client_network_changed(client);
        stats = stats_of(client);
        count = descriptors();
        steady = count == last ? steady + 1 : 0;
        last = count;
    } while (now() < limit && (stats.active + stats.dialing + stats.waiting + stats.idle > 0 ||
                               (held[0] > 0 ? count > held[0] : steady < STEADY)));
    malloc_trim(0);
    held[0] = descriptors();
    held[1] = number_of("Threads:");
    held[2] = number_of("VmRSS:");
}

static void report(long warm[3], long end[3]) {
    ka_stats stats = stats_of(client);
    const char *comma = "";
    int i;
    printf("{\"requests\": %" PRIu64 ", \"slowest\": %.3f, \"outcomes\": {", requests, slowest);
    for (i = 0; i < KINDS && kinds[i].count > 0; i++, comma = ", ")
        printf("%s\"%s\": %" PRIu64, comma, kinds[i].name, kinds[i].count);
    printf("}, \"wrong_count\": %d, \"wrong\": [", wrong_count);
    for (i = 0, comma = ""; i < wrong_count && i < TOLD; i++, comma = ", ")
        printf("%s\"%s\"", comma, told[i]);
    printf("], \"held\": [[%ld, %ld, %ld], [%ld, %ld, %ld]], ", warm[0], warm[1], warm[2], end[0],
           end[1], end[2]);
    printf("\"stats\": {\"opened\": %" PRIu64 ", \"closed\": %" PRIu64 ", \"idle\": %" PRIu64
           ", \"active\": %" PRIu64 ", \"dialing\": %" PRIu64 ", \"waiting\": %" PRIu64
           ", \"reused\": %" PRIu64 ", \"replayed\": %" PRIu64 "}}\n",
           stats.opened, stats.closed, stats.idle, stats.active, stats.dialing, stats.waiting,
           stats.reused, stats.replayed);
}

int main(int argc, char **argv) {
    ka_client_options options;
    ka_error *error = NULL;
    long held[3] = {0, 0, 0}, warm[3];
    if (argc != 10) {
        fprintf(stderr, "usage: %s CHAOS CHAOS_TLS NGINX NGINX_TLS CA SEED FIRST_CALLER WARM REST\n",
                argv[0]);
        return 2;
    }
    at.chaos[0] = argv[1];
    at.chaos[1] = argv[2];
    at.nginx[0] = argv[3];
    at.nginx[1] = argv[4];
    at.seed = strtoull(argv[6], NULL, 10);
    at.first_caller = strtoull(argv[7], NULL, 10);
    ka_client_options_init(&options, sizeof options);
    options.ca_file = argv[5];
    options.total_timeout_ms = DEADLINE_MS;
    CHECK_OK(ka_client_new(&options, &client, &error), error);
    phase(atof(argv[8]), held);
    memcpy(warm, held, sizeof warm);
    phase(atof(argv[9]), held);
    report(warm, held);
    ka_client_free(client);
    return 0;
}
