import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix

/// One request over a connection of its own.
enum Connection {
    /// One thread is plenty for a command line, and is made only when the first request is.
    static let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    /// Sends the request and gives the whole answer.
    static func exchange(
        _ request: HTTPRequest, with path: String, within timeout: Duration
    ) async throws(ControlClientError) -> HTTPResponse {
        try await perform(
            request.closing(accepting: "application/json"), with: path, within: timeout, ExchangeHandler.init)
    }

    /// Sends the request and gives the messages of the event stream that answers it, once it has begun.
    static func stream(
        _ request: HTTPRequest, from path: String, within timeout: Duration
    ) async throws(ControlClientError) -> EventStreamMessages {
        try await perform(
            request.closing(accepting: "text/event-stream"), with: path, within: timeout, EventStreamHandler.init)
    }

    /// Connects, sends the request, and waits for what the handler makes of the answer.
    private static func perform<Handler: ResponseHandler>(
        _ request: HTTPRequest, with path: String, within timeout: Duration,
        _ makeHandler: @escaping @Sendable (EventLoopPromise<Handler.Answer>) -> Handler
    ) async throws(ControlClientError) -> Handler.Answer {
        try await answer(from: path) {
            let answer = group.next().makePromise(of: Handler.Answer.self)
            let channel = try await connect(to: path, within: timeout, answer, makeHandler)
            let deadline = channel.eventLoop.scheduleTask(in: TimeAmount(timeout)) {
                answer.fail(ControlClientError.timedOut)
                channel.close(promise: nil)
            }
            answer.futureResult.whenComplete { _ in deadline.cancel() }
            for part in request.parts { channel.write(part, promise: nil) }
            channel.flush()
            return (channel, answer.futureResult)
        }
    }

    /// Waits for the answer to what `send` has sent over a connection, which is closed when the task is cancelled.
    static func answer<Answer: Sendable>(
        from path: String, isolation: isolated (any Actor)? = #isolation,
        to send: () async throws -> (any Channel, EventLoopFuture<Answer>)
    ) async throws(ControlClientError) -> Answer {
        do {
            let (channel, answer) = try await send()
            return try await withTaskCancellationHandler {
                try await answer.get()
            } onCancel: {
                channel.close(promise: nil)
            }
        } catch let error as ControlClientError {
            throw error
        } catch {
            throw ControlClientError(error, path: path)
        }
    }

    /// A connection whose handler fulfils the promise; without a connection it fails here.
    private static func connect<Handler: ResponseHandler>(
        to path: String, within timeout: Duration, _ answer: EventLoopPromise<Handler.Answer>,
        _ makeHandler: @escaping @Sendable (EventLoopPromise<Handler.Answer>) -> Handler
    ) async throws -> any Channel {
        do {
            return try await connect(to: path, within: timeout) { makeHandler(answer) }
        } catch {
            answer.fail(error)
            throw error
        }
    }

    /// A connection of HTTP with the handler at its end.
    static func connect(
        to path: String, within timeout: Duration, _ makeHandler: @escaping @Sendable () -> some ChannelHandler
    ) async throws -> any Channel {
        try await ClientBootstrap(group: group)
            .connectTimeout(TimeAmount(timeout))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    try channel.pipeline.syncOperations.addHandler(makeHandler())
                }
            }
            .connect(unixDomainSocketPath: path).get()
    }
}

extension ControlClientError {
    /// What a failure of the connection means.
    init(_ error: any Error, path: String) {
        switch error {
        case let error as IOError where error.errnoCode == ENOENT || error.errnoCode == ECONNREFUSED:
            self = .noDaemon(path)
        case let error as IOError where error.errnoCode == EPIPE || error.errnoCode == ECONNRESET:
            self = .disconnected
        case ChannelError.connectTimeout:
            self = .timedOut
        case is ChannelError, is CancellationError, HTTPParserError.invalidEOFState:
            self = .disconnected
        case is HTTPParserError:
            self = .unexpectedAnswer("no HTTP")
        default:
            self = .unreachable(path: path, reason: "\(error)")
        }
    }
}
