import CLinux
import Glibc

/// A timer of the calendar clock that also tells when somebody sets that clock.
///
/// The loop's own timers go by the monotonic clock, which stands still while the host sleeps and does not follow when
/// the calendar clock is set.
public final class WallClockTimer {
    private let loop: EventLoop
    private let descriptor: Descriptor
    private let handler: () -> Void
    private var registration: EventLoop.Registration?

    /// Calls `handler` on the loop when the moment that was set has come, and when the clock is set while there is one;
    /// then no moment is set any more.
    public init(on loop: EventLoop, handler: @escaping () -> Void) throws(SystemError) {
        self.loop = loop
        self.handler = handler
        descriptor = Descriptor(owning: try check(clinux_wall_timer_create(), "timerfd_create"))
        registration = try loop.register(descriptor.number, for: .readable) { [unowned self] _ in expire() }
    }

    deinit {
        if let registration { loop.deregister(registration) }
    }

    /// Sets the moment, one that is past included; nil: never.
    public func set(_ moment: WallTime?) throws(SystemError) {
        // The epoch itself would stand for never.
        let nanoseconds = moment.map { max($0.nanoseconds, 1) } ?? 0
        let status = clinux_wall_timer_set(
            descriptor.number, nanoseconds / 1_000_000_000, nanoseconds % 1_000_000_000)
        if status == -ECANCELED {
            // Here the kernel tells that the clock was set, and does so once.
            loop.schedule(after: .zero) { [weak self] in self?.handler() }
        } else {
            try check(status, "timerfd_settime")
        }
    }

    private func expire() {
        var count: UInt64 = 0
        let status = read(descriptor.number, &count, MemoryLayout.size(ofValue: count))
        // A timer that was set anew in this turn has nothing to tell yet.
        guard status >= 0 || errno == ECANCELED else { return }
        handler()
    }
}
