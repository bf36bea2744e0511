import StackModel

/// How an instance is: what its probes find out, and what it says of itself.
extension InstanceMachine {
    /// How far one message can put a timeout off: whoever needs longer says so again, and shows that it lives.
    private static let longestExtension = Duration.seconds(300)
    /// What is kept of a STATUS.
    private static let statusLimit = 256

    mutating func probeFinished(_ run: ProbeRun, _ outcome: ProbeOutcome, in context: inout Context) {
        var verdict = ProbeMachine.Verdict.undecided
        changeProcess(in: &context) { process, context in
            switch run.role {
            case .startup: verdict = process.startup?.finished(run, outcome, in: &context) ?? .undecided
            case .readiness: verdict = process.readiness?.finished(run, outcome, in: &context) ?? .undecided
            case .liveness: verdict = process.liveness?.finished(run, outcome, in: &context) ?? .undecided
            }
        }
        conclude(verdict, of: run.role, in: &context)
    }

    mutating func probeDeadlinePassed(_ role: ProbeRole, in context: inout Context) {
        var verdict = ProbeMachine.Verdict.undecided
        changeProcess(in: &context) { process, context in
            switch role {
            case .startup: verdict = process.startup?.deadlinePassed(in: &context) ?? .undecided
            case .readiness: verdict = process.readiness?.deadlinePassed(in: &context) ?? .undecided
            case .liveness: verdict = process.liveness?.deadlinePassed(in: &context) ?? .undecided
            }
        }
        conclude(verdict, of: role, in: &context)
    }

    private mutating func conclude(
        _ verdict: ProbeMachine.Verdict, of role: ProbeRole, in context: inout Context
    ) {
        switch (role, verdict) {
        case (_, .undecided), (.liveness, .succeeded), (.liveness, .faltered):
            break
        case (.startup, .faltered(let seen)), (.readiness, .faltered(let seen)):
            // Of what is not ready anyway it is worth telling at once what it lacks.
            if !isReady { publish(.probeFailed(role, seen, times: 1), in: &context) }
        case (.startup, .succeeded):
            changeProcess(in: &context) { process, context in
                process.startupHasPassed = true
                process.startup?.end(in: &context)
            }
            proceedIfStarted(in: &context)
        case (.readiness, .succeeded):
            setReadiness(true, why: nil, in: &context)
        case (.readiness, .failed(let seen, let times)):
            let isNews: Bool
            if case .up(let process) = state {
                isNews = process.readinessHolds || times == spec.readinessThreshold
            } else {
                isNews = false
            }
            if isNews { publish(.probeFailed(role, seen, times: times), in: &context) }
            setReadiness(false, why: seen, in: &context)
        case (.startup, .failed(let seen, let times)):
            publish(.probeFailed(role, seen, times: times), in: &context)
            stop(.startupProbeFailed(seen), in: &context)
        case (.liveness, .failed(let seen, let times)):
            publish(.probeFailed(role, seen, times: times), in: &context)
            stop(.livenessProbeFailed(seen), in: &context)
        }
    }

    private mutating func setReadiness(_ holds: Bool, why: String?, in context: inout Context) {
        let before = isReady
        changeProcess(in: &context) { process, _ in process.readinessHolds = holds }
        noteReadiness(before: before, why: why, in: &context)
    }

    mutating func noteReadiness(before: Bool, why: String?, in context: inout Context) {
        guard isReady != before else { return }
        defer { fitRotation(in: &context) }
        if isReady {
            changeProcess(in: &context) { process, _ in process.wasReady = true }
            publish(.ready, in: &context)
        } else if let why {
            publish(.notReady(why), in: &context)
        }
    }

    mutating func notified(_ notification: Notification, in context: inout Context) {
        switch notification {
        case .ready:
            changeProcess(in: &context) { process, _ in process.isNotified = true }
            proceedIfStarted(in: &context)
        case .reloading:
            break
        case .stopping:
            let before = isReady
            guard isRunning else { return }
            changeProcess(in: &context) { process, _ in process.announcedStopping = true }
            if before { publish(.announcedStopping, in: &context) }
            fitRotation(in: &context)
        case .watchdog:
            if case .up = state, let limit = spec.watchdog {
                context.deadlines[slots.watchdog] = context.now.advanced(by: limit)
            }
        case .broken:
            if isRunning { stop(.reportedBroken, in: &context) }
        case .status(let text):
            status = String(text.prefix(Self.statusLimit))
        case .extendTimeout(let duration):
            guard let deadline = context.deadlines[slots.phase], mayExtendTimeout else { return }
            let extended = context.now.advanced(by: min(duration, Self.longestExtension))
            context.deadlines[slots.phase] = max(deadline, extended)
        }
    }

    /// EXTEND_TIMEOUT_USEC means the start's limit or the grace period, and no other deadline.
    private var mayExtendTimeout: Bool {
        switch state {
        case .starting: true
        case .stopping(let process):
            if case .signalled = process.phase { true } else { false }
        case .spawning, .abandoned, .up, .clearing, .ended: false
        }
    }

    mutating func watchdogExpired(in context: inout Context) {
        guard case .up = state, let limit = spec.watchdog else { return }
        stop(.watchdogSilent(for: limit), in: &context)
    }
}

extension ServiceSpec {
    fileprivate var readinessThreshold: Int { probes.readiness?.failureThreshold ?? 1 }
}
