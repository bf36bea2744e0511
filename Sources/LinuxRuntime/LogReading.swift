import Synchronization

/// One client's reading of the logs: what is kept, page by page as the client takes it, and then what follows. No line
/// comes twice, and none is left out without a word.
public final class LogReading: Sendable {
    private let subscription: LogSubscription
    private let merge: LogMerge
    private let writer: Mailbox<LogWriter.Message>
    private let phase = Mutex(Phase.new)

    private enum Phase {
        /// Nothing was read yet. Becomes `kept`.
        case new
        /// What is kept is read. Becomes `following`.
        case kept
        case following
    }

    init(_ subscription: LogSubscription, _ merge: LogMerge, writer: Mailbox<LogWriter.Message>) {
        self.subscription = subscription
        self.merge = merge
        self.writer = writer
    }

    /// Waits until every line that comes from now on is among those that follow.
    public func begin() async {
        _ = await subscription.snapshot()
    }

    /// What comes next, as soon as there is something; empty after a nudge, nil at the end. For one reader at a time.
    public func next() async -> [LogItem]? {
        switch phase.withLock({ $0 }) {
        case .new:
            phase.withLock { $0 = .kept }
            let missing = await start()
            return missing.isEmpty ? await next() : missing
        case .kept:
            if subscription.isFinished { return nil }
            if let page = await merge.page() { return page }
            phase.withLock { $0 = .following }
        case .following: break
        }
        guard let feed = subscription.feed, let chunks = await feed.next() else { return nil }
        return await merge.items(of: chunks)
    }

    private func start() async -> [LogItem] {
        let snapshot = await subscription.snapshot()
        // What was read from the pipes up to the snapshot may be on its way to the files; for ever, where a disk hangs.
        await subscription.wait(forAnswerTo: { answer in writer.post(.barrier(answer)) })
        return subscription.isFinished ? [] : await merge.begin(snapshot)
    }

    /// Wakes a reader that waits for what follows, with nothing.
    public func nudge() {
        subscription.feed?.nudge()
    }

    /// The client has gone, or the daemon ends.
    public func finish() {
        subscription.finish()
    }
}
