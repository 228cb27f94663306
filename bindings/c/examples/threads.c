/* threads URL THREADS N: threads share one client, and so its connections. */
#include <keepalive.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST = 64 };

typedef struct {
    ka_client *client;
    const ka_request *request; /* one request for all: it is only read */
    long count;
    long failed;
} job;

static void *work(void *argument) {
    job *my = (job *)argument;
    long i;
    for (i = 0; i < my->count; i++) {
        ka_response *response = NULL;
        ka_bytes body;
        if (ka_client_send(my->client, my->request, &response, NULL) != KA_OK ||
            ka_response_read_all(response, &body, NULL) != KA_OK)
            my->failed++;
        ka_response_free(response);
    }
    return NULL;
}

int main(int argc, char **argv) {
    pthread_t threads[MOST];
    job jobs[MOST];
    ka_request *request = NULL;
    ka_stats stats;
    long count, failed = 0;
    int number, i;

    if (argc != 4 || (number = atoi(argv[2])) < 1 || number > MOST || (count = atol(argv[3])) < 1) {
        fprintf(stderr, "usage: %s URL THREADS N\n", argv[0]);
        return 2;
    }
    if (ka_request_new("GET", argv[1], &request, NULL) != KA_OK) {
        fprintf(stderr, "%s is not a URL\n", argv[1]);
        return 1;
    }
    for (i = 0; i < number; i++) {
        jobs[i].client = ka_client_shared();
        jobs[i].request = request;
        jobs[i].count = count;
        jobs[i].failed = 0;
        if (pthread_create(&threads[i], NULL, work, &jobs[i]) != 0) return 1;
    }
    for (i = 0; i < number; i++) {
        pthread_join(threads[i], NULL);
        failed += jobs[i].failed;
    }
    ka_client_stats(ka_client_shared(), &stats, sizeof stats, NULL);
    printf("%ld requests on %lu connections, %ld failed\n", number * count,
           (unsigned long)stats.opened, failed);
    ka_request_free(request);
    return failed == 0 ? 0 : 1;
}
