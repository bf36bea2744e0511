import StackModel
import SupervisorCore

/// When probes run, and how their runs end.
extension Judge {
    mutating func start(_ run: ProbeRun, of id: InstanceID) throws(Violation) {
        let instance = try instance(id, for: "a probe")
        guard instance.isRunning, let spawnedAt = instance.spawnedAt else {
            throw violation(.probes, "a \(run.role) probe is started on \(id), which does not run or is being ended")
        }
        guard let spec = instance.spec.probes[run.role], spec.isAsked else {
            throw violation(.probes, "a \(run.role) probe is started on \(id), which has none that is asked")
        }
        let probe = instance[run.role]
        if probe.run != nil { throw violation(.probes, "two runs of the \(run.role) probe of \(id) are under way") }
        if run.number <= probe.lastNumber {
            throw violation(.identity, "\(run.role) run \(run.number) of \(id) is not new")
        }
        if instance.hasStarted == (run.role == .startup) {
            throw violation(.probes, "a \(run.role) probe of \(id) runs on the wrong side of its start")
        }
        if run.role == .startup && probe.holds {
            throw violation(.probes, "the startup probe of \(id) has passed, and is started again")
        }
        if now < spawnedAt.advanced(by: spec.initialDelay) {
            throw violation(.probes, "the \(run.role) probe of \(id) is started before its initial delay is over")
        }
        if let startedAt = probe.startedAt, now < startedAt.advanced(by: spec.period) {
            throw violation(.probes, "the \(run.role) probe of \(id) is started twice within its period")
        }
        let limit = spec.patience(as: run.role).map { now.advanced(by: $0) }
        told.change(id) { instance, now in instance[run.role].begin(run.number, at: now, limit: limit) }
    }

    /// A run is cancelled when its instance ends or is to end; else because its time is over, which is a failure.
    mutating func cancel(_ run: ProbeRun, of id: InstanceID) throws(Violation) {
        let instance = try instance(id, for: "the end of a probe")
        guard instance[run.role].run == run.number else {
            throw violation(.probes, "\(run.role) run \(run.number) of \(id) is cancelled and is not under way")
        }
        let hasTimedOut = instance[run.role].limit.map { $0 <= told.servedUntil } ?? false
        if instance[run.role].isObsolete { return told.change(id) { instance, _ in instance[run.role].end() } }
        guard hasTimedOut || !instance.isRunning else {
            throw violation(.probes, "\(run.role) run \(run.number) of \(id) is cancelled before its timeout")
        }
        told.change(id) { instance, _ in
            instance[run.role].end()
            if instance.isRunning { instance[run.role].count(passed: false) }
        }
    }
}

extension ProbeSpec {
    /// How long a run may take; nil is without limit.
    fileprivate func patience(as role: ProbeRole) -> Duration? {
        guard isToldOnce else { return timeout }
        return role == .startup ? period * failureThreshold : nil
    }
}
