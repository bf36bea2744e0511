import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Ends a connection without losing a request, when it is told to quiesce or the client asks for it.
///
/// Hummingbird closes a connection that is idle at that moment. But its next request, or the first, may be on its way
/// already, and the client has every right to expect an answer. So this handler keeps the event to itself: it takes
/// one more request, and answers it with `Connection: close`; only a client that sends none for a while is closed. And
/// it closes in two steps (RFC 9112, 9.6): the reset with which the kernel answers what comes after a close could
/// overtake the last answer, so it ends its own direction, and reads on until the client has seen that.
final class HTTPDrainHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// How long a connection without a request may still send one.
    static let patience = TimeAmount.seconds(2)
    /// How long the client may take to see that the connection ends.
    static let linger = TimeAmount.seconds(2)

    private var state = State()
    private var isHalfClosed = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let isTaken =
            switch unwrapInboundIn(data) {
            case .head(let head): state.requestBegins(asksForClose: Self.asksForClose(head.headerFields))
            case .body, .end: state.takesRest
            }
        if isTaken { context.fireChannelRead(data) }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        context.fireChannelReadComplete()
        // Nobody behind this handler asks for more then.
        if isHalfClosed { context.read() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is ChannelShouldQuiesceEvent:
            follow(state.drain(), context)
        case ChannelEvent.inputClosed where isHalfClosed:
            context.close(promise: nil)
        default:
            context.fireUserInboundEventTriggered(event)
        }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(var head) where head.status.kind != .informational:
            if state.answerBegins(saysClose: Self.asksForClose(head.headerFields)) {
                head.headerFields[.connection] = "close"
            }
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .head, .body:
            context.write(data, promise: promise)
        case .end:
            context.write(data, promise: promise)
            follow(state.answerEnds(), context)
        }
    }

    private func follow(_ next: State.Next, _ context: ChannelHandlerContext) {
        switch next {
        case .nothing:
            break
        case .awaitRequest:
            context.eventLoop.assumeIsolated().scheduleTask(in: Self.patience) {
                self.follow(self.state.waitEnds(), context)
            }
        case .close:
            guard context.channel.isActive else { return }
            isHalfClosed = true
            context.flush()
            context.close(mode: .output, promise: nil)
            context.read()
            context.eventLoop.assumeIsolated().scheduleTask(in: Self.linger) { context.close(promise: nil) }
        }
    }

    private static func asksForClose(_ fields: HTTPFields) -> Bool {
        fields[values: .connection].contains { value in
            value.lowercased().split(whereSeparator: { $0 == "," || $0 == " " }).contains("close")
        }
    }
}
