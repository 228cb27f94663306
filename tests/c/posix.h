/* What the C tests share that needs POSIX: children and sockets. A file that includes it defines
 * _POSIX_C_SOURCE or _GNU_SOURCE first. */
#ifndef POSIX_H
#define POSIX_H

#include "check.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

/* fork(). An alarm is not inherited: the child gets one, so that it cannot hang for ever. */
static inline pid_t fork_patiently(void) {
    pid_t child = fork();
    if (child == 0) alarm(300);
    return child;
}

/* Waits for a child, which must end with status 0. */
static inline void ended_well(pid_t child) {
    int status;
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    if (WIFSIGNALED(status)) fprintf(stderr, "the child ended by signal %d\n", WTERMSIG(status));
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* A listening socket on the loopback and its URL. */
static inline int listen_here(char *base, size_t size) {
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(listener >= 0);
    CHECK(bind(listener, (struct sockaddr *)&address, sizeof address) == 0);
    CHECK(listen(listener, 8) == 0);
    CHECK(getsockname(listener, (struct sockaddr *)&address, &length) == 0);
    snprintf(base, size, "http://127.0.0.1:%u", (unsigned)ntohs(address.sin_port));
    return listener;
}

#endif
