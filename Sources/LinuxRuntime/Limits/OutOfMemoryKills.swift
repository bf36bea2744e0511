/// What the kernel did to an instance that needed more memory than there was.
public struct OutOfMemoryKills: Hashable, Sendable {
    /// How many of its processes were killed; 0 where it never came to that.
    public var count: Int
    /// The most that was ever charged to it, in bytes (Linux 5.19).
    public var peak: UInt64?
    /// What it might have, in bytes; nil without limit, as where it was the host that had no more.
    public var limit: UInt64?

    public init(count: Int, peak: UInt64? = nil, limit: UInt64? = nil) {
        self.count = count
        self.peak = peak
        self.limit = limit
    }
}
