import ControlProtocol
import LinuxRuntime
import StackModel

/// The two clocks of the daemon: the core's, which no one sets, and the wall's, for people.
struct Clock {
    let startedAt = Timestamp(WallTime.now)

    var instant: Instant { Instant(MonotonicTime.now) }
    var now: Timestamp { Timestamp(WallTime.now) }

    /// Where an instant stands on the wall clock, as that is set now.
    func time(of instant: Instant) -> Timestamp {
        let age = instant.duration(to: self.instant).wholeNanoseconds / 1_000_000
        return Timestamp(milliseconds: now.milliseconds - age)
    }
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
