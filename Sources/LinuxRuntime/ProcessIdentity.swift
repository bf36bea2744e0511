import CLinux
import Glibc

/// The kernel's name for one boot of the host.
public struct BootID: Hashable, Sendable, CustomStringConvertible {
    /// As the kernel writes it: 36 characters.
    public let description: String

    /// The present boot's.
    public static func current() throws(SystemError) -> BootID {
        let text = try ProcFile.text("/proc/sys/kernel/random/boot_id")
        return BootID(description: String(text.prefix { $0 != "\n" }))
    }
}

/// Names one process for good: its pid alone is given to another process sooner or later, pid and start time are not.
/// Across boots the pair is only meaningful together with the `BootID`.
public struct ProcessIdentity: Hashable, Sendable {
    /// The process id.
    public var pid: Int32
    /// When it started, in clock ticks since boot (field 22 of /proc/PID/stat).
    public var startTime: UInt64

    /// Makes an identity of what was written down earlier.
    public init(pid: Int32, startTime: UInt64) {
        self.pid = pid
        self.startTime = startTime
    }

    /// The identity of the process that has a pid now.
    public static func of(pid: Int32) throws(SystemError) -> ProcessIdentity {
        ProcessIdentity(pid: pid, startTime: try ProcessStatus.of(pid: pid).startTime)
    }

    /// Opens a pidfd of exactly this process; ESRCH when it has gone, whoever has its pid now.
    public func open() throws(SystemError) -> Descriptor {
        let pidfd = Descriptor(owning: try check(clinux_pidfd_open(pid), "pidfd_open \(pid)"))
        // Read after the open: if it still is the process, then it was when the descriptor was made.
        guard let now = try? ProcessIdentity.of(pid: pid), now == self else {
            throw SystemError(errno: ESRCH, operation: "process \(pid) started at \(startTime)")
        }
        return pidfd
    }
}

/// What /proc/PID/stat says of a process.
struct ProcessStatus {
    var pid: Int32
    var parent: Int32
    var session: Int32
    var startTime: UInt64
    /// What it and those of its children that it has reaped have used, in clock ticks.
    var cpuTicks: UInt64
    var threads: Int
    /// Whether it has ended and only waits to be reaped. A leader that ended before its threads is not counted.
    var isZombie: Bool

    static func of(pid: Int32) throws(SystemError) -> ProcessStatus {
        let path = "/proc/\(pid)/stat"
        let status = try ProcFile.withBytes(path) { ProcessStatus(pid: pid, $0) }
        guard let status else { throw SystemError(errno: EPROTO, operation: "read \(path)") }
        return status
    }

    /// Parses the line. The name in parentheses may hold anything, so the fields are counted from the last ")".
    init?(pid: Int32, _ line: Span<UInt8>) {
        guard let close = line.indices.last(where: { line[$0] == UInt8(ascii: ")") }) else { return nil }
        var cursor = close + 2
        guard cursor < line.count else { return nil }
        let state = line[cursor]
        cursor += 2
        // Numbers from field 4 (parent) to field 22 (start time); field 20 is the number of threads.
        var fields: [UInt64] = []
        fields.reserveCapacity(19)
        while fields.count < 19, cursor < line.count {
            var value: UInt64 = 0
            while cursor < line.count, line[cursor] != UInt8(ascii: " ") {
                let digit = line[cursor] &- UInt8(ascii: "0")
                // Signs are dropped: the fields that are used here have none.
                if digit < 10 { value = value &* 10 &+ UInt64(digit) }
                cursor += 1
            }
            fields.append(value)
            cursor += 1
        }
        guard fields.count == 19 else { return nil }
        self.pid = pid
        parent = Int32(truncatingIfNeeded: fields[0])
        session = Int32(truncatingIfNeeded: fields[2])
        startTime = fields[18]
        // utime, stime, cutime, cstime
        cpuTicks = fields[10] &+ fields[11] &+ fields[12] &+ fields[13]
        threads = Int(clamping: fields[16])
        isZombie = state == UInt8(ascii: "X") || (state == UInt8(ascii: "Z") && fields[16] <= 1)
    }
}
