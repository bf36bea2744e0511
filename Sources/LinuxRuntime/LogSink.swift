/// Where the pump's records go: to the thread that writes files, to the one that writes to the journal, or nowhere.
///
/// A destination that is slower than the output holds it up for a while, as a slow disk holds up a program that writes
/// its own log; one that hangs costs the output, not the programs.
final class LogSink {
    enum State {
        /// There is a batch to fill, or there will be when it is asked for.
        case flowing
        /// All batches are on their way; pipes wait in the meantime. Becomes `flowing` when one comes back, or `losing`.
        case congested(EventLoop.Timer)
        /// None has come back in time: what is read is lost. Becomes `flowing` when one comes back.
        case losing
    }

    /// How long pipes wait for a batch: so long a program may be held up that fills its pipe meanwhile.
    private static let patience = Duration.seconds(1)

    private let pool: LogBatchPool?
    private let handOver: (LogBatch) -> Void
    /// What is read while there is no other, and then thrown away.
    private let scratch = LogBatch()
    private var filling: LogBatch?
    private(set) var state = State.flowing
    /// Pipes that wait.
    private var waiting: [LogPipe] = []
    private unowned let loop: EventLoop

    /// Without a pool everything goes nowhere.
    init(loop: EventLoop, pool: LogBatchPool?, handOver: @escaping (LogBatch) -> Void = { _ in }) {
        self.loop = loop
        self.pool = pool
        self.handOver = handOver
    }

    /// The batch to put a record of so many bytes into. Nil: the output has to wait, and its pipe with `wait`.
    /// `onFull` is given a batch before it is handed over.
    func batch(for size: Int, onFull: (LogSink, LogBatch) -> Void) -> LogBatch? {
        if let filling {
            if filling.room >= size { return filling }
            flush(onFull)
        }
        let taken: LogBatch?
        switch state {
        case .flowing:
            taken = pool.map { $0.take() } ?? scratch
            if taken == nil {
                state = .congested(loop.schedule(after: Self.patience) { [unowned self] in loseIfCongested() })
            }
        case .congested: taken = nil
        case .losing: taken = scratch
        }
        filling = taken
        return taken
    }

    /// Whether the batch is one that nothing keeps although it should be kept.
    func loses(_ batch: LogBatch) -> Bool { pool != nil && batch === scratch }

    /// Hands over what has been filled.
    func flush(_ body: (LogSink, LogBatch) -> Void) {
        guard let batch = filling else { return }
        filling = nil
        guard !batch.isEmpty else {
            if batch === scratch { batch.removeAll() } else { pool?.giveBack(batch) }
            return
        }
        body(self, batch)
        if batch === scratch { batch.removeAll() } else { handOver(batch) }
    }

    // MARK: Congestion

    var isCongested: Bool {
        if case .congested = state { true } else { false }
    }

    func wait(_ pipe: LogPipe) {
        waiting.append(pipe)
    }

    private func loseIfCongested() {
        guard case .congested = state else { return }
        state = .losing
        resume()
    }

    /// A batch has come back that was missed. True: something was lost in the meantime, maybe.
    func batchReturned() -> Bool {
        switch state {
        case .flowing:
            return false
        case .congested(let timer):
            loop.cancel(timer)
            state = .flowing
            resume()
            return false
        case .losing:
            state = .flowing
            return true
        }
    }

    private func resume() {
        let pipes = waiting
        waiting = []
        // Those that cannot go on yet wait again.
        for pipe in pipes { pipe.resume() }
    }
}
