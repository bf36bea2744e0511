#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

static int result(long value) { return value < 0 ? -errno : (int)value; }

const char *clinux_error_text(int error) {
    const char *text = strerrordesc_np(error);
    return text != NULL ? text : "Unknown error";
}

int clinux_open(int directory, const char *path, int flags, unsigned mode) {
    return result(openat(directory, path, flags | O_CLOEXEC, mode));
}

int clinux_open_path(const char *path) { return result(open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC)); }

int clinux_chown(int descriptor, uint32_t user, uint32_t group) {
    return result(fchownat(descriptor, "", user, group, AT_EMPTY_PATH));
}

int64_t clinux_copy_range(int source, int target, size_t count) {
    const ssize_t copied = copy_file_range(source, NULL, target, NULL, count, 0);
    return copied < 0 ? -errno : copied;
}

int clinux_pipe(int *read_end, int *write_end) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return -errno;
    // A new pipe has no other flags that this could undo, and to ask would cost another call.
    if (fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0) {
        const int error = errno;
        close(ends[0]);
        close(ends[1]);
        return -error;
    }
    *read_end = ends[0];
    *write_end = ends[1];
    return 0;
}

int clinux_pipe_size(int descriptor, int bytes) { return result(fcntl(descriptor, F_SETPIPE_SZ, bytes)); }

int clinux_set_nonblocking(int descriptor) {
    const int flags = fcntl(descriptor, F_GETFL);
    return flags < 0 ? -errno : result(fcntl(descriptor, F_SETFL, flags | O_NONBLOCK));
}

// TIOCGPTPEER (Linux 4.13) opens the terminal without its name, which another mount of devpts may give to another one.
int clinux_open_terminal(int *driver, int *terminal) {
    const int number = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    if (number < 0) return -errno;
    const int peer = unlockpt(number) < 0 ? -1 : ioctl(number, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (peer < 0) {
        const int error = errno;
        close(number);
        return -error;
    }
    *driver = number;
    *terminal = peer;
    return 0;
}

int clinux_set_terminal_size(int terminal, uint16_t rows, uint16_t columns) {
    const struct winsize size = {.ws_row = rows, .ws_col = columns};
    return result(ioctl(terminal, TIOCSWINSZ, &size));
}

int clinux_epoll_create(void) { return result(epoll_create1(EPOLL_CLOEXEC)); }

int clinux_epoll_control(int epoll, int operation, int descriptor, uint32_t events, uint64_t data) {
    struct epoll_event event = {.events = events, .data.u64 = data};
    return result(epoll_ctl(epoll, operation, descriptor, &event));
}

// epoll_pwait2 takes nanoseconds (Linux 5.11); where a sandbox refuses it, milliseconds rounded up never wake too
// early.
int clinux_epoll_wait(int epoll, struct epoll_event *events, int capacity, int64_t nanoseconds) {
    static _Thread_local int lacks_pwait2;
    long count;
    if (nanoseconds == 0 || nanoseconds < 0 || lacks_pwait2) {
        const int64_t milliseconds = nanoseconds <= 0 ? nanoseconds : (nanoseconds + 999999) / 1000000;
        const int timeout = milliseconds < 0 ? -1 : milliseconds > INT32_MAX ? INT32_MAX : (int)milliseconds;
        count = epoll_wait(epoll, events, capacity, timeout);
    } else {
        const struct timespec timeout = {nanoseconds / 1000000000, nanoseconds % 1000000000};
        count = syscall(SYS_epoll_pwait2, epoll, events, capacity, &timeout, NULL, 0);
        if (count < 0 && (errno == ENOSYS || errno == EPERM)) {
            lacks_pwait2 = 1;
            return clinux_epoll_wait(epoll, events, capacity, nanoseconds);
        }
    }
    return count < 0 && errno == EINTR ? 0 : result(count);
}

uint64_t clinux_epoll_data(const struct epoll_event *event) { return event->data.u64; }

int clinux_eventfd(void) { return result(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)); }

int clinux_wall_timer_create(void) { return result(timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK)); }

int clinux_wall_timer_set(int timer, int64_t seconds, int64_t nanoseconds) {
    const struct itimerspec moment = {.it_value = {.tv_sec = seconds, .tv_nsec = nanoseconds}};
    return result(timerfd_settime(timer, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &moment, NULL));
}

static sigset_t set_of(const int *signals, size_t count) {
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < count; i++) sigaddset(&set, signals[i]);
    return set;
}

int clinux_block_signals(const int *signals, size_t count) {
    const sigset_t set = set_of(signals, count);
    return -pthread_sigmask(SIG_BLOCK, &set, NULL);
}

int clinux_signalfd(const int *signals, size_t count) {
    const sigset_t set = set_of(signals, count);
    return result(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

int clinux_pidfd_open(int32_t pid) { return result(syscall(SYS_pidfd_open, pid, 0)); }

int clinux_pidfd_send_signal(int pidfd, int signal) {
    return result(syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0));
}

uint64_t clinux_pidfd_inode(int pidfd) {
    static const long pidfs_magic = 0x50494446;
    struct statfs system;
    struct stat status;
    if (fstatfs(pidfd, &system) != 0 || system.f_type != pidfs_magic || fstat(pidfd, &status) != 0) return 0;
    return status.st_ino;
}

static int wait_for(int kind, id_t id, int options, struct clinux_exit *exit) {
    siginfo_t info = {0};
    int status;
    do {
        status = waitid((idtype_t)kind, id, &info, WEXITED | WNOHANG | options);
    } while (status < 0 && errno == EINTR);
    if (status < 0) return -errno;
    if (info.si_pid == 0) return 0;
    *exit = (struct clinux_exit){.pid = info.si_pid, .status = info.si_status, .code = info.si_code};
    return 1;
}

int clinux_wait_pidfd(int pidfd, struct clinux_exit *exit) { return wait_for(P_PIDFD, (id_t)pidfd, 0, exit); }

int clinux_wait_pid(int32_t pid, struct clinux_exit *exit) { return wait_for(P_PID, (id_t)pid, 0, exit); }

int clinux_peek_exit(struct clinux_exit *exit) {
    const int found = wait_for(P_ALL, 0, WNOWAIT, exit);
    return found == -ECHILD ? 0 : found;
}

int clinux_set_subreaper(int yes) { return result(prctl(PR_SET_CHILD_SUBREAPER, yes, 0, 0, 0)); }

int clinux_processors(void) {
    unsigned long set[1024];  // 65,536 of them, which is more than any kernel is built for
    const long size = syscall(SYS_sched_getaffinity, 0, sizeof set, set);
    if (size < 0) return -errno;
    int count = 0;
    for (size_t i = 0; i < (size_t)size / sizeof *set; i++) count += __builtin_popcountl(set[i]);
    return count;
}

int clinux_get_limit(int resource, uint64_t *soft, uint64_t *hard) {
    return clinux_get_limit_of(0, resource, soft, hard);
}

int clinux_get_limit_of(int32_t pid, int resource, uint64_t *soft, uint64_t *hard) {
    struct rlimit limit;
    if (prlimit(pid, (__rlimit_resource_t)resource, NULL, &limit) != 0) return -errno;
    *soft = limit.rlim_cur;
    *hard = limit.rlim_max;
    return 0;
}

int clinux_set_limit(int resource, uint64_t soft, uint64_t hard) {
    const struct rlimit limit = {.rlim_cur = soft, .rlim_max = hard};
    return result(setrlimit((__rlimit_resource_t)resource, &limit));
}

int clinux_notify_socket(void) {
    const int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0) return -errno;
    const int yes = 1;
    if (setsockopt(descriptor, SOL_SOCKET, SO_PASSCRED, &yes, sizeof yes) != 0) {
        const int error = errno;
        close(descriptor);
        return -error;
    }
    return descriptor;
}

static void close_all(const struct cmsghdr *header) {
    const size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; i++) {
        int descriptor;
        memcpy(&descriptor, CMSG_DATA(header) + i * sizeof descriptor, sizeof descriptor);
        close(descriptor);
    }
}

int64_t clinux_notify_receive(int socket, void *buffer, size_t capacity, struct clinux_sender *sender) {
    enum { DESCRIPTORS_MAX = 253 };  // the kernel's SCM_MAX_FD
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(DESCRIPTORS_MAX * sizeof(int))];
    } control;
    struct iovec vector = {.iov_base = buffer, .iov_len = capacity};
    struct msghdr message = {
        .msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    const ssize_t length = recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (length < 0) return -errno;

    int credentials = 0;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header != NULL; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET) continue;
        if (header->cmsg_type == SCM_RIGHTS) close_all(header);
        if (header->cmsg_type == SCM_CREDENTIALS) {
            struct ucred sent;
            memcpy(&sent, CMSG_DATA(header), sizeof sent);
            *sender = (struct clinux_sender){.pid = sent.pid, .uid = sent.uid, .gid = sent.gid};
            credentials = 1;
        }
    }
    const int cut = (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0;
    return cut || !credentials ? -EBADMSG : length;
}
