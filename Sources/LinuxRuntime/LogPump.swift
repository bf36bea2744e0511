import Glibc

/// Reads the output of all instances on a thread of its own, without ever waiting for any of them, or for a disk.
///
/// It cuts the output into lines, numbers them and hands them over in batches: to the writer, to the journal, to whoever
/// follows. Only this thread touches it; all others post to its mailbox.
final class LogPump {
    enum Message: Sendable {
        /// A new instance's pipes; their readers' descriptors are given away.
        case attach(Attachment)
        /// The replica's instances go on under another policy.
        case adopt(LogOwner, LogPolicy)
        /// Each line of the output is to be looked at until one matches.
        case watch(output: Int, watch: Int, LogPattern)
        case unwatch(output: Int)
        /// The instance has ended: what is there is taken.
        case finish(output: Int)
        /// Where the numbers of logs go on.
        case numbered([(channel: Int, last: UInt64)])
        /// A batch has come back that was missed.
        case batchReturned(LogPolicy.Destination)
        case journal(Mailbox<LogBatchOrder>)
        case subscribe(LogSubscription)
        /// Everything ends: the outputs, and the streams of all who follow; `then` is called when all is written.
        case finishAll(then: @Sendable () -> Void)
    }

    struct Attachment: Sendable {
        var output: Int
        var owner: LogOwner
        var policy: LogPolicy
        var counters: LogCounters
        var readers: (output: Int32, error: Int32)
    }

    /// How much is read from one pipe in one turn: so that a flood shares the loop with everything else.
    private static let readSize = 256 << 10
    /// How many pipes may be large: what they hold is the kernel's memory.
    static let largePipesLimit = 16
    /// What rings may take in memory, all together.
    private static let ringBudget = 16 << 20
    /// How long a log's number is waited for: longer than for anything else, because a stack that starts keeps every
    /// disk busy, and what its programs say first fits into their pipes.
    private static let patience = Duration.seconds(5)

    let loop: EventLoop
    let buffer: UnsafeMutableRawBufferPointer
    let report: (LogReport) -> Void
    private let mailbox: Mailbox<Message>
    private let writer: Mailbox<LogWriter.Message>
    private let files: LogSink
    private let nowhere: LogSink
    private var journal: LogSink
    private var journalMailbox: Mailbox<LogBatchOrder>?
    private var channels: [LogChannel] = []
    private var byOwner: [LogOwner: LogChannel] = [:]
    private var outputs: [Int: [LogPipe]] = [:]
    private var followers: [LogFeed] = []
    private var rings = 0
    var largePipes = 0
    private var pace = LogPace()

    init(
        loop: EventLoop, mailbox: Mailbox<Message>, writer: Mailbox<LogWriter.Message>, pool: LogBatchPool,
        report: @escaping (LogReport) -> Void
    ) throws(SystemError) {
        self.loop = loop
        self.mailbox = mailbox
        self.writer = writer
        self.report = report
        buffer = .allocate(byteCount: Self.readSize, alignment: 4096)
        files = LogSink(loop: loop, pool: pool) { writer.post(.batch($0)) }
        nowhere = LogSink(loop: loop, pool: nil)
        journal = nowhere
        loop.onTurnEnd = { [unowned self] in endTurn() }
        _ = try mailbox.deliver(on: loop) { [unowned self] messages in
            for message in messages { take(message) }
            askForNumbers()
        }
    }

    deinit {
        buffer.deallocate()
    }

    private func take(_ message: Message) {
        switch message {
        case .attach(let attachment): attach(attachment)
        case .adopt(let owner, let policy): if let channel = byOwner[owner] { adopt(policy, channel) }
        case .watch(let output, let watch, let pattern):
            for pipe in outputs[output] ?? [] { pipe.watches.append((watch, pattern)) }
        case .unwatch(let output):
            for pipe in outputs[output] ?? [] { pipe.watches = [] }
        case .finish(let output): finish(output)
        case .numbered(let numbers): open(numbers.map { (channels[$0.channel], $0.last) })
        case .batchReturned(let destination): batchReturned(to: sink(of: destination))
        case .journal(let mailbox): connect(mailbox)
        case .subscribe(let subscription): afterOpening { [unowned self] in subscribe(subscription) }
        case .finishAll(let then): afterOpening { [unowned self] in finishAll(then) }
        }
    }

    private func endTurn() {
        finishIfCalm()
        flush()
        closeEnded()
        pace.endTurn()
    }

    func note(read count: Int) {
        pace.note(read: count)
    }

    // MARK: Outputs

    private func attach(_ attachment: Attachment) {
        let channel = channel(attachment)
        let readers = attachment.readers
        let pipes = [
            LogPipe(Descriptor(owning: readers.output), channel, .output, pump: self),
            LogPipe(Descriptor(owning: readers.error), channel, .error, pump: self),
        ]
        outputs[attachment.output] = pipes
        channel.pipes += pipes.count
        for pipe in pipes { pipe.resume() }
    }

    private func channel(_ attachment: Attachment) -> LogChannel {
        if let channel = byOwner[attachment.owner] {
            adopt(attachment.policy, channel)
            return channel
        }
        let channel = LogChannel(
            index: channels.count, owner: attachment.owner, policy: attachment.policy, counters: attachment.counters)
        channels.append(channel)
        byOwner[attachment.owner] = channel
        unnumbered.append(channel)
        if channel.keepsRing { rings += 1 }
        return channel
    }

    private func adopt(_ policy: LogPolicy, _ channel: LogChannel) {
        let keptRing = channel.keepsRing
        guard channel.adopt(policy) else { return }
        // Its records so far are not to come after those that the new policy applies to.
        flush()
        writer.post(.change(channel: channel.index, policy))
        rings += (channel.keepsRing ? 1 : 0) - (keptRing ? 1 : 0)
    }

    // MARK: Numbers

    /// Logs that the writer is to be asked about.
    private var unnumbered: [LogChannel] = []
    /// How many it has not answered yet, in time.
    private var opening = 0
    private var onOpened: [() -> Void] = []

    private func askForNumbers() {
        guard !unnumbered.isEmpty else { return }
        let asked = unnumbered
        unnumbered = []
        opening += asked.count
        writer.post(
            contentsOf: asked.map { .open(channel: $0.index, $0.owner, $0.policy, $0.counters) } + [.tellNumbers])
        loop.schedule(after: Self.patience) { [unowned self] in
            open(asked.filter { !$0.isOpen }.map { ($0, nil) })
        }
    }

    private func open(_ channels: [(LogChannel, last: UInt64?)]) {
        for (channel, last) in channels {
            if !channel.isOpen { opening -= 1 }
            channel.open(last: last)
            // What was lost meanwhile is told also where nothing else comes.
            if channel.number != nil, channel.loss != nil { _ = batch(for: channel, size: 1) }
        }
        guard opening == 0 else { return }
        let waiting = onOpened
        onOpened = []
        for body in waiting { body() }
    }

    /// Calls the body when all that was attached before is read, or a disk has been waited for long enough.
    private func afterOpening(_ body: @escaping () -> Void) {
        askForNumbers()
        if opening == 0 { body() } else { onOpened.append(body) }
    }

    // MARK: Ends

    private func finish(_ output: Int) {
        for pipe in outputs.removeValue(forKey: output) ?? [] { pipe.finish() }
    }

    /// A pipe has nothing more to give.
    func ended(_ pipe: LogPipe) {
        pipe.channel.pipes -= 1
        if pipe.channel.pipes == 0 { ended.append(pipe.channel) }
    }

    /// Logs whose last pipe has ended in this turn.
    private var ended: [LogChannel] = []

    private func closeEnded() {
        guard !ended.isEmpty else { return }
        writer.post(contentsOf: ended.filter { $0.pipes == 0 }.map { .close(channel: $0.index) })
        ended.removeAll(keepingCapacity: true)
    }

    private var onFinished: (@Sendable () -> Void)?

    private func finishAll(_ then: @escaping @Sendable () -> Void) {
        for output in Array(outputs.keys) { finish(output) }
        onFinished = then
    }

    /// Ends everything once no pipe waits for room.
    private func finishIfCalm() {
        guard let then = onFinished, !files.isCongested, !journal.isCongested else { return }
        onFinished = nil
        flush()
        for feed in followers { feed.finish() }
        followers = []
        writer.post(
            .barrier { [journalMailbox] in
                if let journalMailbox { journalMailbox.post(.barrier(then)) } else { then() }
            })
    }

    // MARK: Batches

    func sink(of channel: LogChannel) -> LogSink { sink(of: channel.policy.destination) }

    private func sink(of destination: LogPolicy.Destination) -> LogSink {
        switch destination {
        case .files: files
        case .journal: journal
        case .nowhere: nowhere
        }
    }

    private func connect(_ mailbox: Mailbox<LogBatchOrder>) {
        let pool = LogBatchPool(limit: JournalWriter.batches) { [mailbox = self.mailbox] in
            mailbox.post(.batchReturned(.journal))
        }
        journalMailbox = mailbox
        journal = LogSink(loop: loop, pool: pool) { [unowned self] batch in
            let logs = batch.segments.map { segment in
                let channel = channels[segment.channel]
                return (owner: channel.owner, counters: channel.counters)
            }
            mailbox.post(.batch(batch, pool, logs: logs))
        }
    }

    /// A batch in which the log's records go on, with room for one of this size. Nil: the pipe has to wait.
    func batch(for channel: LogChannel, size: Int) -> LogBatch? {
        let sink = sink(of: channel)
        guard let batch = sink.batch(for: size, onFull: publish) else { return nil }
        batch.begin(channel.index, after: sink.loses(batch) ? nil : channel.takeLoss())
        return batch
    }

    private func flush() {
        files.flush(publish)
        journal.flush(publish)
        nowhere.flush(publish)
    }

    /// Shows a batch's records to all but its destination.
    private func publish(_ sink: LogSink, _ batch: LogBatch) {
        let isLost = sink.loses(batch)
        for segment in batch.segments where segment.lines > 0 {
            let channel = channels[segment.channel]
            channel.counters.addRead(lines: segment.lines, bytes: segment.payload)
            if isLost { lose(segment, of: channel) }
            let records = batch.bytes(of: segment)
            if channel.keepsRing {
                let bound = min(LogRing.byteBound, Self.ringBudget / max(1, rings))
                channel.keep(records, lines: segment.lines, bound: bound)
            }
            guard !followers.isEmpty else { continue }
            followers.removeAll { feed in
                feed.wants(channel.owner)
                    ? !feed.offer(records, lines: segment.lines, of: channel.owner)
                    : feed.isFinished
            }
        }
    }

    private func lose(_ segment: LogBatch.Segment, of channel: LogChannel) {
        let reason = "its log takes no more, as its disk or the journal does not answer"
        let loss = LogLoss(lines: segment.lines, bytes: segment.payload, last: segment.last, reason: reason)
        if channel.lose(loss) { report(.trouble(channel.owner, .dropping(reason))) }
    }

    private func batchReturned(to sink: LogSink) {
        guard sink.batchReturned() else { return }
        // What was thrown away up to now is counted first.
        sink.flush(publish)
        // What is missing is told also where no more output comes.
        for channel in channels where channel.loss != nil && channel.number != nil && self.sink(of: channel) === sink {
            guard batch(for: channel, size: 1) != nil else { return }
        }
    }

    // MARK: Following

    private func subscribe(_ subscription: LogSubscription) {
        let wanted = channels.filter { subscription.wants($0.owner) }
        for pipes in outputs.values {
            for pipe in pipes where subscription.wants(pipe.channel.owner) { pipe.drain() }
        }
        flush()
        var snapshot = LogSnapshot()
        for channel in wanted {
            snapshot.numbers[channel.owner] = channel.number ?? 0
            if channel.keepsRing { snapshot.rings[channel.owner] = channel.ringBytes }
        }
        // Where nothing is printed, clients that come and go would otherwise add up.
        followers.removeAll(where: \.isFinished)
        if let feed = subscription.feed { followers.append(feed) }
        subscription.begin(snapshot)
    }
}
