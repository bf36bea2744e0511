import StackModel
import SupervisorCore

/// How many replicas the host has room for.
struct HostOracle {
    let situation: ScalingCase

    private var host: HostRoom { situation.report.host }

    /// It has never room for more than these.
    var most: Int {
        isPressed ? 0 : situation.current + max(0, min(memoryRoom, promised(situation.running)))
    }

    /// It has room for as many as these at least.
    var least: Int {
        if isPressed { return 0 }
        // Those that come take their memory later, so that what is there may be counted as theirs.
        let room = memoryRoom - situation.slots.count { $0.isReady != true }
        return situation.current + max(0, min(room, promised(situation.listed)))
    }

    private var isPressed: Bool {
        let limits = situation.autoscale.pressure
        let pairs = [
            (host.cpuPressure, limits.cpu), (host.memoryPressure, limits.memory), (host.ioPressure, limits.io),
        ]
        return pairs.contains { value, limit in limit.map { (value ?? 0) > $0 } ?? false }
    }

    /// For so many more there is memory.
    private var memoryRoom: Int {
        guard let available = host.availableMemory, let need, need > 0 else { return .max / 4 }
        return Int(available.bytes) / need
    }

    /// What another takes: what it may, or what the largest does.
    private var need: Int? {
        if let limit = situation.resources.memory { return Int(limit.bytes) }
        return situation.slots.compactMap { situation.load(of: $0, in: situation.report.memory) }.max()
    }

    /// For so many more the limits may be promised; others have been promised so much.
    private func promised(_ others: ScalingCase.Commitment) -> Int {
        let (resources, overcommit) = (situation.resources, situation.autoscale.overcommit)
        return min(
            room(resources.cpus?.thousandths, host.cpus?.thousandths, overcommit.cpus, others.cpus),
            room(
                resources.memory.map { Int($0.bytes) }, host.memory.map { Int($0.bytes) }, overcommit.memory,
                others.memory))
    }

    private func room(_ limit: Int?, _ capacity: Int?, _ overcommit: Int, _ others: Int) -> Int {
        guard let limit, limit > 0, let capacity else { return .max / 4 }
        return (capacity * overcommit / 1_000 - others - situation.current * limit) / limit
    }
}
