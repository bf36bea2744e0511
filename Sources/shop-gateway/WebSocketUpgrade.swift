import NIOCore
import NIOHTTP1
import NIOWebSocket
import ServiceLifecycle

/// A WebSocket after the handshake.
typealias WebSocket = NIOAsyncChannel<WebSocketFrame, WebSocketFrame>

/// An accepted connection before its handshake.
struct Handshake: Sendable {
    /// How long it may take once the gateway is about to end.
    static let patienceAtTheEnd = TimeAmount.seconds(2)

    let channel: any Channel
    /// What becomes of the connection: a WebSocket, or nil where the client asked for something else.
    let result: EventLoopFuture<WebSocket?>

    /// The WebSocket; nil where there will be none.
    func socket() async -> WebSocket? {
        await withGracefulShutdownHandler {
            try? await result.get()
        } onGracefulShutdown: {
            close(after: Self.patienceAtTheEnd)
        }
    }

    /// Closes the connection unless the handshake is done by then.
    func close(after patience: TimeAmount) {
        let timer = channel.eventLoop.scheduleTask(in: patience) { channel.close(promise: nil) }
        result.whenComplete { _ in timer.cancel() }
    }
}

/// The handshake of RFC 6455, on path `/ws`.
enum WebSocketUpgrade {
    /// The longest message, in bytes; the close code 1009 answers a longer one.
    static let longestMessage = 64 << 10
    /// How long a client may take to send its handshake.
    static let patience = TimeAmount.seconds(10)

    /// Builds the pipeline of an accepted channel.
    static func configure(_ channel: any Channel) -> EventLoopFuture<Handshake> {
        channel.eventLoop.makeCompletedFuture {
            let upgrader = NIOTypedWebSocketServerUpgrader<WebSocket?>(
                maxFrameSize: longestMessage,
                shouldUpgrade: { channel, head in
                    channel.eventLoop.makeSucceededFuture(path(head.uri) == "/ws" ? HTTPHeaders() : nil)
                },
                upgradePipelineHandler: { channel, _ in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(MaskRequired())
                        try channel.pipeline.syncOperations.addHandler(
                            NIOWebSocketFrameAggregator(
                                minNonFinalFragmentSize: 0, maxAccumulatedFrameCount: 1024,
                                maxAccumulatedFrameSize: longestMessage))
                        return try WebSocket(wrappingChannelSynchronously: channel)
                    }
                })
            let result = try channel.pipeline.syncOperations.configureUpgradableHTTPServerPipeline(
                configuration: .init(
                    upgradeConfiguration: .init(upgraders: [upgrader]) { channel in
                        channel.eventLoop.makeCompletedFuture {
                            try channel.pipeline.syncOperations.addHandler(UpgradeRequired())
                            return nil
                        }
                    }))
            let handshake = Handshake(channel: channel, result: result)
            handshake.close(after: patience)
            return handshake
        }
    }

    static func path(_ uri: String) -> Substring {
        uri.prefix { $0 != "?" }
    }
}

/// Answers a plain HTTP request: there is nothing here but the WebSocket.
private final class UpgradeRequired: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private var status = HTTPResponseStatus.notFound

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            status = WebSocketUpgrade.path(head.uri) == "/ws" ? .upgradeRequired : .notFound
        case .body:
            break
        case .end:
            var headers = HTTPHeaders([("content-length", "0"), ("connection", "close")])
            if status == .upgradeRequired { headers.add(name: "upgrade", value: "websocket") }
            let head = HTTPResponseHead(version: .http1_1, status: status, headers: headers)
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil))).assumeIsolated().whenComplete { _ in
                context.close(promise: nil)
            }
        }
    }
}

/// Ends the connection of a client that does not mask its frames, as a server must (RFC 6455, 5.1).
private final class MaskRequired: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    typealias InboundOut = WebSocketFrame
    typealias OutboundOut = WebSocketFrame

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard unwrapInboundIn(data).maskKey == nil else { return context.fireChannelRead(data) }
        var reason = ByteBuffer()
        reason.write(webSocketErrorCode: .protocolError)
        reason.writeString("a frame is not masked")
        let close = WebSocketFrame(fin: true, opcode: .connectionClose, data: reason)
        context.writeAndFlush(wrapOutboundOut(close)).assumeIsolated().whenComplete { _ in
            context.close(promise: nil)
        }
    }
}
