/// One replica's log as the pump sees it: it numbers the lines of all the replica's instances.
final class LogChannel {
    /// Its place among the pump's.
    let index: Int
    let owner: LogOwner
    let counters: LogCounters
    private(set) var policy: LogPolicy
    /// The number of the last line; nil until it is known where an earlier daemon left off.
    var number: UInt64?
    /// Whether pipes are read: as soon as the number is known, or when that takes too long.
    private(set) var isOpen = false
    /// Pipes that wait for that.
    var waiting: [LogPipe] = []
    /// How many pipes it has that have not ended.
    var pipes = 0
    /// What was lost since something was kept last.
    private(set) var loss: LogLoss?
    private var ring = LogRing()

    init(index: Int, owner: LogOwner, policy: LogPolicy, counters: LogCounters) {
        self.index = index
        self.owner = owner
        self.policy = policy
        self.counters = counters
    }

    var format: LogFormat {
        switch policy.destination {
        case .files(let format): format
        case .journal, .nowhere: .text
        }
    }

    /// Whether its tail is kept in memory, because no file has it.
    var keepsRing: Bool {
        switch policy.destination {
        case .files: false
        case .journal, .nowhere: true
        }
    }

    var ringBytes: [UInt8] { ring.bytes }

    /// True where this changes anything.
    func adopt(_ new: LogPolicy) -> Bool {
        guard policy != new else { return false }
        policy = new
        if !keepsRing { ring = LogRing() }
        return true
    }

    /// Opens it for its pipes, again when the number comes late. `last` is nil where it is still not known.
    func open(last: UInt64?) {
        if let last, number == nil {
            number = last
            if var lost = loss {
                lost.last = last + UInt64(lost.lines)
                number = lost.last
                loss = lost
            }
        }
        isOpen = true
        let pipes = waiting
        waiting = []
        for pipe in pipes { pipe.resume() }
    }

    // MARK: Losses

    func loseUnnumbered(lines: Int, bytes: Int) {
        counters.addRead(lines: lines, bytes: bytes)
        lose(LogLoss(lines: lines, bytes: bytes, last: 0, reason: "the disk does not answer"))
    }

    /// True: it is the first since something was kept.
    @discardableResult
    func lose(_ lost: LogLoss) -> Bool {
        counters.addDropped(lost)
        let isFirst = loss == nil
        loss?.add(lost)
        if isFirst { loss = lost }
        return isFirst
    }

    /// What is to be said before the next record that is kept.
    func takeLoss() -> LogLoss? { loss.take() }

    func keep(_ records: UnsafeRawBufferPointer, lines: Int, bound: Int) {
        ring.append(records, lines: lines, bound: bound)
    }
}
