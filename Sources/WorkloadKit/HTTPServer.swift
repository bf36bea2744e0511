public import Hummingbird
public import HummingbirdCore
public import Logging
import NIOCore
import ServiceLifecycle

/// What makes a server of a Hummingbird responder and a listening socket.
public enum HTTPServer {
    /// A server that drains when it is told to shut down gracefully: requests in flight are answered, those that are
    /// still on their way too, and each connection's last answer says that it is the last.
    public static func make<Responder: HTTPResponder>(
        _ socket: consuming ListeningSocket, responder: Responder, logger: Logger
    ) -> ConnectionServer<HTTP1Channel.Value>
    where Responder.Context: InitializableFromSource<ApplicationRequestContextSource> {
        let http = HTTP1Channel(
            responder: { request, writer, channel in
                let context = Responder.Context(source: .init(channel: channel, logger: logger))
                let response: Response
                do {
                    response = try await responder.respond(to: request, context: context)
                } catch {
                    // The router answers errors that know their status; whatever is left is a fault of this program.
                    logger.error("request failed", metadata: ["path": "\(request.uri.path)", "error": "\(error)"])
                    response = Response(status: .internalServerError)
                }
                try await writer.write(response: response.head, body: response.body)
            },
            configuration: .init(additionalChannelHandlers: [HTTPDrainHandler()], idleTimeout: .seconds(75))
        )
        return ConnectionServer(socket, logger: logger) { channel in
            http.setup(channel: channel, logger: logger)
        } serve: { connection in
            await withGracefulShutdownHandler {
                await http.handle(value: connection, logger: logger)
            } onGracefulShutdown: {
                connection.channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
            }
        }
    }
}
