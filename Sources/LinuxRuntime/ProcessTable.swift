import Glibc

/// All processes of the host at one moment, as far as /proc shows them.
struct ProcessTable {
    /// In ascending order of pid.
    let all: [ProcessStatus]
    private let children: [Int32: [Int]]
    private let positions: [Int32: Int]

    static func read() throws(SystemError) -> ProcessTable {
        let directory = try Descriptor.open("/proc", flags: O_RDONLY | O_DIRECTORY)
        let pids = try ProcFile.names(in: directory).compactMap { Int32($0) }.sorted()
        // One that ended since it was listed is left out.
        return ProcessTable(pids.compactMap { try? ProcessStatus.of(pid: $0) })
    }

    init(_ processes: [ProcessStatus]) {
        all = processes
        children = Dictionary(grouping: processes.indices) { processes[$0].parent }
        positions = Dictionary(processes.enumerated().map { ($1.pid, $0) }) { first, _ in first }
    }

    subscript(pid: Int32) -> ProcessStatus? { positions[pid].map { all[$0] } }

    /// Everything below a process, parents before their children.
    func descendants(of pid: Int32) -> [ProcessStatus] {
        var found: [ProcessStatus] = []
        var next = children[pid] ?? []
        // Reading is not atomic, so the parents may contradict each other: a cycle ends at the table's size.
        while let position = next.popLast(), found.count < all.count {
            found.append(all[position])
            next += children[all[position].pid] ?? []
        }
        return found
    }
}

extension ProcessStatus {
    var identity: ProcessIdentity { ProcessIdentity(pid: pid, startTime: startTime) }
}
