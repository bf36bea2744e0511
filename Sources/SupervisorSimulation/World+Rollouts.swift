import StackModel
import SupervisorCore

/// What rollouts ask of the world: rotation, measurements, and instances that take over a new spec.
extension World {
    mutating func adopt(_ id: InstanceID, _ revision: ServiceRevision) {
        guard let process = processes[id] else { return }
        processes[id]?.revision = revision
        guard case .running = process.main, let changed = processes[id], isOneShot(changed), !isOneShot(process) else {
            return
        }
        schedule(.end(id, .exited(code: 0)), after: random.milliseconds(1...3_000))
    }

    // MARK: Rotation

    /// Its requests are done after a while, or never, whoever sends it signals.
    mutating func leaveRotation(_ id: InstanceID) {
        guard let process = processes[id] else { return }
        let faults = process.faults.union(plan.faults(of: process.service, at: now))
        if faults.contains(.clientsStaying) && random.chance(percent: 70) { return }
        let most = random.chance(percent: 80) ? 300 : 6_000
        schedule(.lastRequestDone(id), after: random.milliseconds(0...most))
    }

    // MARK: Measurements

    mutating func measure(_ measurement: Measurement) {
        guard let service = universe.indices[measurement.service] else { return }
        let faults = plan.faults(of: service, at: now)
        let isFlawed = measurement.instances.contains { processes[$0].map { flaw(of: $0) == .measuresBadly } ?? false }
        let values = measurement.metrics.map { metric in
            value(of: metric, isGood: !isFlawed && !faults.contains(.measuringBadly), faults)
        }
        let isLate = faults.contains(.measuringLate)
        let delay = isLate ? random.milliseconds(0...9_000) : random.microseconds(0...50_000)
        schedule(.measured(measurement.service, measurement.run, values), after: delay)
    }

    private mutating func value(of metric: AnalysisMetric, isGood: Bool, _ faults: FaultSet) -> Measurement.Value {
        if faults.contains(.measuringNothing) {
            switch random.below(4) {
            case 0: return .none
            case 1: return .failed("connection refused")
            case 2: return .number(0.5)
            default: break
            }
        }
        return .number(isGood ? 0.1 : 0.9)
    }

    // MARK: Flaws

    /// What is wrong with the revision itself, for as long as that lasts.
    func flaw(of process: Process) -> Flaw? {
        now < plan.healsAt || plan.flawsLast ? process.spec.flaw : nil
    }
}
