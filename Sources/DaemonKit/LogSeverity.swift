import StackModel
import SupervisorCore

/// How much a line of the daemon's log matters; the numbers are syslog's.
enum LogSeverity: Int, Hashable, Sendable {
    case error = 3
    case warning = 4
    case notice = 5
    case information = 6

    /// The text with `<N>` before each of its lines, as sd-daemon(3) has it.
    func marking(_ text: String) -> String {
        text.split(separator: "\n").map { "<\(rawValue)>\($0)" }.joined(separator: "\n")
    }
}

extension Reason {
    /// Errors are what needs somebody, warnings what stackd deals with itself, notices what somebody has asked for.
    var severity: LogSeverity {
        switch self {
        case .gaveUp, .dependencyCannotHold, .listenersFailed, .spawnFailed: .error
        case .observed(.execution), .observed(.growthEnded): .notice
        case .serviceDown, .notReady, .probeFailed, .preStopFailed, .observed, .scalingHeld, .ranOutOfMemory: .warning
        case .exited(let status, let isPremature): status.isSuccess && !isPremature ? .information : .warning
        case .killed(let grace): grace == nil ? .information : .warning
        case .stopping(let cause): cause.isFailure ? .warning : .information
        case .stackStarting, .shutdownRequested, .stackStopped, .startRequested, .startRequired, .stopRequested,
            .restartRequested, .filesChanged, .serviceAvailableAgain, .completed, .stackApplied, .serviceAdded,
            .serviceChanged, .serviceRemoved, .scaled, .autoscaled, .scalingFree, .signalRequested, .undoRequested,
            .dependencyReplaced,
            .secretsChanged:
            .notice
        case .rollout(let reason): reason.severity
        case .runSkipped, .runReplaces, .runSuperseded, .runEnded(.failed): .warning
        case .listenersBound, .waitsForDependency, .waitsForListeners, .waitsForDependents, .restartsAtOnce,
            .restartsAfter, .restartsWithDependency, .stopped, .spawning, .spawned, .up, .ready, .announcedStopping,
            .draining, .signalled, .leftoversEnded, .serviceGone, .runBegins, .runQueued, .runEnded, .waitsForSchedule:
            .information
        }
    }
}

extension RolloutReason {
    fileprivate var severity: LogSeverity {
        switch self {
        case .failed(_, _, .standsStill), .failed(_, _, .nothingToGoBackTo): .error
        case .failed, .rollbackBegan, .rolledBack, .paused(.inconclusive): .warning
        case .began, .paused, .resumed, .promoted, .completed: .notice
        case .waits, .step, .measured, .superseded, .ended, .replaced: .information
        }
    }
}
