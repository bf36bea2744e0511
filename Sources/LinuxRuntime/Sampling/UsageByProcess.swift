import Glibc

extension ProcessTree {
    /// Of processes that have ended it counts those whose parent has reaped them and is still there.
    public func sampleUsage(of ids: [String], _ detail: UsageDetail) -> @Sendable () -> [Usage?] {
        let look = distantLook
        return {
            // Without a descriptor to spare, nothing can be read.
            guard let members = try? look(), let files = try? KernelFiles() else { return ids.map { _ in nil } }
            var usages: [Usage?] = []
            usages.reserveCapacity(ids.count)
            for id in ids { usages.append(Usage(of: members[id] ?? [], detail, files)) }
            return usages
        }
    }
}

extension Usage {
    private static let tickNanoseconds = 1_000_000_000 / UInt64(max(1, sysconf(Int32(_SC_CLK_TCK))))

    fileprivate init(of processes: [ProcessStatus], _ detail: UsageDetail, _ files: borrowing KernelFiles) {
        let ticks = processes.reduce(0) { $0 &+ $1.cpuTicks }
        self.init(cpuTime: .nanoseconds(Int64(clamping: ticks &* Self.tickNanoseconds)), processes: processes.count)
        let members = MemberUsage(pids: processes.map(\.pid))
        if !detail.isDisjoint(with: [.memory, .workingSet]) {
            memoryBytes = ResidentMemory(of: members.pids, files).bytes
            if detail.contains(.workingSet) { workingSetBytes = memoryBytes }
        }
        if detail.contains(.io), let (read, written) = members.transferred(files) {
            (readBytes, writtenBytes) = (read, written)
        }
        if detail.contains(.threads) { threads = processes.reduce(0) { $0 + $1.threads } }
        if detail.contains(.descriptors), let (open, fullest) = members.descriptors(files) {
            (openDescriptors, fullestDescriptors) = (open, fullest)
        }
    }
}
