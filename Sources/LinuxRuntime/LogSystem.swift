import Glibc

/// What the threads of the logs tell their owner.
enum LogReport: Sendable {
    /// A line has matched what the watch looks for.
    case matched(watch: Int)
    case trouble(LogOwner, LogTrouble)
    case finished
}

/// The output of all instances, from their pipes to where it is kept, as the owner of the instances sees it: nothing
/// here waits for a disk, nor for one of the threads that do the work.
///
/// Three threads share it: one reads the pipes (`LogPump`), one writes the files (`LogWriter`), one reads files for those
/// who ask and compresses old ones (`LogMerge`, `LogCompressor`); a fourth (`JournalWriter`) is there only where there is
/// output for the journal. They speak by mailboxes.
public final class LogSystem {
    /// Called on the owner's loop when a log begins or ceases to lose lines.
    public var onTrouble: ((LogOwner, LogTrouble) -> Void)?

    private let loop: EventLoop
    private let directory: String
    private let stack: String
    private let reports: Mailbox<LogReport>
    private let pump: Mailbox<LogPump.Message>
    private let writer: Mailbox<LogWriter.Message>
    private let archive: EventLoop
    private var threads: [EventLoop] = []
    private var hasJournal = false
    private var registration: EventLoop.Registration?
    private var counters: [LogOwner: LogCounters] = [:]
    private var policies: [LogOwner: LogPolicy] = [:]
    private var watches: [Int: () -> Void] = [:]
    private var nextID = 0
    private var onFinished: (() -> Void)?
    /// What the pump is told in one go: when all instances of a stack start at once, one wake-up is enough.
    private var pending: [LogPump.Message] = []

    /// Starts the threads. `directory`, which exists, is where the files are.
    public init(loop: EventLoop, directory: String, stack: String) throws(SystemError) {
        self.loop = loop
        self.directory = directory
        self.stack = stack
        let reports = try Mailbox<LogReport>()
        let pump = try Mailbox<LogPump.Message>()
        let writer = try Mailbox<LogWriter.Message>()
        let compressor = try Mailbox<LogCompressor.Message>()
        (self.reports, self.pump, self.writer) = (reports, pump, writer)
        let pool = LogBatchPool(limit: LogWriter.batches) { pump.post(.batchReturned(.files(.text))) }
        archive = try LoopThread.start("log-archive") { loop throws(SystemError) in
            (try LogCompressor(loop: loop, mailbox: compressor, writer: writer), loop)
        }
        threads.append(archive)
        threads.append(
            try LoopThread.start("log-files") { loop throws(SystemError) in
                let served = try LogWriter(
                    loop: loop, directory: directory, mailbox: writer, pool: pool, pump: pump, compressor: compressor
                ) { reports.post($0) }
                return (served, loop)
            })
        threads.append(
            try LoopThread.start("log-pipes") { loop throws(SystemError) in
                let served = try LogPump(loop: loop, mailbox: pump, writer: writer, pool: pool) { reports.post($0) }
                return (served, loop)
            })
        registration = try reports.deliver(on: loop) { [unowned self] messages in
            for message in messages { take(message) }
        }
    }

    deinit {
        if let registration { loop.deregister(registration) }
        for thread in threads { thread.stop() }
    }

    private func take(_ report: LogReport) {
        switch report {
        case .matched(let watch): watches.removeValue(forKey: watch)?()
        case .trouble(let owner, let trouble): onTrouble?(owner, trouble)
        case .finished: finished()
        }
    }

    private func tell(_ message: LogPump.Message) {
        if pending.isEmpty { loop.schedule(after: .zero) { [weak self] in self?.handOver() } }
        pending.append(message)
    }

    private func handOver() {
        pump.post(contentsOf: pending)
        pending.removeAll(keepingCapacity: true)
    }

    // MARK: Outputs

    /// The pipes of a new instance of a replica; several may write at a time: their lines are numbered in the order in
    /// which they are read. What else they cost is done on other threads.
    ///
    /// - Parameters:
    ///   - policy: the replica's from now on.
    ///   - isBeside: it is no instance, but runs beside one: where the replica has a policy, that stays.
    public func attach(
        _ owner: LogOwner, _ policy: LogPolicy, isBeside: Bool = false
    ) throws(SystemError) -> InstanceOutput {
        let policy = isBeside ? policies[owner] ?? policy : policy
        if policy.destination == .journal { try startJournal() }
        policies[owner] = policy
        let output = try Pipe()
        let error = try Pipe()
        nextID += 1
        let made = InstanceOutput(id: nextID, output.writer, error.writer, system: self)
        let readers = (output: output.reader.release(), error: error.reader.release())
        tell(
            .attach(
                LogPump.Attachment(
                    output: nextID, owner: owner, policy: policy, counters: counters(of: owner), readers: readers)))
        return made
    }

    /// Has what a replica's instances write from now on be kept in another way.
    public func adopt(_ policy: LogPolicy, of owner: LogOwner) throws(SystemError) {
        guard policies[owner] != policy else { return }
        if policy.destination == .journal { try startJournal() }
        policies[owner] = policy
        tell(.adopt(owner, policy))
    }

    private func counters(of owner: LogOwner) -> LogCounters {
        if let known = counters[owner] { return known }
        let new = LogCounters()
        counters[owner] = new
        return new
    }

    /// What has become of a replica's output; zero where there was none.
    public func counts(of owner: LogOwner) -> LogCounts { counters[owner]?.counts ?? LogCounts() }

    private func startJournal() throws(SystemError) {
        guard !hasJournal else { return }
        let mailbox = try Mailbox<LogBatchOrder>()
        threads.append(
            try LoopThread.start("log-journal") { [stack, reports] loop throws(SystemError) in
                let served = try JournalWriter(loop: loop, stack: stack, mailbox: mailbox) { reports.post($0) }
                return (served, loop)
            })
        hasJournal = true
        tell(.journal(mailbox))
    }

    // MARK: For the outputs

    fileprivate func watch(_ output: Int, for pattern: LogPattern, _ onMatch: @escaping () -> Void) -> Int {
        nextID += 1
        watches[nextID] = onMatch
        tell(.watch(output: output, watch: nextID, pattern))
        return nextID
    }

    fileprivate func unwatch(_ output: Int, _ ended: [Int]) {
        for watch in ended { watches[watch] = nil }
        if !ended.isEmpty { tell(.unwatch(output: output)) }
    }

    fileprivate func finish(_ output: Int) {
        tell(.finish(output: output))
    }

    // MARK: Reading

    /// Reads what is kept, and what follows.
    public func read(_ request: LogRequest) -> LogReading {
        let subscription = LogSubscription(services: request.followed, follow: request.follow)
        pending.append(.subscribe(subscription))
        handOver()
        return LogReading(
            subscription, LogMerge(loop: archive, directory: directory, request: request), writer: writer)
    }

    // MARK: The end

    /// Takes what all instances have written, ends the streams of all who follow, and calls `body` on the owner's loop
    /// when everything is written, or after `limit`: a disk that hangs is not waited for.
    public func finish(within limit: Duration, then body: @escaping () -> Void) {
        onFinished = body
        tell(.finishAll { [reports] in reports.post(.finished) })
        handOver()
        loop.schedule(after: limit) { [weak self] in self?.finished() }
    }

    private func finished() {
        let body = onFinished
        onFinished = nil
        body?()
    }
}

/// The two pipes through which one instance's output comes.
///
/// Their end is never waited for: an orphan may hold them for ever. When the containment is empty, `finish` takes the
/// rest and closes.
public final class InstanceOutput {
    private let id: Int
    private let system: LogSystem
    private var output: Descriptor?
    private var error: Descriptor?
    private var watches: [Int] = []
    private var isFinished = false

    fileprivate init(id: Int, _ output: consuming Descriptor, _ error: consuming Descriptor, system: LogSystem) {
        self.id = id
        self.system = system
        self.output = consume output
        self.error = consume error
    }

    deinit {
        finish()
    }

    /// Lends the instance's ends for a spawn, and closes them here when it is over.
    public func withWriters<Result: ~Copyable, Failure: Error>(
        _ body: (_ output: Int32, _ error: Int32) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        defer { closeWriters() }
        return try body(output?.number ?? -1, error?.number ?? -1)
    }

    /// Has every line from now on looked at, until one matches; then `onMatch` is called, on the owner's loop.
    public func watch(for pattern: LogPattern, onMatch: @escaping () -> Void) {
        watches.append(system.watch(id, for: pattern, onMatch))
    }

    /// Ends all watches.
    public func endWatches() {
        system.unwatch(id, watches)
        watches = []
    }

    /// Takes what is there, keeps a last line without newline as well, and closes.
    public func finish() {
        guard !isFinished else { return }
        isFinished = true
        endWatches()
        closeWriters()
        system.finish(id)
    }

    private func closeWriters() {
        output = nil
        error = nil
    }
}
