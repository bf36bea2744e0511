import ControlProtocol
import LinuxRuntime
import StackModel

/// The daemon's side of its unit: tells systemd how the stack is, and that the supervision loop turns.
///
/// It lives on the loop. What it has to look at grows with the stack, so it looks when something has changed, and not
/// more often than ten times a second; only a change of the stack's state is told at once.
final class SystemdLink {
    private static let pause = Duration.milliseconds(100)

    private let loop: EventLoop
    private let tell: ([ServiceNotice]) -> Void
    private var conversation: SystemdConversation
    private var lastState: StackDocument.State?
    private var timer: EventLoop.Timer?
    /// Looks at the stack.
    var view: (() -> SystemdView)?

    init(
        readiness: UnitReadiness, loop: EventLoop, watchdog: Duration? = ServiceManager.watchdog,
        tell: @escaping ([ServiceNotice]) -> Void = ServiceManager.tell
    ) {
        self.loop = loop
        self.tell = tell
        conversation = SystemdConversation(readiness: readiness)
        // Half of the limit, as sd_watchdog_enabled(3) recommends. From the very loop that supervises: what holds that
        // up, holds this up.
        if let watchdog { beat(every: watchdog / 2) }
    }

    /// Something about the stack may have changed.
    func stackChanged(to state: StackDocument.State) {
        if state != lastState {
            lastState = state
            look()
        } else if timer == nil {
            timer = loop.schedule(after: Self.pause) { [unowned self] in look() }
        }
    }

    /// The files are read again.
    func reload(_ reload: Reload) {
        tell(conversation.reload(reload))
    }

    private func look() {
        if let timer { loop.cancel(timer) }
        timer = nil
        guard let view else { return }
        tell(conversation.observe(view(), at: Instant(MonotonicTime.now)))
    }

    private func beat(every period: Duration) {
        tell([.alive])
        loop.schedule(after: period) { [weak self] in self?.beat(every: period) }
    }
}
