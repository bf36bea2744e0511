import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix

/// One request over a connection of its own.
enum Connection {
    /// One thread is plenty for a command line, and is made only when the first request is.
    private static let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    /// Sends the request and gives the whole answer.
    static func exchange(
        _ request: HTTPRequest, with path: String, within timeout: Duration
    ) async throws(ControlClientError) -> HTTPResponse {
        try await perform(request.accepting("application/json"), with: path, within: timeout, ExchangeHandler.init)
    }

    /// Sends the request and gives the messages of the event stream that answers it, once it has begun.
    static func stream(
        _ request: HTTPRequest, from path: String, within timeout: Duration
    ) async throws(ControlClientError) -> EventStreamMessages {
        try await perform(request.accepting("text/event-stream"), with: path, within: timeout, EventStreamHandler.init)
    }

    /// Connects, sends the request, and waits for what the handler makes of the answer.
    private static func perform<Handler: ResponseHandler>(
        _ request: HTTPRequest, with path: String, within timeout: Duration,
        _ makeHandler: @escaping @Sendable (EventLoopPromise<Handler.Answer>) -> Handler
    ) async throws(ControlClientError) -> Handler.Answer {
        do {
            let answer = group.next().makePromise(of: Handler.Answer.self)
            let channel = try await connect(to: path, within: timeout, answer, makeHandler)
            let deadline = channel.eventLoop.scheduleTask(in: TimeAmount(timeout)) {
                answer.fail(ControlClientError.timedOut)
                channel.close(promise: nil)
            }
            answer.futureResult.whenComplete { _ in deadline.cancel() }
            send(request, over: channel)
            return try await withTaskCancellationHandler {
                try await answer.futureResult.get()
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
            return try await ClientBootstrap(group: answer.futureResult.eventLoop)
                .connectTimeout(TimeAmount(timeout))
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHTTPClientHandlers()
                        try channel.pipeline.syncOperations.addHandler(makeHandler(answer))
                    }
                }
                .connect(unixDomainSocketPath: path).get()
        } catch {
            answer.fail(error)
            throw error
        }
    }

    private static func send(_ request: HTTPRequest, over channel: any Channel) {
        channel.write(HTTPClientRequestPart.head(request.head), promise: nil)
        if let body = request.body { channel.write(HTTPClientRequestPart.body(.byteBuffer(body)), promise: nil) }
        channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: nil)
    }
}

extension ControlClientError {
    /// What a failure of the connection means.
    fileprivate init(_ error: any Error, path: String) {
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
