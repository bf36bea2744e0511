import Glibc

/// A moment of CLOCK_MONOTONIC, which no one sets and which stops while the host sleeps.
public struct MonotonicTime: Hashable, Comparable, Sendable {
    /// Nanoseconds since the clock's arbitrary start.
    public var nanoseconds: Int64

    /// Makes a moment of a reading of the clock.
    public init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    /// The present moment.
    public static var now: MonotonicTime { MonotonicTime(nanoseconds: readClock(CLOCK_MONOTONIC)) }

    public static func < (left: MonotonicTime, right: MonotonicTime) -> Bool { left.nanoseconds < right.nanoseconds }

    /// How long after this moment the other is.
    public func duration(to other: MonotonicTime) -> Duration {
        .nanoseconds(other.nanoseconds - nanoseconds)
    }

    /// The moment a duration later; the far future is the last moment there is.
    public static func + (left: MonotonicTime, right: Duration) -> MonotonicTime {
        let (sum, overflow) = left.nanoseconds.addingReportingOverflow(right.wholeNanoseconds)
        return MonotonicTime(nanoseconds: overflow ? .max : sum)
    }
}

/// A moment of the calendar: nanoseconds since 1970-01-01T00:00:00Z, without leap seconds.
public struct WallTime: Hashable, Comparable, Sendable {
    /// Nanoseconds since the epoch.
    public var nanoseconds: Int64

    /// Makes a moment of nanoseconds since the epoch.
    public init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    /// The present moment by the host's calendar clock.
    public static var now: WallTime { WallTime(nanoseconds: readClock(CLOCK_REALTIME)) }

    public static func < (left: WallTime, right: WallTime) -> Bool { left.nanoseconds < right.nanoseconds }
}

private func readClock(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}

extension Duration {
    /// The duration in nanoseconds, or the nearest that 64 bits hold.
    var wholeNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, carry) = product.addingReportingOverflow(attoseconds / 1_000_000_000)
        return overflow || carry ? (seconds < 0 ? .min : .max) : sum
    }
}
