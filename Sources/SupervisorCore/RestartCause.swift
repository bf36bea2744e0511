import StackModel

/// What a restart that nobody asked for was for.
public enum RestartCause: String, Hashable, Sendable, CaseIterable {
    /// It ended by itself: with any exit status, or by a signal that stackd had not sent.
    case exited
    case signalled
    case startupProbe = "startup_probe"
    case livenessProbe = "liveness_probe"
    case startTimeout = "start_timeout"
    /// No WATCHDOG=1 came in time, or it said itself that it is broken.
    case watchdog
    /// The kernel has killed it for want of memory.
    case outOfMemory = "out_of_memory"
    case spawnFailed = "spawn_failed"
    /// A dependency was down; the crash does not count.
    case dependency
}

extension InstanceEnd {
    /// What a restart that follows it is for.
    var restartCause: RestartCause {
        switch cause {
        case .startupProbeFailed: return .startupProbe
        case .livenessProbeFailed: return .livenessProbe
        case .startTimedOut: return .startTimeout
        case .watchdogSilent, .reportedBroken: return .watchdog
        case nil, .stopRequested, .restartRequested, .filesChanged, .shutdown, .specChanged, .replaced, .removed,
            .scaledDown, .runReplaced:
            break
        }
        if ranOutOfMemory { return .outOfMemory }
        return switch manner {
        case .notSpawned: .spawnFailed
        case .exited(.signalled): .signalled
        case .exited(.exited), .exited(.unknown): .exited
        }
    }
}
