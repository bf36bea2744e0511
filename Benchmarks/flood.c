// Writes numbered lines of 100 bytes as fast as they are taken, when a file appears: flood FILE LINES SIZE, where SIZE is
// how many bytes one write has; 100 is a line a write. Then it waits to be ended.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINE = 100 };

static void write_all(const char *bytes, size_t count) {
    while (count > 0) {
        const ssize_t written = write(STDOUT_FILENO, bytes, count);
        if (written < 0) exit(1);
        bytes += written;
        count -= (size_t)written;
    }
}

static void await_file(const char *path) {
    char ready[4096];
    snprintf(ready, sizeof ready, "%s.ready", path);
    FILE *const file = fopen(ready, "w");
    if (file == NULL) exit(1);
    fclose(file);
    while (access(path, F_OK) != 0) usleep(1000);
}

int main(int count, char **arguments) {
    if (count != 4) return 2;
    const long lines = atol(arguments[2]);
    const size_t size = (size_t)atol(arguments[3]);
    char *const buffer = malloc(size + LINE);
    if (buffer == NULL || size < LINE) return 2;
    await_file(arguments[1]);
    size_t filled = 0;
    for (long line = 1; line <= lines; ++line) {
        char number[32];
        snprintf(number, sizeof number, "%012ld ", line);
        memset(buffer + filled, 'x', LINE - 1);
        memcpy(buffer + filled, number, strlen(number));
        buffer[filled + LINE - 1] = '\n';
        filled += LINE;
        if (filled >= size) {
            write_all(buffer, size);
            filled -= size;
            memmove(buffer, buffer + size, filled);
        }
    }
    write_all(buffer, filled);
    pause();
    return 0;
}
