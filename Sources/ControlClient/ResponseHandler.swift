import NIOCore
import NIOHTTP1

/// Makes an answer of the parts of a response, and fulfils its promise with it.
protocol ResponseHandler: ChannelInboundHandler, SendableMetatype where InboundIn == HTTPClientResponsePart {
    associatedtype Answer: Sendable
}

/// Collects a whole answer.
final class ExchangeHandler: ResponseHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias Answer = HTTPResponse

    private let promise: EventLoopPromise<HTTPResponse>
    private var collector = ResponseCollector()

    init(_ promise: EventLoopPromise<HTTPResponse>) {
        self.promise = promise
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        do {
            guard let response = try collector.take(unwrapInboundIn(data)) else { return }
            promise.succeed(response)
            context.close(promise: nil)
        } catch {
            errorCaught(context: context, error: error)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        promise.fail(error)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        promise.fail(ControlClientError.disconnected)
        context.fireChannelInactive()
    }
}

/// Puts an answer together from its parts.
struct ResponseCollector {
    /// More than the largest answer: the daemon bounds what it keeps.
    static let bodyLimit = 64 << 20

    private var response: HTTPResponse?

    /// The answer, once its last part came.
    mutating func take(_ part: HTTPClientResponsePart) throws(ControlClientError) -> HTTPResponse? {
        switch part {
        case .head(let head):
            response = HTTPResponse(status: Int(head.status.code), body: ByteBuffer())
            return nil
        case .body(let bytes):
            response?.body.writeImmutableBuffer(bytes)
            guard let size = response?.body.readableBytes, size <= Self.bodyLimit else {
                throw .unexpectedAnswer("a body of more than \(Self.bodyLimit) bytes")
            }
            return nil
        case .end:
            return response
        }
    }
}
