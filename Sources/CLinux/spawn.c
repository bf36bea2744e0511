// clone3 with CLONE_VM|CLONE_VFORK: the child runs in its parent's memory, so its cost does not grow with the parent's.
// The price: only the calling thread is suspended, every other thread goes on in the same memory, and `errno`, locks
// and every other piece of libc's state belong to the suspended thread. So from clone3 to execve the child stands on a
// stack of its own and makes system calls by hand.
//
// Descriptors would make it grow again: a child with a copy of its parent's table pays for each of the thousands in it
// twice, once when it is copied and once when exec closes it. So the child shares the table (CLONE_FILES), and its very
// first act is to take a private copy of the lowest numbers only (close_range(2), CLOSE_RANGE_UNSHARE), among which its
// parent has put what it is to have. Until then it touches no descriptor: it would be its parent's.
#define _GNU_SOURCE
#include "clinux_spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP 0x200000000ULL
#endif
#ifndef CLOSE_RANGE_UNSHARE
#define CLOSE_RANGE_UNSHARE (1U << 1)
#endif
#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif

// The kernel's layout (version 2, Linux 5.7); older headers lack the last field.
struct clone_arguments {
    uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup;
};

typedef void (*run_function)(void *);

enum { SIGNAL_COUNT = 64, SIGNAL_SET_SIZE = SIGNAL_COUNT / 8 };

#if defined(__x86_64__)

static inline long call6(long number, long a, long b, long c, long d, long e, long f) {
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

// noinline: the child must never return into a frame that its parent owns, and here it cannot.
__attribute__((noinline)) static long clone3_and_run(struct clone_arguments *arguments, run_function run, void *value) {
    register run_function function __asm__("r12") = run;
    register void *argument __asm__("r13") = value;
    long result;
    __asm__ volatile("syscall\n\t"
                     "test %%rax, %%rax\n\t"
                     "jnz 1f\n\t"
                     "xor %%ebp, %%ebp\n\t"
                     "mov %%r13, %%rdi\n\t"
                     "call *%%r12\n\t"
                     "hlt\n"
                     "1:"
                     : "=a"(result)
                     : "a"(SYS_clone3), "D"(arguments), "S"(sizeof *arguments), "r"(function), "r"(argument)
                     : "rcx", "r11", "memory", "cc");
    return result;
}

#elif defined(__aarch64__)

static inline long call6(long number, long a, long b, long c, long d, long e, long f) {
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    register long x5 __asm__("x5") = f;
    __asm__ volatile("svc #0"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                     : "memory", "cc");
    return x0;
}

__attribute__((noinline)) static long clone3_and_run(struct clone_arguments *arguments, run_function run, void *value) {
    register long x8 __asm__("x8") = SYS_clone3;
    register long x0 __asm__("x0") = (long)arguments;
    register long x1 __asm__("x1") = sizeof *arguments;
    register run_function function __asm__("x20") = run;
    register void *argument __asm__("x21") = value;
    __asm__ volatile("svc #0\n\t"
                     "cbnz x0, 1f\n\t"
                     "mov x29, xzr\n\t"
                     "mov x0, x21\n\t"
                     "blr x20\n\t"
                     "brk #1\n"
                     "1:"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(function), "r"(argument)
                     : "memory", "cc");
    return x0;
}

#else
#error "clinux_spawn is written for x86_64 and aarch64"
#endif

static inline long call3(long number, long a, long b, long c) { return call6(number, a, b, c, 0, 0, 0); }

// One child's state: a pointer to what it shares, and what only its parent could know.
struct child {
    struct clinux_spawn *request;
    long parent;
    // sources[i] becomes descriptor i. The child changes this array as it lifts sources out of the way.
    int *sources;
    // From this number on it leaves the shared table behind; 0 when it was born with a copy of the whole.
    int first_left_behind;
    // Why it could not leave the shared table.
    int unshare_errno;
};

__attribute__((noreturn)) static void fail(struct clinux_spawn *request, enum clinux_stage stage, long result) {
    request->failed_errno = (int)-result;
    request->failed_stage = stage;
    for (;;) call3(SYS_exit_group, 127, 0, 0);
}

static inline long check(struct clinux_spawn *request, enum clinux_stage stage, long result) {
    if (result < 0) fail(request, stage, result);
    return result;
}

// exec keeps ignored signals ignored and the mask as it is, and libraries (NIO: SIGPIPE) set both.
static void reset_signal_dispositions(void) {
    const uint64_t defaults[4] = {0, 0, 0, 0};
    for (int number = 1; number <= SIGNAL_COUNT; number++) {
        if (number != SIGKILL && number != SIGSTOP) {
            call6(SYS_rt_sigaction, number, (long)defaults, 0, SIGNAL_SET_SIZE, 0, 0);
        }
    }
}

static void enter_session(struct clinux_spawn *request) {
    switch (request->session) {
    case CLINUX_SESSION_INHERIT: break;
    case CLINUX_SESSION_NEW: check(request, CLINUX_STAGE_SESSION, call3(SYS_setsid, 0, 0, 0)); break;
    case CLINUX_SESSION_GROUP: check(request, CLINUX_STAGE_SESSION, call3(SYS_setpgid, 0, 0, 0)); break;
    }
}

static void set_oom_score(struct clinux_spawn *request) {
    if (request->oom_score == NULL) return;
    size_t length = 0;
    while (request->oom_score[length] != 0) length++;
    const char *path = "/proc/self/oom_score_adj";
    const long file = check(request, CLINUX_STAGE_OOM_SCORE,
                            call6(SYS_openat, AT_FDCWD, (long)path, O_WRONLY | O_CLOEXEC, 0, 0, 0));
    check(request, CLINUX_STAGE_OOM_SCORE, call3(SYS_write, file, (long)request->oom_score, (long)length));
    call3(SYS_close, file, 0, 0);
}

static void leave_shared_table(struct child *child) {
    if (child->first_left_behind == 0) return;
    const long result = call3(SYS_close_range, child->first_left_behind, ~0U, CLOSE_RANGE_UNSHARE);
    if (result == 0) return;
    child->unshare_errno = (int)-result;
    fail(child->request, CLINUX_STAGE_DESCRIPTORS, result);
}

// Sources inside the target range are lifted above it first: else a dup3 onto a target could close a source not yet
// used.
static void place_descriptors(struct clinux_spawn *request, int *sources) {
    const int count = request->source_count;
    for (int i = 0; i < count; i++) {
        if (sources[i] < count) {
            sources[i] = (int)check(request, CLINUX_STAGE_DESCRIPTORS,
                                    call3(SYS_fcntl, sources[i], F_DUPFD_CLOEXEC, count));
        }
    }
    for (int i = 0; i < count; i++) {
        check(request, CLINUX_STAGE_DESCRIPTORS, call3(SYS_dup3, sources[i], i, 0));
    }
    check(request, CLINUX_STAGE_DESCRIPTORS, call3(SYS_close_range, count, ~0U, CLOSE_RANGE_CLOEXEC));
}

static void set_limits(struct clinux_spawn *request) {
    for (size_t i = 0; i < request->limit_count; i++) {
        const uint64_t values[2] = {request->limits[i].soft, request->limits[i].hard};
        request->failed_detail = request->limits[i].resource;
        check(request, CLINUX_STAGE_LIMITS,
              call6(SYS_prlimit64, 0, request->limits[i].resource, (long)values, 0, 0, 0));
    }
}

static void become_user(struct clinux_spawn *request) {
    if (request->set_groups) {
        check(request, CLINUX_STAGE_GROUPS,
              call3(SYS_setgroups, (long)request->group_count, (long)request->groups, 0));
    }
    if (request->gid >= 0) {
        check(request, CLINUX_STAGE_GROUP, call3(SYS_setresgid, request->gid, request->gid, request->gid));
    }
    if (request->uid >= 0) {
        check(request, CLINUX_STAGE_USER, call3(SYS_setresuid, request->uid, request->uid, request->uid));
    }
}

static void write_listen_pid(char *text) {
    char digits[12];
    int count = 0;
    for (long pid = call3(SYS_getpid, 0, 0, 0); pid > 0; pid /= 10) digits[count++] = (char)('0' + pid % 10);
    for (int i = 0; i < count; i++) text[i] = digits[count - 1 - i];
    text[count] = 0;
}

// As execvp: a file that may not be run does not end the search, but is what the search reports.
static long execute(struct clinux_spawn *request) {
    long result = -ENOENT;
    int denied = 0;
    for (const char *const *path = request->paths; *path != NULL; path++) {
        result = call3(SYS_execve, (long)*path, (long)request->argv, (long)request->envp);
        switch (-result) {
        case EACCES: denied = 1; break;
        case ENOENT: case ENOTDIR: case ESTALE: case ENODEV: case ETIMEDOUT: break;
        default: return result;
        }
    }
    return denied ? -EACCES : result;
}

// What needs privileges comes before the user changes, what the user's own rights decide after it. Limits come after
// the descriptors, which a low RLIMIT_NOFILE would refuse.
static void run_child(void *value) {
    struct child *child = value;
    struct clinux_spawn *request = child->request;
    leave_shared_table(child);
    reset_signal_dispositions();
    enter_session(request);
    set_oom_score(request);
    if (request->set_nice) {
        check(request, CLINUX_STAGE_NICE, call3(SYS_setpriority, PRIO_PROCESS, 0, request->nice));
    }
    if (request->umask >= 0) call3(SYS_umask, request->umask, 0, 0);
    place_descriptors(request, child->sources);
    if (request->controlling_terminal) {
        check(request, CLINUX_STAGE_TERMINAL, call3(SYS_ioctl, STDIN_FILENO, TIOCSCTTY, 0));
    }
    set_limits(request);
    become_user(request);
    if (request->working_directory != NULL) {
        check(request, CLINUX_STAGE_WORKING_DIRECTORY, call3(SYS_chdir, (long)request->working_directory, 0, 0));
    }
    if (request->no_new_privileges) {
        check(request, CLINUX_STAGE_NO_NEW_PRIVILEGES, call6(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0));
    }
    if (request->death_signal > 0) {
        // After the change of user, which clears it.
        check(request, CLINUX_STAGE_DEATH_SIGNAL, call3(SYS_prctl, PR_SET_PDEATHSIG, request->death_signal, 0));
        if (call3(SYS_getppid, 0, 0, 0) != child->parent) fail(request, CLINUX_STAGE_DEATH_SIGNAL, -ESRCH);
    }
    if (request->listen_pid != NULL) write_listen_pid(request->listen_pid);
    const uint64_t none = 0;
    call6(SYS_rt_sigprocmask, SIG_SETMASK, (long)&none, 0, SIGNAL_SET_SIZE, 0, 0);
    fail(request, CLINUX_STAGE_EXECUTABLE, execute(request));
}

// One attempt; the result and the request's are those of `clinux_spawn`.
static int32_t start(struct child *child, void *stack, size_t stack_size) {
    struct clinux_spawn *request = child->request;
    int pidfd = -1;
    struct clone_arguments arguments = {
        .flags = CLONE_VM | CLONE_VFORK | CLONE_PIDFD,
        .pidfd = (uintptr_t)&pidfd,
        .exit_signal = SIGCHLD,
        .stack = (uintptr_t)stack,
        .stack_size = stack_size,
    };
    if (child->first_left_behind > 0) arguments.flags |= CLONE_FILES;
    if (request->cgroup >= 0) {
        arguments.flags |= CLONE_INTO_CGROUP;
        arguments.cgroup = (uint64_t)request->cgroup;
    }
    request->failed_stage = CLINUX_STAGE_NONE;
    request->pidfd = -1;

    // A change of user clears the "dumpable" flag of the memory, which is the parent's too; that keeps the user out of
    // the shared memory, and is put back when the child has left it.
    const int changes_user = request->uid >= 0 || request->gid >= 0;
    const int dumpable = changes_user ? prctl(PR_GET_DUMPABLE) : 0;

    // No handler of the parent may run on the child's stack, so the child is born with every signal blocked.
    const uint64_t all = ~0ULL;
    uint64_t previous = 0;
    call6(SYS_rt_sigprocmask, SIG_SETMASK, (long)&all, (long)&previous, SIGNAL_SET_SIZE, 0, 0);
    const long pid = clone3_and_run(&arguments, run_child, child);
    call6(SYS_rt_sigprocmask, SIG_SETMASK, (long)&previous, 0, SIGNAL_SET_SIZE, 0, 0);
    if (changes_user && dumpable == 1) prctl(PR_SET_DUMPABLE, dumpable);

    if (pid < 0) {
        // A full pids.max and a full process table look the same; all else with a cgroup is the cgroup's refusal.
        const int exhausted = pid == -EAGAIN || pid == -ENOMEM || pid == -EMFILE || pid == -ENFILE || pid == -ENOSYS;
        request->failed_stage = request->cgroup >= 0 && !exhausted ? CLINUX_STAGE_CGROUP : CLINUX_STAGE_CLONE;
        request->failed_errno = (int)-pid;
        return (int32_t)pid;
    }
    if (request->failed_stage != CLINUX_STAGE_NONE) {
        siginfo_t ignored;
        while (waitid(P_PID, (id_t)pid, &ignored, WEXITED) < 0 && errno == EINTR) {}
        close(pidfd);
        return -request->failed_errno;
    }
    request->pidfd = pidfd;
    return (int32_t)pid;
}

// Puts the sources into the slots; a slot holds its filler already.
static int32_t fill_slots(struct clinux_spawn *request) {
    for (int i = 0; i < request->source_count; i++) {
        if (request->sources[i] == request->slot_filler) continue;
        if (dup3(request->sources[i], request->slots[i], O_CLOEXEC) < 0) {
            request->failed_stage = CLINUX_STAGE_DESCRIPTORS;
            request->failed_errno = errno;
            return -errno;
        }
    }
    return 0;
}

static void empty_slots(struct clinux_spawn *request) {
    for (int i = 0; i < request->source_count; i++) {
        if (request->sources[i] != request->slot_filler) dup3(request->slot_filler, request->slots[i], O_CLOEXEC);
    }
}

int32_t clinux_spawn(struct clinux_spawn *request, void *stack, size_t stack_size) {
    // Linux before 5.9 cannot, and a sandbox may refuse it.
    static _Thread_local int lacks_unshare;

    struct child child = {.request = request, .parent = getpid(), .sources = request->sources};
    const int count = request->source_count;
    if (count > request->slot_count || count > CLINUX_SLOTS_MAX || lacks_unshare) {
        return start(&child, stack, stack_size);
    }

    struct child sharing = child;
    // The child's own, because it changes them.
    int sources[CLINUX_SLOTS_MAX];
    for (int i = 0; i < count; i++) {
        sources[i] = request->slots[i];
        if (sharing.first_left_behind <= sources[i]) sharing.first_left_behind = sources[i] + 1;
    }
    sharing.sources = sources;
    int32_t pid = fill_slots(request);
    if (pid == 0) pid = start(&sharing, stack, stack_size);
    empty_slots(request);
    const int refusal = sharing.unshare_errno;
    if (refusal != EINVAL && refusal != ENOSYS && refusal != EPERM) return pid;
    lacks_unshare = 1;
    return start(&child, stack, stack_size);
}

static const size_t guard_size = 65536;

void *clinux_map_stack(size_t size) {
    char *base = mmap(NULL, size + guard_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED) return NULL;
    if (mprotect(base + guard_size, size, PROT_READ | PROT_WRITE) != 0) {
        munmap(base, size + guard_size);
        return NULL;
    }
    return base + guard_size;
}

void clinux_unmap_stack(void *stack, size_t size) { munmap((char *)stack - guard_size, size + guard_size); }
