// The smallest service: it notes the moment at which it began, says a line, and waits. On SIGUSR1 it floods its output.
//
//   pause FILE INDEX
//
// FILE gets a line "started INDEX PID NANOSECONDS", and "flooded ..." when all of a flood has been written; the times
// are CLOCK_MONOTONIC's.
//
// It does without libc. On a virtual machine glibc's start takes four times as long as clone and exec together, because
// it executes CPUID, which the hypervisor traps: the figures would be libc's. Build with -static -nostdlib
// -ffreestanding -fno-stack-protector.
#include <linux/fcntl.h>
#include <linux/time.h>
#include <asm/unistd.h>

enum { LINE = 100, CHUNK = 256 * LINE, FLOOD = 64 << 20, OUTPUT = 1, SIGNAL = 10, SIGNAL_BLOCK = 0, SET_SIZE = 8 };

#if defined(__x86_64__)

__asm__(".globl _start\n_start:\n\tmov %rsp, %rdi\n\tand $-16, %rsp\n\tcall begin\n");

static long call(long number, long a, long b, long c, long d) {
    register long r10 __asm__("r10") = d;
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10)
                     : "rcx", "r11", "memory");
    return result;
}

#elif defined(__aarch64__)

__asm__(".globl _start\n_start:\n\tmov x0, sp\n\tbl begin\n");

static long call(long number, long a, long b, long c, long d) {
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
    return x0;
}

#else
#error "pause is written for x86_64 and aarch64"
#endif

static long now(void) {
    struct timespec time;
    call(__NR_clock_gettime, CLOCK_MONOTONIC, (long)&time, 0, 0);
    return time.tv_sec * 1000000000 + time.tv_nsec;
}

static char *put_text(char *end, const char *text) {
    while (*text != 0) *end++ = *text++;
    return end;
}

static char *put_number(char *end, long number) {
    char digits[24];
    int count = 0;
    do digits[count++] = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    while (count > 0) *end++ = digits[--count];
    return end;
}

static int note(const char *file, const char *what, const char *index, long time) {
    static char text[4096];
    char *end = put_text(put_text(put_text(put_text(text, what), " "), index), " ");
    end = put_text(put_number(end, call(__NR_getpid, 0, 0, 0, 0)), " ");
    end = put_text(put_number(end, time), "\n");
    const long length = end - text;
    // One write to a file opened for appending is never torn by another process's.
    const long descriptor = call(__NR_openat, AT_FDCWD, (long)file, O_WRONLY | O_APPEND, 0);
    if (descriptor < 0 || call(__NR_write, descriptor, (long)text, length, 0) != length) return 1;
    call(__NR_close, descriptor, 0, 0, 0);
    return call(__NR_write, OUTPUT, (long)text, length, 0) != length;
}

static int flood(void) {
    static char lines[CHUNK];
    for (int i = 0; i < CHUNK; i++) lines[i] = i % LINE == LINE - 1 ? '\n' : 'x';
    for (long written = 0; written < FLOOD;) {
        const long count = call(__NR_write, OUTPUT, (long)lines, CHUNK, 0);
        if (count < 0) return 1;
        written += count;
    }
    return 0;
}

// `stack` is what the kernel has put there: the number of arguments, then the arguments.
__attribute__((noreturn)) void begin(long *stack) {
    const long began = now();
    char **argv = (char **)(stack + 1);
    int failed = stack[0] != 3 || note(argv[1], "started", argv[2], began);
    const unsigned long set = 1UL << (SIGNAL - 1);
    call(__NR_rt_sigprocmask, SIGNAL_BLOCK, (long)&set, 0, SET_SIZE);
    while (!failed && call(__NR_rt_sigtimedwait, (long)&set, 0, 0, SET_SIZE) == SIGNAL) {
        failed = flood() || note(argv[1], "flooded", argv[2], now());
    }
    for (;;) call(__NR_exit_group, 1, 0, 0, 0);
}
