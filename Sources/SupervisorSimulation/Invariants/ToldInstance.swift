import StackModel
import SupervisorCore

/// An instance as the core was told of it: what an observer knows who sees every event and every effect.
struct ToldInstance {
    enum Process {
        /// `spawn` was ordered. → running, gone
        case spawning
        /// → leaving, gone
        case running
        /// The main process is gone, others are not. → gone
        case leaving
        case gone
    }

    /// One probe of it, with the tally that its specification asks for.
    struct Probe {
        var run: UInt32?
        var lastNumber: UInt32 = 0
        var startedAt = Instant.origin
        var passes = 0
        var failures = 0
        /// It has succeeded, and has not failed since.
        var holds = false
        /// When the run under way has had its time; nil is never.
        var limit: Instant?
        private let successThreshold: Int
        private let failureThreshold: Int

        /// Of a service that has no such probe, it never runs.
        init(_ spec: ProbeSpec?) {
            successThreshold = spec?.successThreshold ?? 1
            failureThreshold = spec.map { $0.isToldOnce ? 1 : $0.failureThreshold } ?? 1
        }

        var hasFailed: Bool { failures >= failureThreshold }

        func isOverdue(at time: Instant) -> Bool {
            limit.map { $0 < time } ?? false
        }

        mutating func begin(_ number: UInt32, at now: Instant, limit: Instant?) {
            run = number
            lastNumber = number
            startedAt = now
            self.limit = limit
        }

        mutating func end() {
            run = nil
            limit = nil
        }

        mutating func count(passed: Bool) {
            if passed {
                failures = 0
                passes += 1
                if passes >= successThreshold { holds = true }
            } else {
                passes = 0
                failures += 1
                if hasFailed { holds = false }
            }
        }
    }

    struct End {
        var isSuccess: Bool
        /// Exit status 0 of a service that should stay up, before it was.
        var isPremature: Bool
    }

    let id: InstanceID
    let replica: Int
    let service: Int
    let revision: ServiceRevision
    var process = Process.spawning
    var spawnedAt: Instant?
    /// The core has decided to end it.
    var stopCause: StopCause?
    /// How the main process ended.
    var end: End?
    /// No process was made, for a reason that is the host's.
    var hasFailedForLackOfRoom = false
    /// The start must be proven by then.
    var startLimit: Instant?
    /// When WATCHDOG=1 arrived last, or the watch began.
    var lastFed: Instant?
    var hookStartedAt: Instant?
    var isHookRunning = false
    var stopDecidedAt: Instant?
    /// When its stop signal was sent, and until when it has time after that.
    var signalledAt: Instant?
    var graceEnds: Instant?
    var isKilled = false
    var startup: Probe
    var readiness: Probe
    var liveness: Probe
    /// All that proves its start has been there at one time.
    var hasStarted = false
    var hasSaidReady = false
    var hasSaidStopping = false
    /// WATCHDOG=trigger has arrived.
    var hasReportedBroken = false
    var wasReady = false
    var readySince: Instant?

    init(_ id: InstanceID, replica: Int, service: Int, _ revision: ServiceRevision) {
        self.id = id
        self.replica = replica
        self.service = service
        self.revision = revision
        let probes = revision.spec.probes
        startup = Probe(probes.startup)
        readiness = Probe(probes.readiness)
        liveness = Probe(probes.liveness)
    }

    var spec: ServiceSpec { revision.spec }

    subscript(role: ProbeRole) -> Probe {
        get {
            switch role {
            case .startup: startup
            case .readiness: readiness
            case .liveness: liveness
            }
        }
        set {
            switch role {
            case .startup: startup = newValue
            case .readiness: readiness = newValue
            case .liveness: liveness = newValue
            }
        }
    }

    /// Its process is there, and nobody has decided to end it.
    var isRunning: Bool {
        guard case .running = process else { return false }
        return stopCause == nil
    }

    /// Somebody has decided to end it, or its main process has ended.
    var isEnding: Bool {
        switch process {
        case .spawning, .running: stopCause != nil
        case .leaving, .gone: true
        }
    }

    var isReady: Bool { readySince != nil }

    /// It has ended well, by itself, and nobody starts such a one again.
    var hasReachedItsAim: Bool {
        guard let end, end.isSuccess, !end.isPremature, stopCause == nil else { return false }
        if spec.schedule != nil { return true }
        switch spec.restart.mode {
        case .no, .onFailure: return true
        case .always, .unlessStopped: return false
        }
    }

    /// A second is enough where there is nothing to prove that it is up (supervisord's `startsecs`).
    func isPremature(_ status: ExitStatus, at now: Instant) -> Bool {
        guard status.isSuccess, spec.shouldStayUp else { return false }
        if spec.hasReadiness { return !wasReady }
        guard let spawnedAt else { return true }
        return spawnedAt.duration(to: now) < .seconds(1)
    }

    /// EXTEND_TIMEOUT means the start's limit or the grace period, whichever runs.
    mutating func extendLimit(to limit: Instant) {
        if let graceEnds, !isKilled {
            self.graceEnds = max(graceEnds, limit)
        } else if stopCause == nil, !hasStarted {
            startLimit = startLimit.map { max($0, limit) }
        }
    }

    /// Draws the conclusions from what was told last.
    mutating func conclude(at now: Instant) {
        if isRunning && !hasStarted {
            hasStarted = (!spec.saysReady || hasSaidReady) && (spec.probes.startup?.isAsked != true || startup.holds)
            if hasStarted { lastFed = now }
        }
        let isReady =
            isRunning && hasStarted && !hasSaidStopping
            && (spec.probes.readiness?.isAsked != true || readiness.holds)
        guard isReady else { return readySince = nil }
        wasReady = true
        readySince = readySince ?? now
    }
}

extension ServiceSpec {
    /// READY=1 is part of the proof that it has started.
    var saysReady: Bool {
        notify || probes.startup?.isAsked == false || probes.readiness?.isAsked == false
    }
}

extension ProbeSpec {
    /// It has runs, unlike the probe that READY=1 answers.
    var isAsked: Bool { handler != .notify }

    /// A run of it waits for a line of the output, and there is only the one.
    var isToldOnce: Bool {
        if case .log = handler { true } else { false }
    }
}
