import NIOCore
import NIOHTTP1

/// A connection for one request after the other, made when the first of them is.
actor KeptConnection {
    /// The daemon closes what is idle for longer than three times that: so it never does so under a request.
    private static let idleLimit = Duration.seconds(10)

    private let path: String
    private let connectTimeout: Duration
    private var channel: (any Channel)?
    private var lastUse = ContinuousClock.now

    init(to path: String, connectTimeout: Duration) {
        self.path = path
        self.connectTimeout = connectTimeout
    }

    deinit {
        channel?.close(promise: nil)
    }

    /// Sends the request and gives the whole answer, however long that takes.
    func exchange(_ request: HTTPRequest) async throws(ControlClientError) -> HTTPResponse {
        defer { lastUse = .now }
        return try await Connection.answer(from: path) {
            let channel = try await usableChannel()
            let answer = channel.eventLoop.makePromise(of: HTTPResponse.self)
            channel.writeAndFlush(SerialExchangeHandler.Exchange(request: request, answer: answer)).whenFailure {
                answer.fail($0)
            }
            return (channel, answer.futureResult)
        }
    }

    private func usableChannel() async throws -> any Channel {
        if let channel, channel.isActive, lastUse.duration(to: .now) < Self.idleLimit { return channel }
        channel?.close(promise: nil)
        let new = try await Connection.connect(to: path, within: connectTimeout) { SerialExchangeHandler() }
        channel = new
        lastUse = .now
        return new
    }
}

/// Sends requests, and gives each answer to whoever waits for it: answers come in the order of their requests.
private final class SerialExchangeHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundIn = Exchange
    typealias OutboundOut = HTTPClientRequestPart

    struct Exchange: Sendable {
        var request: HTTPRequest
        var answer: EventLoopPromise<HTTPResponse>
    }

    private var waiting: [EventLoopPromise<HTTPResponse>] = []
    private var collector = ResponseCollector()

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let exchange = unwrapOutboundIn(data)
        waiting.append(exchange.answer)
        for part in exchange.request.parts.dropLast() { context.write(wrapOutboundOut(part), promise: nil) }
        context.write(wrapOutboundOut(.end(nil)), promise: promise)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        do {
            guard let response = try collector.take(unwrapInboundIn(data)), !waiting.isEmpty else { return }
            waiting.removeFirst().succeed(response)
        } catch {
            errorCaught(context: context, error: error)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        for answer in waiting { answer.fail(error) }
        waiting = []
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        errorCaught(context: context, error: ControlClientError.disconnected)
        context.fireChannelInactive()
    }
}
