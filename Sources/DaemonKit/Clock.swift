import ControlProtocol
import LinuxRuntime
import StackModel

/// The two clocks of the daemon: the core's, which no one sets, and the wall's, for people. It belongs to the loop's
/// thread.
final class Clock {
    /// In nanoseconds. The two are read one after the other, and the wall's is slewed: a difference as small as that
    /// says nothing, and would make the same instant two times.
    private static let tolerance: Int64 = 5_000_000

    let startedAt = Timestamp(WallTime.now)
    /// How far the wall clock is ahead of the core's, in nanoseconds.
    private var offset = Clock.presentOffset

    var instant: Instant { Instant(MonotonicTime.now) }
    var now: Timestamp { Timestamp(WallTime.now) }

    /// Where an instant stands on the wall clock, as that is set now.
    func time(of instant: Instant) -> Timestamp {
        let present = Self.presentOffset
        if abs(present - offset) > Self.tolerance { offset = present }
        return Timestamp(milliseconds: (instant.sinceOrigin.wholeNanoseconds + offset) / 1_000_000)
    }

    private static var presentOffset: Int64 { WallTime.now.nanoseconds - MonotonicTime.now.nanoseconds }
}

extension Instant {
    init(_ time: MonotonicTime) {
        self.init(sinceOrigin: .nanoseconds(time.nanoseconds))
    }
}

extension MonotonicTime {
    init(_ instant: Instant) {
        self.init(nanoseconds: instant.sinceOrigin.wholeNanoseconds)
    }
}
