import LinuxRuntime
import StackModel
import SupervisorCore

/// What of one instance may grow.
struct InstanceGrowth {
    private let resolution: Duration
    /// Against its limit, or what the host has.
    private var memory: (isOfHost: Bool, growth: GrowthWatch)?
    private var descriptors: GrowthWatch

    init(resolution: Duration) {
        self.resolution = resolution
        descriptors = GrowthWatch(.descriptors, resolution: resolution)
    }

    /// Takes what it uses by now, and gives back what is worth telling.
    /// - Parameter limit: of its memory; nil where there is none.
    mutating func take(_ usage: Usage, memory limit: ByteCount?, host: HostLoad, at time: Instant) -> [Observation] {
        var news: [Observation?] = []
        if let used = usage.workingSetBytes { news.append(take(used, limit, host, time)) }
        if let fill = usage.fullestDescriptors {
            news.append(descriptors.add(fill.open, limit: Int(clamping: fill.limit), at: time))
        }
        return news.compactMap { $0 }
    }

    private mutating func take(
        _ used: UInt64, _ limit: ByteCount?, _ host: HostLoad, _ time: Instant
    ) -> Observation? {
        let isOfHost = limit == nil
        var growth =
            memory.flatMap { $0.isOfHost == isOfHost ? $0.growth : nil }
            ?? GrowthWatch(.memory(ofHost: isOfHost), resolution: resolution)
        defer { memory = (isOfHost, growth) }
        let most = limit?.bytes ?? host.availableMemory.map { Int64(clamping: used + $0) }
        return growth.add(Int(clamping: used), limit: most.map { Int($0) }, at: time)
    }
}
