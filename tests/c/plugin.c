/* A host that loads the library by name, uses it, unloads it while its threads are at work, and loads
 * it again; then it exits with it unloaded. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"

#include <dlfcn.h>
#include <time.h>
#include <unistd.h>

/* dlsym gives a data pointer, which ISO C does not convert to a function's. */
#define LOAD(name)                                                                        \
    do {                                                                                  \
        void *found = dlsym(library, #name);                                              \
        CHECK(found != NULL);                                                             \
        memcpy(&(my->name), &found, sizeof found);                                        \
    } while (0)

typedef struct {
    ka_client *(*ka_client_shared)(void);
    ka_status (*ka_request_new)(const char *, const char *, ka_request **, ka_error **);
    ka_status (*ka_client_send)(ka_client *, const ka_request *, ka_response **, ka_error **);
    ka_status (*ka_queue_new)(ka_queue **, ka_error **);
    ka_status (*ka_client_submit)(ka_client *, const ka_request *, ka_queue *, void *, ka_call **,
                                  ka_error **);
    size_t (*ka_queue_wait)(ka_queue *, ka_event *, size_t, int32_t);
    bool (*ka_response_reused)(const ka_response *);
    void (*ka_response_free)(ka_response *);
    void (*ka_request_free)(ka_request *);
    void (*ka_queue_free)(ka_queue *);
} table;

static void *load(const char *name, table *my) {
    void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) fprintf(stderr, "%s\n", dlerror());
    CHECK(library != NULL);
    LOAD(ka_client_shared);
    LOAD(ka_request_new);
    LOAD(ka_client_send);
    LOAD(ka_queue_new);
    LOAD(ka_client_submit);
    LOAD(ka_queue_wait);
    LOAD(ka_response_reused);
    LOAD(ka_response_free);
    LOAD(ka_request_free);
    LOAD(ka_queue_free);
    return library;
}

int main(int argc, char **argv) {
    char ok[256], slow[256];
    int round;
    CHECK(argc == 3); /* LIBRARY HTTP_URL */
    alarm(30);
    snprintf(ok, sizeof ok, "%s/ok", argv[2]);
    snprintf(slow, sizeof slow, "%s/slow-head?ms=100", argv[2]);
    for (round = 0; round < 5; round++) {
        struct timespec longer = {0, 150000000};
        table ka;
        void *library = load(argv[1], &ka);
        ka_request *request = NULL, *late = NULL;
        ka_response *response = NULL;
        ka_queue *queue = NULL;
        ka_event event;
        CHECK(ka.ka_request_new("GET", ok, &request, NULL) == KA_OK);
        CHECK(ka.ka_client_send(ka.ka_client_shared(), request, &response, NULL) == KA_OK);
        CHECK(ka.ka_response_reused(response) == (round > 0));
        ka.ka_response_free(response);
        CHECK(ka.ka_queue_new(&queue, NULL) == KA_OK);
        CHECK(ka.ka_client_submit(ka.ka_client_shared(), request, queue, NULL, NULL, NULL) == KA_OK);
        CHECK(ka.ka_queue_wait(queue, &event, 1, 20000) == 1 && event.status == KA_OK);
        ka.ka_response_free(event.response);
        /* this one is under way when the library is unloaded, and its answer comes after that */
        CHECK(ka.ka_request_new("GET", slow, &late, NULL) == KA_OK);
        CHECK(ka.ka_client_submit(ka.ka_client_shared(), late, queue, NULL, NULL, NULL) == KA_OK);
        ka.ka_request_free(late);
        ka.ka_request_free(request);
        ka.ka_queue_free(queue);
        CHECK(dlclose(library) == 0);
        nanosleep(&longer, NULL);
    }
    return 0;
}
