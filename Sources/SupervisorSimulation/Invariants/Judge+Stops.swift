import StackModel
import SupervisorCore

/// Why, when and in which order instances are ended.
extension Judge {
    /// What the core says about an instance.
    mutating func read(_ reason: Reason, of id: InstanceID, _ replica: ReplicaID) throws(Violation) {
        guard case .stopping(let cause) = reason else { return }
        let instance = try instance(id, for: "the event that it is stopped")
        if let former = instance.stopCause, former != cause {
            throw violation(.lifecycle, "\(id) is stopped because \(cause), after it was because \(former)")
        }
        guard instance.stopCause == nil else { return }
        try check(cause, of: instance)
        told.change(id) { instance, now in
            instance.stopCause = cause
            instance.stopDecidedAt = now
        }
        if case .replaced = cause {
            told.replace(id)
        } else if !cause.isFailure, let row = told.row(of: id), !told.services[instance.service].replicas.contains(row)
        {
            told.dismiss(row)
        }
    }

    /// A decision to end an instance has its reason in what was told.
    private func check(_ cause: StopCause, of instance: ToldInstance) throws(Violation) {
        let isJustified: Bool
        switch cause {
        case .stopRequested, .restartRequested, .filesChanged, .shutdown, .specChanged, .removed:
            try checkOrder(of: instance)
            isJustified = told.services[instance.service].isGoingDown
        case .replaced(let number, _):
            try checkReplacement(of: instance, by: number)
            isJustified = true
        case .scaledDown:
            let service = told.services[instance.service]
            isJustified = !service.wantedReplicas.contains(service.slot(of: instance.replica))
        case .runReplaced: isJustified = told.services[instance.service].runs.isReplacing
        case .startupProbeFailed: isJustified = instance.hasFailedStartup
        case .livenessProbeFailed: isJustified = instance.hasFailedLiveness
        case .startTimedOut: isJustified = !instance.hasStarted && isServed(instance.startLimit)
        case .reportedBroken: isJustified = instance.hasReportedBroken
        case .watchdogSilent: isJustified = isServed(instance.watchdogLimit)
        }
        guard isJustified else {
            throw violation(.lifecycle, "\(instance.id) is stopped without a reason: \(cause)")
        }
    }

    /// The core has been told that this time had passed: an answer that it was told first would have counted.
    private func isServed(_ limit: Instant?) -> Bool {
        limit.map { $0 <= told.servedUntil } ?? false
    }

    /// A service ends when those that depend on it and go down too have ended.
    private func checkOrder(of instance: ToldInstance) throws(Violation) {
        guard let dependent = told.holder(of: instance.service) else { return }
        let (name, other) = (told.services[instance.service].name, told.services[dependent].name)
        throw violation(.stopOrder, "\(instance.id) of \(name) is stopped while \(other) goes down")
    }

    // MARK: Hook, signal, kill

    mutating func runPreStop(_ id: InstanceID) throws(Violation) {
        let instance = try instance(id, for: "a hook")
        guard case .running = instance.process, instance.stopCause != nil, instance.hookStartedAt == nil,
            !instance.isKilled, instance.signalledAt == nil
        else { throw violation(.lifecycle, "the hook of \(id) is run out of its turn") }
        if told.isImmediate { throw violation(.lifecycle, "the hook of \(id) is run in an immediate shutdown") }
        told.change(id) { instance, now in
            instance.hookStartedAt = now
            instance.isHookRunning = true
        }
    }

    mutating func signal(_ id: InstanceID, _ signal: Signal, _ scope: SignalScope) throws(Violation) {
        let instance = try instance(id, for: "a signal")
        if scope == .mainProcess, told.expectedSignals[id] == signal {
            told.expectedSignals[id] = nil
            return
        }
        guard signal == instance.spec.stop.signal else { throw violation(.lifecycle, "\(id) is sent \(signal)") }
        switch (instance.process, scope) {
        case (.running, .mainProcess):
            if let problem = instance.obstacleToSignal(at: now) {
                throw violation(.lifecycle, "\(id) is signalled \(problem)")
            }
        case (.leaving, .allProcesses):
            break
        case (.spawning, _), (.gone, _), (.running, .allProcesses), (.leaving, .mainProcess):
            throw violation(.lifecycle, "\(id) is signalled in a state in which that has no sense")
        }
        told.change(id) { instance, now in
            instance.signalledAt = now
            instance.graceEnds = now.advanced(by: instance.leastGrace)
        }
    }

    mutating func kill(_ id: InstanceID) throws(Violation) {
        let instance = try instance(id, for: "a kill")
        switch instance.process {
        case .spawning, .gone: throw violation(.lifecycle, "\(id) is killed and nothing of it runs")
        case .running, .leaving: break
        }
        guard told.isImmediate || instance.isKilled || isServed(instance.graceEnds) else {
            throw violation(.lifecycle, "\(id) is killed before its time")
        }
        told.change(id) { instance, _ in instance.isKilled = true }
    }
}

extension ToldInstance {
    /// What stands against its stop signal now.
    fileprivate func obstacleToSignal(at now: Instant) -> String? {
        guard stopCause != nil, let stopDecidedAt else { return "without a decision to stop it" }
        if signalledAt != nil || isKilled { return "twice" }
        var earliest = stopDecidedAt
        if spec.stop.preStop != nil {
            guard let hookStartedAt else { return "without its hook" }
            if isHookRunning, now < hookStartedAt.advanced(by: leastGrace) { return "while its hook runs" }
            earliest = hookStartedAt
        }
        switch rotation {
        case .inside: return "while it is in the rotation"
        case .leaving(let since): if now < max(since, earliest).advanced(by: longestDrain) { return "with requests" }
        case .outside:
            guard spec.routes.isEmpty, now < earliest.advanced(by: min(spec.stop.drain, asked ?? spec.stop.drain))
            else {
                return nil
            }
            return "before it is drained"
        }
        return nil
    }

    var hasFailedStartup: Bool { !hasStarted && startup.hasFailed }

    var hasFailedLiveness: Bool { liveness.hasFailed }

    /// When its silence is too long.
    var watchdogLimit: Instant? {
        guard hasStarted, let limit = spec.watchdog, let lastFed else { return nil }
        return lastFed.advanced(by: limit)
    }
}
