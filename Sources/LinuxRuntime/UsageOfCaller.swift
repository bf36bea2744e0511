import Glibc

/// What the calling process itself uses.
public struct OwnUsage: Sendable {
    public var residentBytes: UInt64
    /// Of all its threads; of one core.
    public var cpuTime: Duration
    public var openDescriptors: Int

    /// What cannot be read for want of descriptors is 0.
    public static func read() -> OwnUsage {
        let pages = (try? ProcFile.numbers(in: "/proc/self/statm"))?.dropFirst().first ?? 0
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return OwnUsage(
            residentBytes: pages * UInt64(sysconf(Int32(_SC_PAGESIZE))),
            cpuTime: .seconds(Int64(time.tv_sec)) + .nanoseconds(Int64(time.tv_nsec)),
            openDescriptors: openDescriptors())
    }

    private static func openDescriptors() -> Int {
        let path = "/proc/self/fd"
        var status = stat()
        // The size of the directory is their number (Linux 6.2); before, they have to be counted.
        if stat(path, &status) == 0, status.st_size > 0 { return Int(status.st_size) }
        guard let directory = try? Descriptor.open(path, flags: O_RDONLY | O_DIRECTORY) else { return 0 }
        // Two of them are those that it is read with.
        return max(0, ((try? ProcFile.names(in: directory).count) ?? 0) - 2)
    }
}
