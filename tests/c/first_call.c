/* fork() while other threads make the process's first call of the library. The child must not inherit
 * anything that is taken for ever.
 *
 * Once with a fork at the very moment of the registration: glibc's function behind pthread_atfork is
 * this program's, and holds the thread there. Then as a storm, with processes that are new each time. */
#define _GNU_SOURCE
#include "posix.h"

#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>

enum { PROCESSES = 60, THREADS = 3, FORKS = 4, PATIENCE = 120 };

static addresses at;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
/* 0: nobody is to be held, 1: the next one is, 2: it is held. */
static volatile int stage;

int __register_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void), void *dso);

int __register_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void), void *dso) {
    int (*real)(void (*)(void), void (*)(void), void (*)(void), void *);
    void *found = dlsym(RTLD_NEXT, "__register_atfork");
    CHECK(found != NULL);
    memcpy(&real, &found, sizeof real);
    pthread_mutex_lock(&lock);
    if (stage == 1) {
        stage = 2;
        pthread_cond_broadcast(&changed);
        while (stage == 2) pthread_cond_wait(&changed, &lock);
    }
    pthread_mutex_unlock(&lock);
    return real(prepare, parent, child, dso);
}

static void use(void) {
    ka_queue *queue = NULL;
    queue = new_queue();
    ka_queue_free(queue);
    CHECK(ka_client_shared() != NULL);
    ka_client_free(new_client(at.ca_file));
}

static void *first(void *argument) {
    (void)argument;
    use();
    return NULL;
}

/* Uses the library as a child, and once more as one whose parent had used it. */
static void child(void) {
    pid_t grandchild;
    alarm(PATIENCE);
    use();
    grandchild = fork();
    CHECK(grandchild >= 0);
    if (grandchild == 0) {
        alarm(PATIENCE);
        use();
        _exit(0);
    }
    ended_well(grandchild);
    _exit(0);
}

static void held(void) {
    pthread_t thread;
    pid_t pid;
    stage = 1;
    CHECK(pthread_create(&thread, NULL, first, NULL) == 0);
    pthread_mutex_lock(&lock);
    while (stage != 2) pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
    pid = fork();
    if (pid == 0) {
        stage = 0;
        child();
    }
    pthread_mutex_lock(&lock);
    stage = 0;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    ended_well(pid);
    CHECK(pthread_join(thread, NULL) == 0);
    /* the registration that was held counts as well */
    pid = fork();
    if (pid == 0) child();
    ended_well(pid);
}

static void storm(void) {
    pthread_t threads[THREADS];
    pid_t children[FORKS];
    int i;
    for (i = 0; i < THREADS; i++) CHECK(pthread_create(&threads[i], NULL, first, NULL) == 0);
    for (i = 0; i < FORKS; i++) {
        children[i] = fork();
        if (children[i] == 0) child();
        sched_yield();
    }
    for (i = 0; i < FORKS; i++) ended_well(children[i]);
    for (i = 0; i < THREADS; i++) CHECK(pthread_join(threads[i], NULL) == 0);
}

int main(int argc, char **argv) {
    int i;
    at = check_addresses(argc, argv);
    for (i = 0; i <= PROCESSES; i++) {
        pid_t pid = fork();
        CHECK(pid >= 0);
        if (pid == 0) {
            alarm(PATIENCE);
            if (i == 0)
                held();
            else
                storm();
            _exit(0);
        }
        ended_well(pid);
    }
    return 0;
}
