import FoundationEssentials
import Glibc
import Synchronization

/// Serves one client over a pair of byte streams, one message a line: the standard streams, as a rule.
///
/// Source: Model Context Protocol 2026-07-28, Transports, stdio.
public struct StdioTransport: Sendable {
    /// A message longer than this (in bytes) ends the transport: no tool here takes anywhere near as much.
    static let longestMessage = 4 << 20
    /// Requests that are worked on at the same time; more wait unread in the stream.
    static let concurrentRequests = 16

    private let server: Server
    private let input: CInt
    private let output: CInt

    /// A transport on two open descriptors, which it does not close.
    public init(_ server: Server, input: CInt = 0, output: CInt = 1) {
        self.server = server
        self.input = input
        self.output = output
    }

    /// Serves until the client closes its stream or the task is cancelled; what has begun is answered first.
    ///
    /// - Throws: ``LineTooLong``, or a system call's error when a stream fails.
    public func run() async throws {
        // A client that goes away must show as a failed write, not as a deadly signal.
        signal(SIGPIPE, SIG_IGN)
        var lines = try LineReader(input, longest: Self.longestMessage)
        let writer = LineWriter(output)
        let inFlight = InFlightRequests()
        try await withThrowingTaskGroup(of: Void.self) { group in
            var running = 0
            while let line = try await lines.next() {
                if line.allSatisfy({ $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\r") }) { continue }
                let message: Message
                do throws(Rejection) {
                    message = try Message(parsing: line)
                } catch {
                    try await writer.write(Reply.error(error.id, error.error).encoded())
                    continue
                }
                switch message {
                case .request(let request):
                    if running == Self.concurrentRequests {
                        try await group.next()
                        running -= 1
                    }
                    let work = inFlight.start(request, on: server, writer: writer)
                    group.addTask { try await work.value }
                    running += 1
                case .notification("notifications/cancelled", let params):
                    RequestID(params["requestId"]).map(inFlight.cancel)
                case .notification, .response:
                    break
                }
            }
            try await group.waitForAll()
        }
    }
}

/// The requests that are being worked on, so that the client can call one off.
private final class InFlightRequests: Sendable {
    private let tasks = Mutex<[RequestID: Task<Void, any Error>]>([:])

    /// Begins to work on a request, in a task that only the client can cancel: what has begun is answered, even when
    /// the transport is told to end. A request that was called off gets no answer.
    func start(_ request: Request, on server: Server, writer: LineWriter) -> Task<Void, any Error> {
        // Made inside the lock, so that a task that ends at once finds its own entry to remove.
        tasks.withLock { tasks in
            let task = Task {
                let reply = await server.reply(to: request)
                self.tasks.withLock { $0[request.id] = nil }
                if !Task.isCancelled { try await writer.write(reply.encoded()) }
            }
            tasks[request.id] = task
            return task
        }
    }

    /// Calls off a request; one that is unknown or done is none of our business any more.
    func cancel(_ id: RequestID) {
        tasks.withLock { $0[id] }?.cancel()
    }
}
