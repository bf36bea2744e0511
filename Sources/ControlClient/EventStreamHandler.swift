import NIOCore
import NIOHTTP1

typealias EventStreamMessages = NIOThrowingAsyncSequenceProducer<
    EventStreamMessage, any Error, NIOAsyncSequenceProducerBackPressureStrategies.HighLowWatermark, EventStreamDemand
>

/// Gives the messages of an event stream to whoever iterates them, and reads no faster than they do.
final class EventStreamHandler: ResponseHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias Answer = EventStreamMessages

    private enum State {
        /// The head of the response is awaited.
        case waiting(EventLoopPromise<Answer>)
        /// The answer is no stream: it is collected for the problem that it tells.
        case refused(ResponseCollector, EventLoopPromise<Answer>)
        /// Without the promise: it holds the messages, which must go when nobody wants them any more.
        case streaming(EventStreamMessages.Source)
        case ended
    }

    private var state: State
    private var parser = EventStreamParser()

    init(_ promise: EventLoopPromise<EventStreamMessages>) {
        state = .waiting(promise)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        do {
            try take(unwrapInboundIn(data), from: context)
        } catch {
            end(context, error)
        }
    }

    private func take(_ part: HTTPClientResponsePart, from context: ChannelHandlerContext) throws {
        switch (state, part) {
        case (.waiting(let promise), .head(let head)) where head.status == .ok:
            let (messages, source) = makeMessages(over: context.channel)
            state = .streaming(source)
            promise.succeed(messages)
        case (.waiting(let promise), let part):
            var collector = ResponseCollector()
            _ = try collector.take(part)
            state = .refused(collector, promise)
        case (.refused(var collector, let promise), let part):
            if let response = try collector.take(part) { throw response.error }
            state = .refused(collector, promise)
        case (.streaming(let source), .body(let bytes)):
            let result = source.yield(contentsOf: try parser.feed(bytes))
            if case .stopProducing = result { pauseReading(context.channel) }
        case (.streaming, .end):
            end(context, nil)
        case (.streaming, .head), (.ended, _):
            break
        }
    }

    private func makeMessages(over channel: any Channel) -> (EventStreamMessages, EventStreamMessages.Source) {
        let new = NIOThrowingAsyncSequenceProducer.makeSequence(
            elementType: EventStreamMessage.self, failureType: (any Error).self,
            backPressureStrategy: NIOAsyncSequenceProducerBackPressureStrategies.HighLowWatermark(
                lowWatermark: 64, highWatermark: 256),
            finishOnDeinit: false, delegate: EventStreamDemand(channel: channel))
        return (new.sequence, new.source)
    }

    private func pauseReading(_ channel: any Channel) {
        channel.setOption(.autoRead, value: false).whenFailure { _ in }
    }

    /// The stream is over; without an error as the daemon meant it.
    private func end(_ context: ChannelHandlerContext, _ error: (any Error)?) {
        switch state {
        case .waiting(let promise), .refused(_, let promise): promise.fail(error ?? ControlClientError.disconnected)
        case .streaming(let source): if let error { source.finish(error) } else { source.finish() }
        case .ended: break
        }
        state = .ended
        context.close(promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        end(context, error)
    }

    func channelInactive(context: ChannelHandlerContext) {
        end(context, ControlClientError.disconnected)
        context.fireChannelInactive()
    }
}

/// Makes the connection read when its messages are wanted, and closes it when nobody wants them any more.
struct EventStreamDemand: NIOAsyncSequenceProducerDelegate {
    let channel: any Channel

    func produceMore() {
        channel.setOption(.autoRead, value: true).whenFailure { _ in }
    }

    func didTerminate() {
        channel.close(promise: nil)
    }
}
