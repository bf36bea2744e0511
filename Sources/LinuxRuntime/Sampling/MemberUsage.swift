import CLinux
import Glibc

/// What /proc tells of the processes of one instance, for that of which their cgroup makes no account.
struct MemberUsage {
    let pids: [Int32]

    /// In bytes; nil where no process tells, as those of another user.
    func transferred(_ files: borrowing KernelFiles) -> (read: UInt64, written: UInt64)? {
        var sum: (read: UInt64, written: UInt64)?
        for pid in pids {
            let found = files.read("\(pid)/io", in: files.processes.number) { text in
                text.number(after: "read_bytes: ").map { ($0, text.number(after: "write_bytes: ") ?? 0) }
            }
            guard let (read, written) = found else { continue }
            sum = ((sum?.read ?? 0) + read, (sum?.written ?? 0) + written)
        }
        return sum
    }

    /// How many descriptors they have open, and which process is nearest to its limit.
    func descriptors(_ files: borrowing KernelFiles) -> (open: Int, fullest: DescriptorFill?)? {
        var all: Int?
        var fullest: DescriptorFill?
        for pid in pids {
            guard let open = OpenDescriptors.count(in: "\(pid)/fd", of: files.processes.number) else { continue }
            all = (all ?? 0) + open
            var (soft, hard) = (UInt64(0), UInt64(0))
            guard clinux_get_limit_of(pid, ResourceLimit.Resource.nofile.rawValue, &soft, &hard) == 0 else { continue }
            let fill = DescriptorFill(open: open, limit: soft)
            if fullest.map({ fill.isFuller(than: $0) }) ?? true { fullest = fill }
        }
        return all.map { ($0, fullest) }
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

    init(of pids: [Int32], _ files: borrowing KernelFiles) {
        for pid in pids { add(pid, files) }
    }

    /// In bytes.
    var bytes: UInt64 { (own + shared) * Self.pageSize }

    /// One that has ended has none.
    private mutating func add(_ pid: Int32, _ files: borrowing KernelFiles) {
        // size resident shared text lib data dt, in pages (proc_pid_statm(5))
        let pages = files.read("\(pid)/statm", in: files.processes.number) { text in
            text.word(1).flatMap { resident in text.word(2).map { (resident, $0) } }
        }
        guard let (resident, common) = pages else { return }
        own += resident - min(resident, common)
        shared = max(shared, common)
    }
}

/// How many descriptors a process has open.
enum OpenDescriptors {
    /// Of a process's `fd` directory; nil where it has ended or is not to be seen.
    static func count(in path: String, of directory: Int32 = AT_FDCWD) -> Int? {
        var status = stat()
        guard fstatat(directory, path, &status, 0) == 0 else { return nil }
        // The size of the directory is their number (Linux 6.2); before, they have to be counted.
        if status.st_size > 0 { return Int(status.st_size) }
        guard let opened = try? Descriptor.open(path, flags: O_RDONLY | O_DIRECTORY, in: directory) else { return nil }
        return (try? ProcFile.names(in: opened))?.count
    }
}
