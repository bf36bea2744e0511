import LinuxRuntime
import StackModel
import SupervisorCore

/// What instances may use of the host.
extension EffectInterpreter {
    /// Has the kernel enforce what the service's file allows its instances, and tells what it does not: once, and again
    /// when that is something else.
    func limit(_ containment: any Containment, as spec: ServiceSpec) {
        let missing = containment.limit(to: ControlGroupLimits(spec.resources))
        guard unenforced[spec.name] ?? [] != missing else { return }
        unenforced[spec.name] = missing.isEmpty ? nil : missing
        guard !missing.isEmpty else { return }
        queue.post(.observed(.service(spec.name), .degraded("this host does not enforce \(missing.words)")))
    }

    /// How much memory an instance may have, where the kernel sees to it.
    func enforcedMemory(of spec: ServiceSpec) -> ByteCount? {
        let isEnforced = unenforced[spec.name]?.contains { $0.resource == .memory } != true
        return isEnforced ? spec.resources.memory : nil
    }
}

extension [UnenforcedLimit] {
    /// `cpus and cpu_weight (no cpu controller), memory (no memory controller)`
    var words: String {
        var reasons: [String] = []
        for limit in self where !reasons.contains(limit.reason) { reasons.append(limit.reason) }
        return reasons.map { reason in
            "\(filter { $0.reason == reason }.map(\.resource.rawValue).joined(separator: " and ")) (\(reason))"
        }.joined(separator: ", ")
    }
}

extension ControlGroupLimits {
    init(_ spec: ResourceSpec) {
        self.init()
        cpuQuota = spec.cpus?.thousandths
        cpuPeriod = spec.cpuPeriod
        cpuWeight = spec.cpuWeight
        cpuset = spec.cpuSet
        memoryMax = spec.memory.map(UInt64.init)
        memoryHigh = spec.memoryHigh.map(UInt64.init)
        memoryLow = spec.memoryReservation.map(UInt64.init)
        swapMax = spec.swap.map(UInt64.init)
        pidsMax = spec.pids
        ioWeight = spec.ioWeight
    }
}

extension UInt64 {
    fileprivate init(_ count: ByteCount) {
        self.init(clamping: count.bytes)
    }
}

extension ByteCount {
    init(_ bytes: UInt64) {
        self.init(Int64(clamping: bytes))
    }
}

extension OutOfMemory {
    init(_ kills: OutOfMemoryKills) {
        self.init(peak: kills.peak.map { ByteCount($0) }, limit: kills.limit.map { ByteCount($0) })
    }
}
