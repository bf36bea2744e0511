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
        /// Nil where its period does not count from the last run.
        var startedAt: Instant?
        var passes = 0
        var failures = 0
        /// It has succeeded, and has not failed since.
        var holds = false
        private(set) var hasFailed = false
        /// It has come to ask something else, so that the run under way is of no use any more.
        private(set) var isObsolete = false
        /// When the run under way has had its time; nil is never.
        var limit: Instant?
        private var successThreshold: Int
        private var failureThreshold: Int

        /// Of a service that has no such probe, it never runs.
        init(_ spec: ProbeSpec?) {
            successThreshold = spec?.successThreshold ?? 1
            failureThreshold = Self.failureThreshold(of: spec)
        }

        private static func failureThreshold(of spec: ProbeSpec?) -> Int {
            spec.map { $0.isToldOnce ? 1 : $0.failureThreshold } ?? 1
        }

        /// What has been counted stays where it asks the same. `holds`: that of a probe that was not there.
        mutating func adopt(_ spec: ProbeSpec?, former: ProbeSpec?, holds: Bool) {
            guard spec != former else { return }
            successThreshold = spec?.successThreshold ?? 1
            failureThreshold = Self.failureThreshold(of: spec)
            startedAt = nil
            passes = min(passes, successThreshold)
            if former?.isAsked != true { self.holds = holds }
            guard spec?.handler != former?.handler else { return }
            (passes, failures) = (0, 0)
            isObsolete = run != nil
        }

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
            isObsolete = false
        }

        mutating func count(passed: Bool) {
            hasFailed = !passed && failures + 1 >= failureThreshold
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

    /// Where it stands with its service's routes.
    enum Rotation {
        /// → inside
        case outside
        /// It is given requests by these. → leaving
        case inside([RouteSpec])
        /// It is given none any more, and has some since then. → outside, inside
        case leaving(since: Instant)
    }

    struct End {
        var isSuccess: Bool
        /// Exit status 0 of a service that should stay up, before it was.
        var isPremature: Bool
    }

    let id: InstanceID
    /// Its row.
    var replica: Int
    let service: Int
    /// What its service depended on when it was made, or when it took over what it is of.
    var dependencies: [Int]
    /// What it was made of, or has taken over since.
    private(set) var revision: ServiceRevision
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
    /// The least time that was asked for its end. It may have been called off since.
    private(set) var asked: Duration?
    var isKilled = false
    var rotation = Rotation.outside
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
    /// When it became ready last, or ceased to be.
    private(set) var turnedAt: Instant?

    init(_ id: InstanceID, replica: Int, service: Int, _ revision: ServiceRevision, dependencies: [Int] = []) {
        self.id = id
        self.replica = replica
        self.service = service
        self.dependencies = dependencies
        self.revision = revision
        let probes = revision.spec.probes
        startup = Probe(probes.startup)
        readiness = Probe(probes.readiness)
        liveness = Probe(probes.liveness)
    }

    var spec: ServiceSpec { revision.spec }

    /// It goes on with what the newer revision says.
    mutating func adopt(_ newer: ServiceRevision) {
        if newer.spec.startTimeout != spec.startTimeout, let spawnedAt {
            startLimit = newer.spec.startTimeout.map { spawnedAt.advanced(by: $0) }
        }
        let (former, probes) = (spec.probes, newer.spec.probes)
        revision = newer
        startup.adopt(probes.startup, former: former.startup, holds: false)
        readiness.adopt(probes.readiness, former: former.readiness, holds: hasStarted)
        liveness.adopt(probes.liveness, former: former.liveness, holds: false)
    }

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

    /// How long it has to end at the least; it may have as long as its spec says.
    var leastGrace: Duration { min(spec.stop.gracePeriod, asked ?? spec.stop.gracePeriod) }

    /// Somebody wants it to end sooner.
    mutating func limit(to grace: Duration, at now: Instant) {
        asked = min(grace, asked ?? grace)
        if let graceEnds, !isKilled { self.graceEnds = min(graceEnds, now.advanced(by: grace)) }
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
        if isReady != self.isReady { turnedAt = now }
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
