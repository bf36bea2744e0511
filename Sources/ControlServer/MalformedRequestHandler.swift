import ControlProtocol
import HTTPTypes
import HummingbirdCore
import NIOCore
import NIOHTTP1
import NIOHTTPTypes

/// Answers what is no HTTP, or does not come to its end, with a problem document, and closes the connection after it.
final class MalformedRequestHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// To be fired through the pipeline when the rest of a request has not come in time.
    struct Timeout {}

    /// Between the head and the end of a response, where another one cannot be put.
    private var isResponding = false
    private var isDone = false

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard !isDone else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        switch unwrapOutboundIn(data) {
        case .head: isResponding = true
        case .body: break
        case .end: isResponding = false
        }
        context.write(data, promise: promise)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isDone else { return }
        context.fireChannelRead(data)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? HTTPParserError else {
            context.fireErrorCaught(error)
            return
        }
        end(with: .malformed(error), context)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard event is Timeout else {
            context.fireUserInboundEventTriggered(event)
            return
        }
        end(with: .requestTimeout, context)
    }

    private func end(with problem: ControlProblem, _ context: ChannelHandlerContext) {
        guard !isDone else { return }
        isDone = true
        if !isResponding {
            context.write(wrapOutboundOut(.head(Response(problem, closing: true).head)), promise: nil)
            context.write(wrapOutboundOut(.body(problem.bytes)), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }
        context.close(promise: nil)
    }
}

extension ControlProblem {
    static func malformed(_ error: HTTPParserError) -> ControlProblem {
        switch error {
        case .headerOverflow:
            ControlProblem(.headerTooLarge, "the header of the request is larger than the daemon takes")
        case .invalidEOFState:
            .badRequest("the request did not come to its end")
        default:
            .badRequest("the request is no HTTP/1.1: \(error)")
        }
    }

    static var requestTimeout: ControlProblem {
        ControlProblem(.requestTimeout, "the rest of the request did not come in time")
    }
}
