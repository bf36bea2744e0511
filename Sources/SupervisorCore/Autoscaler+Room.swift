import StackModel

/// How many more replicas the host has room for.
extension Autoscaler.Situation {
    /// Holds a rise to what the host can bear: nothing more under pressure, no more than its memory takes, and no more
    /// than may be promised.
    func fit(_ decision: inout ScalingDecision, _ spec: AutoscaleSpec) {
        for (resource, value, limit) in [
            (ScalingLimit.Resource.cpu, report.host.cpuPressure, spec.pressure.cpu),
            (.memory, report.host.memoryPressure, spec.pressure.memory),
            (.io, report.host.ioPressure, spec.pressure.io),
        ] {
            guard let value, let limit, value > limit else { continue }
            decision.desired = decision.current
            decision.limits.append(.pressure(resource, value, limit: limit))
            return
        }
        fitMemory(&decision)
        let (resources, host, share) = (self.spec.resources, report.host, spec.overcommit)
        fit(
            &decision, .cpu, each: resources.cpus?.thousandths, others: committed.cpus.thousandths,
            capacity: host.cpus.map { Fraction(share.cpus, of: 1000).floor(of: $0.thousandths) })
        fit(
            &decision, .memory, each: resources.memory.map { Int($0.bytes) }, others: Int(committed.memory.bytes),
            capacity: host.memory.map { Fraction(share.memory, of: 1000).floor(of: Int($0.bytes)) })
    }

    /// What starts has not taken all of its memory yet.
    private func fitMemory(_ decision: inout ScalingDecision) {
        let used = bySlot(report.memory)
        guard let available = report.host.availableMemory,
            let needed = spec.resources.memory.map({ Int($0.bytes) }) ?? used.compactMap({ $0?.value }).max(),
            needed > 0
        else { return }
        let promised = zip(slots, used).reduce(0) { sum, slot in
            sum + (slot.0.isReady ? 0 : max(0, needed - (slot.1?.value ?? 0)))
        }
        let room = max(0, Int(available.bytes) - promised) / needed
        guard decision.desired > decision.current + room else { return }
        decision.desired = decision.current + room
        decision.limits.append(.memory(needed: ByteCount(Int64(needed)), available: available))
    }

    /// The limits of all replicas of the stack may add up to so much.
    private func fit(
        _ decision: inout ScalingDecision, _ resource: ScalingLimit.Resource, each: Int?, others: Int, capacity: Int?
    ) {
        guard let capacity, let each, each > 0, decision.desired > decision.current else { return }
        let total = others.saturatingSum(each.saturatingProduct(decision.desired))
        guard total > capacity else { return }
        decision.desired = max(decision.current, (capacity - others) / each)
        decision.limits.append(.overcommit(resource, committed: total, capacity: capacity))
    }
}
