import Glibc

/// What the processes of one instance use of the host.
public struct Usage: Hashable, Sendable {
    /// Of all of them, those that have ended included as far as the kernel keeps account; of one core.
    public var cpuTime: Duration
    /// Charged to their cgroup, or else resident: what several of them share is counted once.
    public var memoryBytes: UInt64
    public var processes: Int

    public init(cpuTime: Duration = .zero, memoryBytes: UInt64 = 0, processes: Int = 0) {
        self.cpuTime = cpuTime
        self.memoryBytes = memoryBytes
        self.processes = processes
    }
}

/// The resident memory of some processes.
///
/// The kernel tells of each process how much of it others may share (files, shared memory), not with whom. Processes of
/// one instance share with each other: so the largest share stands for all. A page that only a fork left to two of them
/// counts twice.
struct ResidentMemory {
    private static let pageSize = UInt64(sysconf(Int32(_SC_PAGESIZE)))

    private var own: UInt64 = 0
    private var shared: UInt64 = 0

    init(of pids: [Int32]) {
        for pid in pids { add(pid: pid) }
    }

    /// In bytes.
    var bytes: UInt64 { (own + shared) * Self.pageSize }

    /// One that has ended has none.
    private mutating func add(pid: Int32) {
        // size resident shared text lib data dt, in pages (proc_pid_statm(5))
        guard let fields = try? ProcFile.numbers(in: "/proc/\(pid)/statm"), fields.count > 2 else { return }
        own += fields[1] - min(fields[1], fields[2])
        shared = max(shared, fields[2])
    }
}

extension ProcFile {
    /// The numbers in a file, whatever stands between them.
    static func numbers(in path: String, of directory: Int32? = nil) throws(SystemError) -> [UInt64] {
        try withBytes(path, in: directory) { bytes in
            var numbers: [UInt64] = []
            var number: UInt64?
            for index in bytes.indices {
                let digit = bytes[index] &- UInt8(ascii: "0")
                if digit < 10 {
                    number = (number ?? 0) &* 10 &+ UInt64(digit)
                } else if let complete = number.take() {
                    numbers.append(complete)
                }
            }
            if let number { numbers.append(number) }
            return numbers
        }
    }
}
