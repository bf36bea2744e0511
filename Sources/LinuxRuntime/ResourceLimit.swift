import CLinux
import Glibc

/// One of a process's resource limits (setrlimit).
public struct ResourceLimit: Hashable, Sendable {
    /// What is limited; the raw values are the kernel's on x86_64 and aarch64.
    public enum Resource: Int32, Sendable {
        case cpu = 0, fsize, data, stack, core, rss, nproc, nofile, memlock, `as`, locks, sigpending, msgqueue, nice
        case rtprio, rttime

        /// The name as in Compose's `ulimits`.
        public var name: String { "\(self)" }
    }

    /// The value that stands for "no limit".
    public static let unlimited = UInt64.max

    /// What is limited.
    public var resource: Resource
    /// What applies, in the resource's unit.
    public var soft: UInt64
    /// How far the process may raise `soft` itself.
    public var hard: UInt64

    /// Makes a limit; `soft` may not be above `hard`, or the kernel refuses it.
    public init(_ resource: Resource, soft: UInt64, hard: UInt64) {
        self.resource = resource
        self.soft = soft
        self.hard = hard
    }

    /// The limit that applies to the calling process.
    public static func current(_ resource: Resource) throws(SystemError) -> ResourceLimit {
        var limit = ResourceLimit(resource, soft: 0, hard: 0)
        try check(clinux_get_limit(resource.rawValue, &limit.soft, &limit.hard), "getrlimit \(resource.name)")
        return limit
    }

    /// Raises the calling process's number of open files as far as it may, and returns the limit from before: the one
    /// that children are to get, because programs that use select(2) break on descriptors above 1023.
    public static func raiseOpenFiles() throws(SystemError) -> ResourceLimit {
        let before = try current(.nofile)
        try check(clinux_set_limit(before.resource.rawValue, before.hard, before.hard), "setrlimit nofile")
        return before
    }
}
