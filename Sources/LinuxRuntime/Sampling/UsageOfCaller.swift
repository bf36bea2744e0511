import Glibc

/// What the calling process itself uses.
public struct OwnUsage: Sendable {
    public var residentBytes: UInt64
    /// Of all its threads; of one core.
    public var cpuTime: Duration
    public var openDescriptors: Int

    /// What cannot be read for want of descriptors is 0.
    public static func read() -> OwnUsage {
        let pages = (try? ProcFile.withBytes("/proc/self/statm") { $0.word(1) }) ?? nil
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return OwnUsage(
            residentBytes: (pages ?? 0) * UInt64(sysconf(Int32(_SC_PAGESIZE))),
            cpuTime: .seconds(Int64(time.tv_sec)) + .nanoseconds(Int64(time.tv_nsec)),
            openDescriptors: OpenDescriptors.count(in: "/proc/self/fd") ?? 0)
    }
}
