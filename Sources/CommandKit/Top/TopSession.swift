import ControlClient
import ControlProtocol
import Glibc
import StackModel

/// The live view: brings what happens to the model, carries out what it decides, and draws what it shows.
final class TopSession {
    private enum Event: Sendable {
        case input(TopModel.Input)
        /// Lines of the replica wait in the tail.
        case lines(ReplicaName, LogTail)
        case signal(Signal)
        /// The next frame may be drawn.
        case frame
    }

    private let client: ControlClient
    private let interval: Duration
    /// The services that are shown; none means all.
    private let services: Set<String>
    private let output: TextOutput
    private let view: TopView
    private let keys: InputReader
    private let events: AsyncStream<Event>
    private let inbox: AsyncStream<Event>.Continuation
    private var model: TopModel
    private var painter = ScreenPainter()
    private var screen: FullScreen?
    private var following: Task<Void, Never>?
    private var isFrameDue = false

    /// A flood of events is drawn no more often.
    private static let frameInterval = Duration.milliseconds(30)
    /// What is no whole key after that is no sequence.
    private static let escapeTimeout = Duration.milliseconds(50)
    private static let signals = Interrupts.ending + [.quit, .windowChange, .terminalStop, .goOn]

    /// - Throws: `SystemError` where standard input cannot be read.
    init(
        client: ControlClient, interval: Duration, services: Set<String>, output: TextOutput, size: TerminalSize
    ) throws {
        self.client = client
        self.interval = interval
        self.services = services
        self.output = output
        view = TopView(palette: output.palette)
        keys = try InputReader(STDIN_FILENO)
        (events, inbox) = AsyncStream.makeStream()
        model = TopModel(size: size)
    }

    /// Until the user quits.
    ///
    /// - Parameter first: what is shown first, so that the screen is not taken before there is something to show.
    /// - Throws: `SystemError` where standard input is no terminal, `OutputFailure` where the terminal is gone, and the
    ///   status for a signal that ends it.
    func run(startingWith first: TopSample) async throws {
        let sources = [watchSignals(), watchKeys(), watchStack()]
        defer {
            sources.forEach { $0.cancel() }
            following?.cancel()
            // The terminal is the shell's again before anything else is written.
            screen = nil
        }
        screen = try FullScreen(output: output)
        _ = model.take(.sample(first))
        try draw()
        for await event in events {
            guard try await take(event) else { return }
        }
    }

    /// False where the user has quit.
    private func take(_ event: Event) async throws -> Bool {
        switch event {
        case .input(let input):
            return try update(input)
        case .lines(let replica, let tail):
            return try update(.logs(replica, await tail.take()))
        case .signal(let signal):
            return try take(signal)
        case .frame:
            isFrameDue = false
            try draw()
            return true
        }
    }

    private func update(_ input: TopModel.Input) throws -> Bool {
        for action in model.take(input) {
            guard try perform(action) else { return false }
        }
        drawSoon()
        return true
    }

    private func perform(_ action: TopModel.Action) throws -> Bool {
        switch action {
        case .perform(let change): change.perform(with: client) { [inbox] in inbox.yield(.input(.told($0))) }
        case .follow(let replica): follow(replica)
        case .stopFollowing: following?.cancel()
        case .explain(let replica): explain(replica)
        case .suspend: try suspend()
        case .repaint: painter.forget()
        case .quit: return false
        }
        return true
    }

    private func take(_ signal: Signal) throws -> Bool {
        switch signal {
        case .interrupt:
            return false
        case .windowChange:
            return try update(.resized(output.size ?? model.size))
        case .terminalStop:
            return try update(.key(.control("z")))
        case .goOn:
            // After SIGSTOP, which asks nobody, the shell has used the terminal.
            try retakeScreen()
            return true
        default:
            throw CommandStatus(rawValue: 128 + signal.number)
        }
    }

    private func suspend() throws {
        screen = nil
        Interrupts.stopProcess()
        try retakeScreen()
    }

    private func retakeScreen() throws {
        screen = nil
        screen = try FullScreen(output: output)
        painter.forget()
        _ = model.take(.resized(output.size ?? model.size))
        try draw()
    }

    /// One frame for all that happens until it is due.
    private func drawSoon() {
        guard !isFrameDue else { return }
        isFrameDue = true
        Task { [inbox] in
            try? await Task.sleep(for: TopSession.frameInterval)
            inbox.yield(.frame)
        }
    }

    private func draw() throws {
        let frame = painter.update(to: view.lines(for: model, now: .now()), size: model.size)
        if !frame.isEmpty { try output.write(frame) }
    }
}

// MARK: - What happens

extension TopSession {
    /// From when this returns, none of them ends the process with the screen taken.
    private func watchSignals() -> Task<Void, Never> {
        let signals = Interrupts.stream(of: Self.signals)
        return Task { [inbox] in
            for await signal in signals { inbox.yield(.signal(signal)) }
        }
    }

    private func watchKeys() -> Task<Void, Never> {
        Task { [inbox, keys] in
            var decoder = KeyDecoder()
            while true {
                let decoded: [Key]
                switch await keys.read(limit: 4 << 10, timeout: decoder.isUndecided ? TopSession.escapeTimeout : nil) {
                case .bytes(let bytes): decoded = decoder.feed(bytes)
                case .timedOut: decoded = decoder.timeOut()
                case .end: return inbox.finish()
                }
                for key in decoded { inbox.yield(.input(.key(key))) }
            }
        }
    }

    private func watchStack() -> Task<Void, Never> {
        Task { [inbox, client, interval, services] in
            while !Task.isCancelled {
                try? await Task.sleep(for: interval)
                do throws(ControlClientError) {
                    inbox.yield(.input(.sample(try await TopSample.now(of: services, from: client))))
                } catch {
                    inbox.yield(.input(.unreachable(error.topText)))
                }
            }
        }
    }

    private func follow(_ replica: ReplicaName) {
        following?.cancel()
        following = Task { [inbox, client] in
            let tail = LogTail()
            let query = LogQuery(services: [replica.service], tail: TopPane.capacity, follow: true)
            do {
                for try await record in try await client.logs(query) where record.concerns(replica) {
                    if await tail.append(record.paneText) { inbox.yield(.lines(replica, tail)) }
                }
            } catch {
                if await tail.append("… \(error)") { inbox.yield(.lines(replica, tail)) }
            }
            inbox.yield(.input(.logsEnded(replica)))
        }
    }

    private func explain(_ replica: ReplicaName) {
        let (palette, width) = (Palette(isColoured: false), model.size.columns)
        Task { [inbox, client] in
            do {
                let service = try await client.service(replica.service)
                let explanations = try await Explanation.all(of: ReplicaTarget(replica), in: service, from: client)
                let lines = explanations.lines(of: service, now: .now(), palette: palette, width: width)
                inbox.yield(.input(.explained(replica, lines)))
            } catch {
                inbox.yield(.input(.explained(replica, ["\(error)"])))
            }
        }
    }
}

extension TopChange {
    /// Asks the daemon for it, and tells whether it will be done.
    fileprivate func perform(
        with client: ControlClient, telling tell: @escaping @Sendable (TopModel.Notice) -> Void
    ) {
        Task {
            do throws(ControlClientError) {
                switch self {
                case .action(let action, let service): _ = try await client.perform(action, services: [service])
                case .scale(let service, _, let replicas): _ = try await client.scale(service, to: replicas)
                }
                tell(TopModel.Notice(text: "\(text): under way", style: .green))
            } catch {
                tell(TopModel.Notice(text: "\(text): \(error)", style: .red))
            }
        }
    }
}

extension ControlClientError {
    /// What `top` says while it tries again.
    fileprivate var topText: String {
        switch self {
        case .noDaemon, .disconnected: "daemon gone, reconnecting"
        case .timedOut: "daemon does not answer"
        case .problem(let problem): problem.detail
        case .unreachable, .unexpectedAnswer: description
        }
    }
}
