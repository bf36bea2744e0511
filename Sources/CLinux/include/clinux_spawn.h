// Starting a process with clone3: see spawn.c.
#ifndef CLINUX_SPAWN_H
#define CLINUX_SPAWN_H

#include <stddef.h>
#include <stdint.h>

/// The step of a spawn that failed, in the order in which they are taken.
enum clinux_stage {
    CLINUX_STAGE_NONE = 0,
    CLINUX_STAGE_CGROUP,
    CLINUX_STAGE_CLONE,
    CLINUX_STAGE_SESSION,
    CLINUX_STAGE_OOM_SCORE,
    CLINUX_STAGE_NICE,
    CLINUX_STAGE_DESCRIPTORS,
    CLINUX_STAGE_TERMINAL,
    CLINUX_STAGE_LIMITS,
    CLINUX_STAGE_GROUPS,
    CLINUX_STAGE_GROUP,
    CLINUX_STAGE_USER,
    CLINUX_STAGE_WORKING_DIRECTORY,
    CLINUX_STAGE_NO_NEW_PRIVILEGES,
    CLINUX_STAGE_DEATH_SIGNAL,
    CLINUX_STAGE_EXECUTABLE,
};

/// No more slots than this are of use.
enum { CLINUX_SLOTS_MAX = 16 };

enum clinux_session {
    CLINUX_SESSION_INHERIT = 0,
    CLINUX_SESSION_NEW,
    CLINUX_SESSION_GROUP,
};

struct clinux_limit {
    int resource;
    uint64_t soft;
    uint64_t hard;
};

/// All that a child needs, in memory it shares with its parent; the child allocates nothing and calls no libc.
struct clinux_spawn {
    /// The files to try in order, NULL-terminated.
    const char *const _Nullable *_Nullable paths;
    char *_Nullable *_Nullable argv;
    char *_Nullable *_Nullable envp;
    /// Where in `envp` the child writes its own pid (11 bytes), for LISTEN_PID; NULL for none.
    char *_Nullable listen_pid;
    const char *_Nullable working_directory;
    /// Decimal text for /proc/self/oom_score_adj.
    const char *_Nullable oom_score;

    /// sources[i] becomes descriptor i. Without enough slots the child changes this array.
    int *_Nullable sources;
    int source_count;

    /// Numbers in the caller's table that are the spawn's to use: each holds a duplicate of `slot_filler`, and does so
    /// again afterwards. What a spawn costs grows with the highest that it needs, not with the table.
    const int *_Nullable slots;
    int slot_count;
    int slot_filler;

    const struct clinux_limit *_Nullable limits;
    size_t limit_count;

    /// A supplementary group list to set, if `set_groups`.
    const uint32_t *_Nullable groups;
    size_t group_count;

    /// -1 for none.
    int cgroup;
    enum clinux_session session;
    /// -1 for none, as with the next three.
    int umask;
    int64_t uid;
    int64_t gid;
    int death_signal;
    int nice;
    uint8_t set_nice;
    uint8_t set_groups;
    uint8_t no_new_privileges;
    /// Whether descriptor 0, a terminal, becomes that of the new session.
    uint8_t controlling_terminal;

    // Results.
    int pidfd;
    enum clinux_stage failed_stage;
    int failed_errno;
    /// The resource, of CLINUX_STAGE_LIMITS.
    int failed_detail;
};

/// Starts a process and waits until it runs its program or failed to. Returns its pid, or -errno with `failed_stage`
/// set; a child that failed is reaped here. `stack` is the lowest address of a stack that nothing else uses meanwhile.
int32_t clinux_spawn(struct clinux_spawn *_Nonnull request, void *_Nonnull stack, size_t stack_size);

/// Maps a stack with a guard page below it; NULL when memory is short.
void *_Nullable clinux_map_stack(size_t size);
void clinux_unmap_stack(void *_Nonnull stack, size_t size);

#endif
