// What supervising costs at the least: starts programs with their output captured, restarts those that end, and decides
// nothing. The benchmark compares stackd with it.
//
//   floor COUNT PROGRAM FILE
//
// It runs `PROGRAM FILE INDEX` COUNT times, prints "spawned BEGIN END" (CLOCK_MONOTONIC in nanoseconds, END being when
// the last exec had succeeded), reads what the programs say, and ends them at the end of its standard input.
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

// What an epoll event is about: a service's two pipes and its process, or, in place of a service, standard input.
enum kind { OUTPUT, ERROR, EXIT, INPUT, KINDS };

struct service {
    int readers[2];
    int pidfd;
};

// What the child needs to know; it runs in its parent's memory.
struct order {
    char *const *arguments;
    int writers[2];
    int failure;
};

static int poller;
static char child_stack[64 * 1024] __attribute__((aligned(16)));

static long long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (long long)time.tv_sec * 1000000000 + time.tv_nsec;
}

static void watch(int descriptor, int index, enum kind kind) {
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = (uint64_t)index * KINDS + kind};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, descriptor, &event) < 0) err(1, "epoll_ctl");
}

// The parent is suspended until the exec, so nothing else uses libc in the memory that the two share.
static int run(void *value) {
    struct order *order = value;
    // As with any supervisor, a terminal's signals are not for the services. It makes the kernel schedule each session
    // as a group of its own as well, which counts on a busy host.
    setsid();
    if (dup2(order->writers[0], STDOUT_FILENO) >= 0 && dup2(order->writers[1], STDERR_FILENO) >= 0) {
        execve(order->arguments[0], order->arguments, environ);
    }
    order->failure = errno;
    _exit(127);
}

// clone, not clone3, because only for clone libc has a wrapper that gives the child a stack; the kernel's work is the
// same.
static void spawn(struct service *service, int index, char *program, char *file) {
    char text[16];
    snprintf(text, sizeof text, "%d", index);
    struct order order = {.arguments = (char *[]){program, file, text, NULL}};
    for (int i = 0; i < 2; i++) {
        int ends[2];
        if (pipe2(ends, O_CLOEXEC) < 0 || fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0) err(1, "pipe2");
        service->readers[i] = ends[0];
        order.writers[i] = ends[1];
        watch(ends[0], index, (enum kind)(OUTPUT + i));
    }
    const int flags = CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD;
    if (clone(run, child_stack + sizeof child_stack, flags, &order, &service->pidfd) < 0) err(1, "clone");
    if (order.failure != 0) errx(1, "%s cannot be run: error %d", program, order.failure);
    for (int i = 0; i < 2; i++) close(order.writers[i]);
    watch(service->pidfd, index, EXIT);
}

// Closing a descriptor that nobody else has ends its registration as well.
static void reap(struct service *service) {
    siginfo_t info;
    if (waitid(P_PIDFD, (id_t)service->pidfd, &info, WEXITED) < 0) err(1, "waitid");
    close(service->pidfd);
    for (int i = 0; i < 2; i++) close(service->readers[i]);
}

static void end(struct service *services, int count) {
    for (int i = 0; i < count; i++) syscall(SYS_pidfd_send_signal, services[i].pidfd, SIGTERM, NULL, 0);
    for (int i = 0; i < count; i++) reap(&services[i]);
}

int main(int argc, char **argv) {
    const int count = argc == 4 ? atoi(argv[1]) : 0;
    if (count <= 0) errx(2, "usage: floor COUNT PROGRAM FILE");
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    struct service *services = calloc((size_t)count, sizeof *services);
    poller = epoll_create1(EPOLL_CLOEXEC);
    if (services == NULL || poller < 0) err(1, "cannot begin");
    watch(STDIN_FILENO, 0, INPUT);

    const long long began = now();
    for (int i = 0; i < count; i++) spawn(&services[i], i, argv[2], argv[3]);
    printf("spawned %lld %lld\n", began, now());
    fflush(stdout);

    for (;;) {
        struct epoll_event events[256];
        const int ready = epoll_wait(poller, events, 256, -1);
        for (int i = 0; i < ready; i++) {
            static char buffer[256 * 1024];
            const int index = (int)(events[i].data.u64 / KINDS);
            const enum kind kind = (enum kind)(events[i].data.u64 % KINDS);
            struct service *service = &services[index];
            switch (kind) {
            case OUTPUT:
            case ERROR:
                // An event that is older than a restart finds the new pipe empty.
                if (read(service->readers[kind], buffer, sizeof buffer) < 0 && errno != EAGAIN) err(1, "read");
                break;
            case EXIT:
                reap(service);
                spawn(service, index, argv[2], argv[3]);
                break;
            case INPUT:
                end(services, count);
                return 0;
            case KINDS:
                break;
            }
        }
    }
}
