// What Swift cannot call itself: variadic and GNU-only system calls, macros, and the one piece of assembly.
// Every function returns a value >= 0, or -errno; none sets or needs `errno`.
#ifndef CLINUX_H
#define CLINUX_H

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/xattr.h>

#include "clinux_spawn.h"

/// English text of an errno value, never NULL.
const char *_Nonnull clinux_error_text(int error);

// Descriptors. All are CLOEXEC at birth.

int clinux_open(int directory, const char *_Nonnull path, int flags, unsigned mode);
/// A descriptor that only stands for what is at the path itself, a symbolic link included (O_PATH, O_NOFOLLOW).
int clinux_open_path(const char *_Nonnull path);
/// As fchown, also of a descriptor that only stands for a file.
int clinux_chown(int descriptor, uint32_t user, uint32_t group);
/// Copies up to so many bytes from one file's position to another's, sharing them where the file system can; 0: the end.
int64_t clinux_copy_range(int source, int target, size_t count);
/// A pipe whose reader never waits, and whose writer does when it is full.
int clinux_pipe(int *_Nonnull read_end, int *_Nonnull write_end);
int clinux_pipe_size(int descriptor, int bytes);
int clinux_set_nonblocking(int descriptor);

// Terminals.

/// A new pseudo-terminal: the end that drives it, which never waits, and the terminal itself, which does.
int clinux_open_terminal(int *_Nonnull driver, int *_Nonnull terminal);
int clinux_set_terminal_size(int terminal, uint16_t rows, uint16_t columns);

// The event loop.

int clinux_epoll_create(void);
int clinux_epoll_control(int epoll, int operation, int descriptor, uint32_t events, uint64_t data);
/// Waits at most `nanoseconds`; a negative value waits without end. EINTR counts as no event.
int clinux_epoll_wait(int epoll, struct epoll_event *_Nonnull events, int capacity, int64_t nanoseconds);
uint64_t clinux_epoll_data(const struct epoll_event *_Nonnull event);
int clinux_eventfd(void);

/// A timer of the wall clock, whose reads fail with ECANCELED after somebody has set that clock.
int clinux_wall_timer_create(void);
/// Sets the moment at which it expires, since 1970-01-01T00:00:00Z; all zero is never.
/// -ECANCELED: it is set, and the clock was, too, since the last read.
int clinux_wall_timer_set(int timer, int64_t seconds, int64_t nanoseconds);

// Signals.

int clinux_block_signals(const int *_Nonnull signals, size_t count);
int clinux_signalfd(const int *_Nonnull signals, size_t count);

// Processes.

struct clinux_exit {
    int32_t pid;
    int status;
    int code;
};

int clinux_pidfd_open(int32_t pid);
int clinux_pidfd_send_signal(int pidfd, int signal);
/// The inode that names a process for the whole uptime, where the kernel has pidfs (Linux 6.9); 0 elsewhere.
uint64_t clinux_pidfd_inode(int pidfd);
/// Reaps the child behind a pidfd. 1: `exit` is filled in, 0: it still runs, -ECHILD: it is not a child.
int clinux_wait_pidfd(int pidfd, struct clinux_exit *_Nonnull exit);
int clinux_wait_pid(int32_t pid, struct clinux_exit *_Nonnull exit);
/// Looks at any exited child without reaping it. 1: `exit` is filled in, 0: there is none.
int clinux_peek_exit(struct clinux_exit *_Nonnull exit);
int clinux_set_subreaper(int yes);

/// How many processors the caller may run on.
int clinux_processors(void);
int clinux_get_limit(int resource, uint64_t *_Nonnull soft, uint64_t *_Nonnull hard);
/// Of another process.
int clinux_get_limit_of(int32_t pid, int resource, uint64_t *_Nonnull soft, uint64_t *_Nonnull hard);
int clinux_set_limit(int resource, uint64_t soft, uint64_t hard);

// sd_notify's receiving side.

struct clinux_sender {
    int32_t pid;
    uint32_t uid;
    uint32_t gid;
};

int clinux_notify_socket(void);
/// Receives one datagram and closes every descriptor sent along. Returns its length; -EBADMSG: it was cut off or
/// carried no credentials.
int64_t clinux_notify_receive(int socket, void *_Nonnull buffer, size_t capacity,
                              struct clinux_sender *_Nonnull sender);

#endif
