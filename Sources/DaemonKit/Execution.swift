import ControlProtocol
import ControlServer
import Glibc
import LinuxRuntime
import StackModel

/// One command that somebody has run, from its spawn until nothing is left that is its own.
///
/// Beside an instance it is a member of that, and so is what it leaves behind. A one-off instance has a containment of
/// its own, which ends with its main process. It belongs to the loop's thread.
final class Execution {
    enum Place {
        case beside(InstanceID, any Containment)
        case alone(any Containment)

        var containment: any Containment {
            switch self {
            case .beside(_, let containment), .alone(let containment): containment
            }
        }
    }

    enum Output {
        /// To the client who asked for it, at that one's pace.
        case client(Feed<ExecutionRecord>, SpawnStreams)
        /// To the log of the service, whoever reads that.
        case log(InstanceOutput)
    }

    /// What is not over yet.
    private struct Remains: OptionSet {
        let rawValue: Int

        static let process = Remains(rawValue: 1)
        /// What it wrote is on its way.
        static let output = Remains(rawValue: 2)
        /// There may be something inside.
        static let containment = Remains(rawValue: 4)
    }

    let id: UInt64
    let place: Place
    /// How it is asked to end when the stack does.
    private let stop: StopSpec
    private let output: Output
    private let takesInput: Bool
    private let loop: EventLoop
    private var process: WatchedProcess?
    private var remains: Remains
    private var exit: ExitDocument?
    private var killTimer: EventLoop.Timer?
    /// A client waits for room for its input.
    private var isWaitedFor = false
    /// Called when its main process has ended.
    var onExit: ((StackModel.ExitStatus) -> Void)?
    /// Called when nothing of it runs any more, and again when all that it wrote is handed on.
    var onChange: (() -> Void)?

    init(id: UInt64, at place: Place, stop: StopSpec, output: Output, takesInput: Bool, loop: EventLoop) {
        self.id = id
        self.place = place
        self.stop = stop
        self.output = output
        self.takesInput = takesInput
        self.loop = loop
        remains =
            switch place {
            case .beside: [.process, .output]
            case .alone: [.process, .output, .containment]
            }
    }

    /// Makes its process; afterwards its pid is known.
    func start(_ request: SpawnRequest, by spawner: Spawner, _ exits: Exits) throws -> Int32 {
        var request = request
        place.containment.prepare(&request)
        let spawned: SpawnedProcess
        switch output {
        case .client(_, let streams):
            // Without a daemon nobody reads what it writes, or can end it.
            request.deathSignal = SIGKILL
            spawned = try streams.withTheirEnds(in: &request) { (request) throws(SpawnError) in
                try spawner.spawn(request)
            }
        case .log(let output):
            spawned = try output.withWriters { (writer, errorWriter) throws(SpawnError) in
                request.standardOutput = writer
                request.standardError = errorWriter
                return try spawner.spawn(request)
            }
        }
        let pid = spawned.pid
        // Weakly: the process keeps this, and is kept by it.
        process = try exits.watch(spawned) { [weak self] in self?.exited($0) }
        switch place {
        case .beside(_, let containment): try? containment.joined(pid: pid)
        case .alone(let containment): try containment.started(pid: pid)
        }
        return pid
    }

    /// Nothing of it runs any more. What it wrote may still be on its way.
    var hasEnded: Bool { remains.isDisjoint(with: [.process, .containment]) }
    /// Nothing of it is left.
    var isOver: Bool { remains.isEmpty }

    // MARK: Its client

    /// False: its input does not fit now, and none of it was taken.
    func control(_ action: ExecutionAction) throws(ControlProblem) -> Bool {
        guard case .client(_, let streams) = output else {
            throw .badRequest("execution \(id) is detached: its output is in the log, and it has no input")
        }
        switch action {
        case .input(let bytes, let isLast):
            guard takesInput else { throw .badRequest("execution \(id) was started without input") }
            return try attempt { () throws(SystemError) in try streams.write(bytes, isLast: isLast) }
        case .resize(let size):
            guard streams.isTerminal else { throw .badRequest("execution \(id) has no terminal") }
            try attempt { () throws(SystemError) in try streams.resize(to: TerminalSize(size)) }
        case .signal(let signal):
            send(signal.number, toAll: false)
        }
        return true
    }

    /// Calls the body once, when there is room for input or will never be: for one client at a time.
    /// - Throws: `too_much_input`.
    func whenRoom(_ body: @escaping () -> Void) throws(ControlProblem) {
        guard case .client(_, let streams) = output else { return body() }
        guard !isWaitedFor else { throw .tooMuchInput(limit: Executions.inputLimit) }
        isWaitedFor = true
        streams.whenInputWritten { [unowned self] in
            isWaitedFor = false
            body()
        }
    }

    private func attempt<Value>(_ body: () throws(SystemError) -> Value) throws(ControlProblem) -> Value {
        do throws(SystemError) {
            return try body()
        } catch {
            throw .cannotExecute(error.description)
        }
    }

    /// The client has taken what there was for it, or has gone.
    func clientChanged() {
        guard case .client(let feed, let streams) = output else { return }
        if feed.isFinished { end(with: [SIGHUP, SIGCONT], within: Executions.hangUpGrace) }
        do throws(SystemError) {
            // Also for a client that has gone: so that its process can write to its end, for nobody.
            try streams.resume()
        } catch {
            kill()
        }
    }

    // MARK: Its end

    /// Asks it to end as its service is asked to.
    func end() {
        // A shell in a terminal ends by nothing else.
        let hangUp = if case .client(_, let streams) = output, streams.isTerminal { [SIGHUP] } else { [Int32]() }
        end(with: [stop.signal.number] + hangUp + [SIGCONT], within: stop.gracePeriod)
    }

    private func end(with signals: [Int32], within grace: Duration) {
        guard killTimer == nil, remains.contains(.process) else { return }
        for signal in signals { send(signal, toAll: true) }
        // Weakly: at the stack's end it may be let go before its process is known to have ended.
        killTimer = loop.schedule(after: grace) { [weak self] in
            self?.killTimer = nil
            self?.kill()
        }
    }

    /// Ends it at once.
    func kill() {
        guard remains.contains(.process) else { return }
        // The main process first and by itself, for a containment may need a turn of the loop to find its members.
        try? process?.signal(SIGKILL)
        switch place {
        case .beside: send(SIGKILL, toAll: true)
        case .alone(let containment): try? containment.killAll()
        }
    }

    /// - Parameter toAll: to all of a one-off instance; otherwise to those that one terminal would tell, its session.
    private func send(_ signal: Int32, toAll: Bool) {
        guard let process, process.status == nil else { return }
        do throws(SystemError) {
            if toAll, case .alone(let containment) = place {
                try containment.signalAll(signal)
            } else {
                try place.containment.signal(signal, session: process.pid)
            }
        } catch {
            // The others cannot be found now: at least it itself.
            try? process.signal(signal)
        }
    }

    private func exited(_ status: ProcessExit) {
        if let killTimer { loop.cancel(killTimer) }
        killTimer = nil
        let status = StackModel.ExitStatus(status)
        exit = ExitDocument(status, at: Timestamp(WallTime.now))
        onExit?(status)
        if case .alone(let containment) = place { clear(containment) }
        switch output {
        case .client(_, let streams): streams.drain { [unowned self] in finish(.output) }
        case .log: finish(.output)
        }
        finish(.process)
    }

    /// Ends what a one-off instance has left.
    private func clear(_ containment: any Containment) {
        do throws(SystemError) {
            try containment.killAll()
            try containment.onEmpty { [unowned self] in
                try? containment.remove()
                finish(.containment)
            }
        } catch {
            // Out of descriptors, say: it must not be forgotten for that.
            loop.schedule(after: .seconds(1)) { [weak self] in self?.clear(containment) }
        }
    }

    private func finish(_ part: Remains) {
        remains.remove(part)
        if isOver { closeOutput() }
        onChange?()
    }

    /// Tells the client how it ended, if it has, after all that was read by now.
    func closeOutput() {
        switch output {
        case .client(let feed, let streams):
            feed.finish(with: exit.map { .exited($0) })
            streams.close()
        case .log(let output): output.finish()
        }
    }
}

extension TerminalSize {
    init(_ size: ExecutionRequest.TerminalSize) {
        self.init(rows: size.rows, columns: size.columns)
    }
}
