import Glibc
import Synchronization

/// What the kernel's accounts say that one cgroup uses; to be read from any thread.
final class ControlGroupAccounts: Sendable {
    let directory: Descriptor
    private let open: Mutex<OpenAccountFiles>
    /// Of an earlier daemon's time.
    private let earlierKills: UInt64

    init(_ directory: consuming Descriptor, _ files: AccountFiles = AccountFiles(), isNew: Bool) {
        earlierKills = isNew ? 0 : Self.kills(in: directory.number) ?? 0
        self.directory = directory
        open = Mutex(OpenAccountFiles(files))
    }

    private static func kills(in directory: Int32) -> UInt64? {
        (try? ProcFile.withBytes(AccountFile.memoryEvents.name, in: directory) { $0.number(after: "oom_kill ") }) ?? nil
    }

    /// How many of its processes the kernel has killed for want of memory since it was made or taken over, and how much
    /// it had; nil where the host does not tell.
    func outOfMemoryKills() -> OutOfMemoryKills? {
        guard let kills = Self.kills(in: directory.number) else { return nil }
        func bytes(_ file: String) -> UInt64? {
            // Without limit it says "max".
            (try? ProcFile.withBytes(file, in: directory.number) { $0.number(at: 0) }) ?? nil
        }
        return OutOfMemoryKills(count: ownKills(kills), peak: bytes("memory.peak"), limit: bytes("memory.max"))
    }

    private func ownKills(_ all: UInt64) -> Int { Int(clamping: all - min(all, earlierKills)) }

    /// Nil where it has gone.
    func usage(_ detail: UsageDetail, _ files: borrowing KernelFiles, at now: MonotonicTime = .now) -> Usage? {
        open.withLock { open in
            open.begin(at: now)
            return usage(detail, &open, files)
        }
    }

    private func usage(
        _ detail: UsageDetail, _ open: inout OpenAccountFiles, _ files: borrowing KernelFiles
    ) -> Usage? {
        guard var usage = processorUsage(&open, files), let pids = members(&open, files) else { return nil }
        let members = MemberUsage(pids: pids)
        usage.processes = pids.count
        if !detail.isDisjoint(with: [.memory, .workingSet]) {
            let charged = read(.memoryCurrent, &open, files) { $0.number(at: 0) }
            usage.memoryBytes = charged ?? ResidentMemory(of: pids, files).bytes
            if detail.contains(.workingSet) {
                let reclaimable = read(.memoryStat, &open, files) { $0.number(after: "inactive_file ") }
                usage.workingSetBytes = usage.memoryBytes - min(usage.memoryBytes, reclaimable ?? 0)
            }
        }
        if detail.contains(.memoryEvents) {
            usage.memoryPeak = read(.memoryPeak, &open, files) { $0.number(at: 0) }
            usage.outOfMemoryKills = read(.memoryEvents, &open, files) { $0.number(after: "oom_kill ") }.map(ownKills)
        }
        if detail.contains(.io), let (read, written) = transferred(&open, files) ?? members.transferred(files) {
            (usage.readBytes, usage.writtenBytes) = (read, written)
        }
        if detail.contains(.pressure) { usage.pressure = pressure(&open, files) }
        if detail.contains(.threads) { usage.threads = threads(&open, files) }
        if detail.contains(.descriptors), let (open, fullest) = members.descriptors(files) {
            (usage.openDescriptors, usage.fullestDescriptors) = (open, fullest)
        }
        return usage
    }

    /// The kernel keeps this account without a controller, of the dead as well.
    private func processorUsage(_ open: inout OpenAccountFiles, _ files: borrowing KernelFiles) -> Usage? {
        read(.cpuStat, &open, files) { text in
            var usage = Usage(cpuTime: .microseconds(text.number(after: "usage_usec ") ?? 0))
            usage.throttledTime = text.number(after: "throttled_usec ").map { .microseconds($0) }
            return usage
        }
    }

    private func transferred(
        _ open: inout OpenAccountFiles, _ files: borrowing KernelFiles
    ) -> (read: UInt64, written: UInt64)? {
        // It has a line for each disk, and none at first.
        read(.ioStat, &open, files) { ($0.sum(after: "rbytes=") ?? 0, $0.sum(after: "wbytes=") ?? 0) }
    }

    private func pressure(_ open: inout OpenAccountFiles, _ files: borrowing KernelFiles) -> PressureTotals? {
        func total(_ file: AccountFile) -> Duration? {
            // The line of `some` comes first.
            read(file, &open, files) { text in text.number(after: "total=").map { .microseconds($0) } }
        }
        let totals = PressureTotals(cpu: total(.cpuPressure), memory: total(.memoryPressure), io: total(.ioPressure))
        return totals == PressureTotals() ? nil : totals
    }

    private func read<Result>(
        _ file: AccountFile, _ open: inout OpenAccountFiles, _ files: borrowing KernelFiles,
        _ body: (Span<UInt8>) -> Result?
    ) -> Result? {
        open.with(file, in: directory.number) { files.read($0, body) }
    }

    // MARK: Who is inside

    private func members(_ open: inout OpenAccountFiles, _ files: borrowing KernelFiles) -> [Int32]? {
        numbers(in: .processes, &open, files)
    }

    private func threads(_ open: inout OpenAccountFiles, _ files: borrowing KernelFiles) -> Int? {
        if let count = read(.pidsCurrent, &open, files, { $0.number(at: 0) }) { return Int(clamping: count) }
        return numbers(in: .threads, &open, files)?.count
    }

    /// The numbers in a file of this cgroup and of all below it; no process is in two of them.
    private func numbers(
        in file: AccountFile, _ open: inout OpenAccountFiles, _ files: borrowing KernelFiles
    ) -> [Int32]? {
        guard hasGroupsInside else { return open.with(file, in: directory.number) { files.numbers(in: $0) } }
        var all: [Int32] = []
        let isComplete: Void? = try? ControlGroup.forEachGroup(in: directory) { group in
            // A group of threads has no list of processes: its parent lists them.
            all += files.numbers(in: file.name, of: group.number) ?? []
        }
        return isComplete.map { all }
    }

    /// Whether the processes may have made cgroups of their own: a directory has two links of its own, and one for each
    /// directory inside.
    private var hasGroupsInside: Bool {
        var status = stat()
        return fstat(directory.number, &status) != 0 || status.st_nlink != 2
    }
}
