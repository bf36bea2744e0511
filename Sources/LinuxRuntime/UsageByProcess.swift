import Glibc

extension ProcessTree {
    /// Of processes that have ended it counts those whose parent has reaped them and is still there.
    public func sampleUsage(of ids: [String]) -> @Sendable () -> [Usage?] {
        guard let members = try? look() else { return { ids.map { _ in nil } } }
        return { ids.map { Usage(of: members[$0] ?? []) } }
    }
}

extension Usage {
    private static let tickNanoseconds = 1_000_000_000 / UInt64(max(1, sysconf(Int32(_SC_CLK_TCK))))

    fileprivate init(of processes: [ProcessStatus]) {
        let ticks = processes.reduce(0) { $0 &+ $1.cpuTicks }
        self.init(
            cpuTime: .nanoseconds(Int64(clamping: ticks &* Self.tickNanoseconds)),
            memoryBytes: ResidentMemory(of: processes.map(\.pid)).bytes, processes: processes.count)
    }
}
