import Glibc

/// Leaves output in its pipes for a moment while it comes in drops: one read then takes many writes, which costs their
/// writer and this thread a fraction.
struct LogPace {
    /// Of what was read in one turn, in bytes: more than this is no drop.
    private static let drop = 32 << 10
    /// A turn that begins so soon after the last one, in nanoseconds, is one of a stream.
    private static let soon: Int64 = 1_000_000
    /// In nanoseconds; at the rate at which small writes can come, a pipe holds more than that.
    private static let pause = 400_000

    private var count = 0
    private var last = MonotonicTime(nanoseconds: 0)

    mutating func note(read count: Int) {
        self.count += count
    }

    mutating func endTurn() {
        guard count > 0 else { return }
        let now = MonotonicTime.now
        let isDrop = count < Self.drop && now.nanoseconds - last.nanoseconds < Self.soon
        count = 0
        last = now
        guard isDrop else { return }
        var time = timespec(tv_sec: 0, tv_nsec: Self.pause)
        nanosleep(&time, nil)
        last = .now
    }
}
