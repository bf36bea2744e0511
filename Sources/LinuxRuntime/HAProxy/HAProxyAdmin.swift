import Glibc

/// A client of one HAProxy's runtime API (its `stats socket`; HAProxy's Management Guide, section 9.3), on the event
/// loop.
///
/// Commands are carried out one after the other, in the order in which they are sent. It lives until it is closed, by
/// its user or because HAProxy is gone; who wants to go on then makes another.
public final class HAProxyAdmin {
    /// What HAProxy said, without the newline at its end; nil when the connection was lost first: then it may or may
    /// not have been carried out.
    public typealias Answer = (ArraySlice<UInt8>?) -> Void

    private enum State {
        case connecting
        case open
        case closed
    }

    /// HAProxy reads ahead as much as its buffer holds (16 KiB); what comes after waits here.
    private static let inFlightLimit = 64
    /// So many commands wait at the most: far more than the servers of a stack need, so HAProxy does not answer any
    /// more.
    private static let waitingLimit = 1 << 16
    private static let answerLimit = 64 << 20
    private static let patience = Duration.seconds(5)
    /// What HAProxy ends each answer with in its interactive mode.
    private static let prompt = Array("\n> ".utf8)

    private let loop: EventLoop
    private let onOpen: () -> Void
    private let onLost: (String) -> Void
    private var connection: StreamConnection?
    private var state = State.connecting
    private var waiting: ArraySlice<(command: String, answer: Answer)> = []
    private var inFlight: ArraySlice<(sent: MonotonicTime, answer: Answer)> = []
    private var received: [UInt8] = []
    private var timer: EventLoop.Timer?

    /// Connects to the socket at `path`. Afterwards `onOpen` is called, then once `onLost`; or `onLost` alone. Neither
    /// is called before this returns, nor after `close`.
    public init(path: String, loop: EventLoop, onOpen: @escaping () -> Void, onLost: @escaping (String) -> Void) {
        self.loop = loop
        self.onOpen = onOpen
        self.onLost = onLost
        timer = loop.schedule(after: .zero) { [weak self] in self?.connect(path) }
    }

    deinit {
        if let timer { loop.cancel(timer) }
        connection?.close()
    }

    public var isOpen: Bool {
        if case .open = state { true } else { false }
    }

    /// Sends a command of one line as soon as it is its turn; only when open.
    public func send(_ command: String, _ answer: @escaping Answer = { _ in }) {
        guard isOpen else { return answer(nil) }
        waiting.append((command, answer))
        if waiting.count > Self.waitingLimit { return lose("HAProxy does not take its commands") }
        sendNext()
    }

    /// Ends it; what has not been answered is answered with nil.
    public func close() {
        state = .closed
        connection?.close()
        connection = nil
        if let timer { loop.cancel(timer) }
        timer = nil
        let unanswered = inFlight.map(\.answer) + waiting.map(\.answer)
        (inFlight, waiting, received) = ([], [], [])
        for answer in unanswered { answer(nil) }
    }

    // MARK: Connection

    private func connect(_ path: String) {
        timer = nil
        let connection = StreamConnection(loop: loop) { [weak self] event in self?.handle(event) }
        self.connection = connection
        do throws(ProbeFailure) {
            connection.connect(to: [try .unix(path)])
        } catch {
            lose(error.words)
        }
    }

    private func handle(_ event: StreamConnection.Event) {
        switch event {
        case .connected:
            state = .open
            // In this mode it takes one command after the other, and says where each answer ends.
            send("prompt") { [weak self] answer in
                if answer != nil { self?.onOpen() }
            }
        case .received(let bytes): take(bytes)
        case .ended: lose("HAProxy has closed the connection")
        case .failed(let reason): lose(reason)
        }
    }

    private func lose(_ reason: String) {
        guard state != .closed else { return }
        close()
        onLost(reason)
    }

    // MARK: Commands and answers

    private func sendNext() {
        var bytes: [UInt8] = []
        while inFlight.count < Self.inFlightLimit, let next = waiting.popFirst() {
            bytes += next.command.utf8
            bytes.append(UInt8(ascii: "\n"))
            inFlight.append((.now, next.answer))
        }
        guard !bytes.isEmpty else { return }
        connection?.send(bytes)
        if timer == nil { watch() }
    }

    private func take(_ bytes: ArraySlice<UInt8>) {
        // The prompt may have arrived in parts.
        var searched = max(0, received.count - Self.prompt.count + 1)
        var begin = 0
        received += bytes
        while let end = received[searched...].firstPosition(of: Self.prompt), let command = inFlight.popFirst() {
            var text = received[begin..<end]
            if text.last == UInt8(ascii: "\n") { text.removeLast() }
            begin = end + Self.prompt.count
            searched = begin
            command.answer(text)
            guard isOpen else { return }
        }
        received.removeFirst(begin)
        if received.count > Self.answerLimit { return lose("HAProxy's answer has no end") }
        sendNext()
    }

    /// Looks now and then whether the oldest command has waited for too long.
    private func watch() {
        timer = loop.schedule(after: Self.patience) { [weak self] in
            guard let self else { return }
            timer = nil
            guard let oldest = inFlight.first else { return }
            if oldest.sent.duration(to: .now) >= Self.patience { return lose("HAProxy does not answer") }
            watch()
        }
    }
}

extension ArraySlice<UInt8> {
    fileprivate func firstPosition(of pattern: [UInt8]) -> Int? {
        guard let first = pattern.first else { return nil }
        var rest = self
        while let start = rest.firstIndex(of: first) {
            if self[start...].starts(with: pattern) { return start }
            rest = self[(start + 1)...]
        }
        return nil
    }
}
