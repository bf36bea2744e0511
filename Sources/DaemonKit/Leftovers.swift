import Glibc
import LinuxRuntime

/// What a daemon that was killed left running: it is ended before anything is started, so that nothing runs twice.
final class Leftovers {
    /// How long they have to end by themselves.
    private let gracePeriod: Duration
    /// How often those are tried again that could not be watched, or did not end when they were killed.
    private static let retryPeriod = Duration.seconds(1)

    private let maker: any ContainmentMaker
    private let loop: EventLoop
    private var remaining: [any Containment] = []
    /// Of the remaining ones those whose end nobody would tell.
    private var unwatched: [any Containment] = []
    private var count = 0
    private var isKilling = false
    private var retryTimer: EventLoop.Timer?
    private var killTimer: EventLoop.Timer?
    /// Called once with their number, when none is left.
    var onEnd: ((Int) -> Void)?

    init(_ maker: any ContainmentMaker, loop: EventLoop, gracePeriod: Duration = .seconds(10)) {
        self.maker = maker
        self.loop = loop
        self.gracePeriod = gracePeriod
    }

    /// Asks them to end, and kills what has not ended in time.
    /// - Throws: What keeps them from being found: then nobody knows whether there are any.
    func end() throws(SystemError) {
        for containment in try maker.leftovers() {
            // One that cannot be looked into is not empty for that.
            if (try? containment.isEmpty()) == true {
                try? containment.remove()
            } else {
                remaining.append(containment)
            }
        }
        count = remaining.count
        guard count > 0 else { return finish() }
        DaemonLog.write("waiting for \(names) of an earlier daemon to end")
        unwatched = remaining
        for containment in remaining { try? containment.signalAll(SIGTERM) }
        watch()
        retryTimer = loop.schedule(after: Self.retryPeriod) { [unowned self] in retry() }
        killTimer = loop.schedule(after: gracePeriod) { [unowned self] in kill() }
    }

    /// Gives them no more time.
    func kill() {
        guard !remaining.isEmpty, !isKilling else { return }
        isKilling = true
        DaemonLog.write("killing \(names) of an earlier daemon")
        killRemaining()
    }

    private var names: String {
        let shown = remaining.prefix(8).map(\.id).joined(separator: ", ")
        let noun = remaining.count == 1 ? "instance" : "instances"
        return "\(remaining.count) \(noun) (\(shown)\(remaining.count > 8 ? ", …" : ""))"
    }

    private func killRemaining() {
        // What fails is tried again: they are not gone before they are gone.
        for containment in remaining { try? containment.killAll() }
    }

    private func watch() {
        unwatched.removeAll { containment in
            do throws(SystemError) {
                try containment.onEmpty { [unowned self] in hasEnded(containment) }
                return true
            } catch {
                return false
            }
        }
    }

    private func retry() {
        watch()
        if isKilling { killRemaining() }
        retryTimer = loop.schedule(after: Self.retryPeriod) { [unowned self] in retry() }
    }

    private func hasEnded(_ containment: any Containment) {
        try? containment.remove()
        remaining.removeAll { $0 === containment }
        if remaining.isEmpty { finish() }
    }

    private func finish() {
        if let retryTimer { loop.cancel(retryTimer) }
        if let killTimer { loop.cancel(killTimer) }
        onEnd?(count)
        onEnd = nil
    }
}
