import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Lets a connection drain without losing its first request.
///
/// Hummingbird closes a connection that is idle when it is told to quiesce. But a connection that was accepted a
/// moment ago is idle too, its first request still on the way: closing it would lose a request that the client has
/// every right to expect an answer to. So this handler holds the event back until that request has come, for a while.
/// While it drains, answers say `Connection: close`, so that clients do not send a next request into a closing socket.
final class HTTPDrainHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private enum State {
        /// No request yet; becomes `serving` with the first, or `awaitingFirst` when told to quiesce before it.
        case fresh
        /// At least one request has come; becomes `draining` when told to quiesce.
        case serving
        /// Told to quiesce before any request; becomes `draining` with the first request, or when the wait is over.
        case awaitingFirst
        /// Passed on to Hummingbird, which closes when nothing is in flight; final.
        case draining
    }

    /// How long a connection without any request may still send its first.
    static let patience = TimeAmount.seconds(1)

    private var state = State.fresh

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        context.fireChannelRead(data)
        guard case .head = unwrapInboundIn(data) else { return }
        switch state {
        case .fresh: state = .serving
        case .awaitingFirst: drain(context)
        case .serving, .draining: break
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard event is ChannelShouldQuiesceEvent else { return context.fireUserInboundEventTriggered(event) }
        switch state {
        case .fresh:
            state = .awaitingFirst
            context.eventLoop.assumeIsolated().scheduleTask(in: Self.patience) { self.patienceEnded(context) }
        case .serving:
            drain(context)
        case .awaitingFirst, .draining:
            break
        }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch (state, unwrapOutboundIn(data)) {
        case (.draining, .head(var head)):
            head.headerFields[.connection] = "close"
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case (.fresh, _), (.serving, _), (.awaitingFirst, _), (.draining, _):
            context.write(data, promise: promise)
        }
    }

    private func patienceEnded(_ context: ChannelHandlerContext) {
        guard case .awaitingFirst = state, context.channel.isActive else { return }
        drain(context)
    }

    private func drain(_ context: ChannelHandlerContext) {
        state = .draining
        context.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
    }
}
