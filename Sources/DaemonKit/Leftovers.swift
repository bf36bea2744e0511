import Glibc
import LinuxRuntime

/// What a daemon that was killed left running: it is ended before anything is started, so that nothing runs twice.
final class Leftovers {
    /// How long they have to end by themselves.
    private static let gracePeriod = Duration.seconds(10)

    private let maker: any ContainmentMaker
    private let loop: EventLoop
    private var remaining: [any Containment] = []
    private var killTimer: EventLoop.Timer?
    /// Called once with their number, when none is left.
    var onEnd: ((Int) -> Void)?

    init(_ maker: any ContainmentMaker, loop: EventLoop) {
        self.maker = maker
        self.loop = loop
    }

    /// Asks them to end, and kills what has not ended in time.
    func end() {
        var found = (try? maker.leftovers()) ?? []
        found.removeAll { containment in
            guard (try? containment.members().isEmpty) != false else { return false }
            try? containment.remove()
            return true
        }
        guard !found.isEmpty else { return finish(0) }
        remaining = found
        for containment in found {
            try? containment.signalAll(SIGTERM)
            try? containment.onEmpty { [unowned self] in
                try? containment.remove()
                remaining.removeAll { $0 === containment }
                if remaining.isEmpty { finish(found.count) }
            }
        }
        killTimer = loop.schedule(after: Self.gracePeriod) { [unowned self] in
            for containment in remaining { try? containment.killAll() }
        }
    }

    private func finish(_ count: Int) {
        if let killTimer { loop.cancel(killTimer) }
        onEnd?(count)
        onEnd = nil
    }
}
