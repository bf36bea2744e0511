import Glibc

/// Looks for a process that has one of some sockets among its descriptors, a bounded piece of work at a time: a host
/// may have very many processes, and a process very many descriptors.
struct SocketOwnerSearch {
    enum Progress {
        case found(pid: Int32)
        /// None of them has, as far as this user may see.
        case notFound
        case unfinished
    }

    private let names: Set<String>
    private var pids: ArraySlice<Int32>
    /// Of the process that is being looked at, what remains.
    private var descriptors: ArraySlice<String> = []
    private var pid: Int32 = 0

    init(for sockets: [ListeningSocket], among pids: [Int32]) {
        names = Set(sockets.map { "socket:[\($0.inode)]" })
        self.pids = pids[...]
    }

    /// Looks at about as many descriptors as `budget` says; a process costs as much as sixteen.
    mutating func proceed(budget: Int) -> Progress {
        var budget = budget
        while budget > 0 {
            if let descriptor = descriptors.popFirst() {
                budget -= 1
                if Self.isLink("/proc/\(pid)/fd/\(descriptor)", toOneOf: names) { return .found(pid: pid) }
            } else if let next = pids.popFirst() {
                budget -= 16
                pid = next
                descriptors = Self.descriptors(of: next)[...]
            } else {
                return .notFound
            }
        }
        return .unfinished
    }

    /// None where the process has gone, or is another user's.
    private static func descriptors(of pid: Int32) -> [String] {
        guard let directory = try? Descriptor.open("/proc/\(pid)/fd", flags: O_RDONLY | O_DIRECTORY) else { return [] }
        return (try? ProcFile.names(in: directory)) ?? []
    }

    private static func isLink(_ path: String, toOneOf names: Set<String>) -> Bool {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 64) { buffer in
            guard let base = buffer.baseAddress else { return false }
            let count = readlink(path, base, buffer.count)
            return count > 0 && names.contains(String(decoding: buffer[..<count], as: UTF8.self))
        }
    }
}
