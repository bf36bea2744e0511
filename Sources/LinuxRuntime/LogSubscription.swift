import Synchronization

/// How far the logs had come when somebody asked for them.
struct LogSnapshot: Sendable {
    /// The number of the last line of each.
    var numbers: [LogOwner: UInt64] = [:]
    /// The tails of those that no file has.
    var rings: [LogOwner: [UInt8]] = [:]
}

/// What the pump is asked on behalf of one client: how far the logs have come, and to feed what follows.
final class LogSubscription: Sendable {
    private struct State {
        var snapshot: LogSnapshot?
        var waiter: CheckedContinuation<LogSnapshot, Never>?
        var isFinished = false
        /// Waits for an answer of a thread that a disk may hold up.
        var patient: CheckedContinuation<Void, Never>?
    }

    /// Nil where nothing is to follow.
    let feed: LogFeed?
    private let services: Set<String>
    private let state = Mutex(State())

    init(services: Set<String>, follow: Bool) {
        self.services = services
        feed = follow ? LogFeed(services: services) : nil
    }

    func wants(_ owner: LogOwner) -> Bool { services.isEmpty || services.contains(owner.service) }

    /// The pump's answer.
    func begin(_ snapshot: LogSnapshot) {
        let waiter = state.withLock { state in
            state.snapshot = snapshot
            return state.waiter.take()
        }
        waiter?.resume(returning: snapshot)
    }

    /// Whether nobody waits for more.
    var isFinished: Bool { state.withLock { $0.isFinished } }

    func finish() {
        state.withLock { $0.isFinished = true }
        letGo()
        feed?.finish()
    }

    /// Asks, and waits for the answer, but not longer than somebody waits for more: for one that waits.
    func wait(forAnswerTo ask: (_ answer: @escaping @Sendable () -> Void) -> Void) async {
        await withCheckedContinuation { continuation in
            state.withLock { $0.patient = continuation }
            ask { [self] in letGo() }
            if isFinished { letGo() }
        }
    }

    private func letGo() {
        let patient = state.withLock { $0.patient.take() }
        patient?.resume()
    }

    /// Waits for it; for one that waits.
    func snapshot() async -> LogSnapshot {
        await withCheckedContinuation { continuation in
            let known = state.withLock { state in
                if state.snapshot == nil { state.waiter = continuation }
                return state.snapshot
            }
            if let known { continuation.resume(returning: known) }
        }
    }
}
