import ControlProtocol
import LinuxRuntime
import StackModel
import SupervisorCore

/// Tells when runs of scheduled services are due.
final class ScheduleClock {
    private let loop: EventLoop
    private let clock: Clock
    private let onDue: (ServiceName) -> Void
    private var dueTimes = DueTimes()
    private var wallTimer: WallClockTimer?
    private var intervalTimer: EventLoop.Timer?
    private var armed: (wall: Int64?, instant: Instant?) = (nil, nil)

    /// `onDue` is called on the loop, with the name of a service of which a run is due.
    init(loop: EventLoop, clock: Clock, onDue: @escaping (ServiceName) -> Void) throws(SystemError) {
        self.loop = loop
        self.clock = clock
        self.onDue = onDue
        wallTimer = try WallClockTimer(on: loop) { [unowned self] in
            armed.wall = nil
            look()
        }
    }

    /// Takes over which services are scheduled and which of them are wanted: to be called after what may have changed
    /// that, which only commands do.
    func follow(_ services: [ServiceSnapshot]) {
        dueTimes.follow(services.compactMap { DueTimes.Job($0) }, at: now)
        arm()
    }

    /// When the next run of a service is due; nil where none will be.
    func next(of name: ServiceName) -> Timestamp? {
        switch dueTimes.next(of: name) {
        case .wall(let time)?: Timestamp(milliseconds: time * 1000)
        case .instant(let instant)?: clock.time(of: instant)
        case nil: nil
        }
    }

    private var now: DueTimes.Now {
        DueTimes.Now(wall: clock.now.milliseconds.flooredQuotient(by: 1000), instant: clock.instant)
    }

    private func look() {
        for name in dueTimes.takeDue(at: now) { onDue(name) }
        arm()
    }

    private func arm() {
        if armed.wall != dueTimes.nextWall {
            armed.wall = dueTimes.nextWall
            do throws(SystemError) {
                try wallTimer?.set(armed.wall.map { WallTime(nanoseconds: $0.saturatingNanoseconds) })
            } catch {
                armed.wall = nil
                DaemonLog.write("schedules by the clock do not run: \(error)")
            }
        }
        if armed.instant != dueTimes.nextInstant {
            armed.instant = dueTimes.nextInstant
            if let intervalTimer { loop.cancel(intervalTimer) }
            intervalTimer = armed.instant.map { instant in
                loop.schedule(after: clock.instant.duration(to: instant)) { [unowned self] in
                    (intervalTimer, armed.instant) = (nil, nil)
                    look()
                }
            }
        }
    }

    deinit {
        if let intervalTimer { loop.cancel(intervalTimer) }
    }
}

extension Int64 {
    /// So many seconds in nanoseconds, as far as 64 bits go: to the year 2262.
    fileprivate var saturatingNanoseconds: Int64 {
        let (product, overflow) = multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? (self < 0 ? .min : .max) : product
    }
}
