import ControlProtocol
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTPTypes
import StackModel

/// Lets connections in, or tells them why not.
struct Acceptor: Sendable {
    typealias HTTPConnection = NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>

    /// A connection whose pipeline stands, and who is at its other end.
    struct Connection: Sendable {
        var channel: HTTPConnection
        var client: Client
        /// It is told so, and closed.
        var isTooMany: Bool
    }

    /// What listens.
    enum Source {
        case controlSocket, network
    }

    private struct Dropped: Error {}

    let source: Source
    let responder: Responder
    let logger: Logger

    private var limits: Limits { responder.limits }

    private var configuration: HTTP1Channel.Configuration {
        HTTP1Channel.Configuration(
            additionalChannelHandlers: [MalformedRequestHandler()], idleTimeout: TimeAmount(limits.idleTimeout),
            httpDecoderConfiguration: .init(
                maxHeaderFieldSize: limits.headerSize, maxHeaderListSize: limits.headerSize, maxHeaderFieldCount: 64))
    }

    /// Sets up a connection, on its event loop.
    @Sendable
    func accept(_ channel: any Channel) -> EventLoopFuture<Connection> {
        let connection = channel.eventLoop.makeCompletedFuture { try admit(channel) }.flatMap { (client, isTooMany) in
            server(for: client).setup(channel: channel, logger: logger).map {
                Connection(channel: $0, client: client, isTooMany: isTooMany)
            }
        }
        // NIO forgets a channel whose setup failed without closing it.
        connection.whenFailure { _ in channel.close(promise: nil) }
        return connection
    }

    private func admit(_ channel: any Channel) throws -> (Client, isTooMany: Bool) {
        let client: Client =
            switch source {
            case .controlSocket: .process(try Peer.of(channel))
            case .network: .network
            }
        switch responder.admission.enter(channel, of: responder.holder(client)) {
        case .served: return (client, false)
        case .tooMany: return (client, true)
        case .drop: throw Dropped()
        }
    }

    private func server(for client: Client) -> HTTP1Channel {
        HTTP1Channel(
            responder: { request, writer, channel in
                try await responder.respond(to: request, of: client, writer, channel)
            }, configuration: configuration)
    }

    /// Serves connections until the listening channel is closed.
    func serve(_ listener: NIOAsyncChannel<Connection, Never>) async {
        do {
            try await listener.executeThenClose { connections in
                try await withThrowingDiscardingTaskGroup { group in
                    for try await connection in connections {
                        group.addTask { await serve(connection) }
                    }
                }
            }
        } catch {
            logger.error("no longer accepting connections: \(error)")
        }
    }

    private func serve(_ connection: Connection) async {
        guard connection.isTooMany else {
            return await server(for: connection.client).handle(value: connection.channel, logger: logger)
        }
        let refuser = HTTP1Channel(
            responder: { _, writer, channel in
                // The client is to read the answer before the connection ends under it.
                channel.eventLoop.scheduleTask(in: .seconds(1)) { channel.close(promise: nil) }
                let response = Response(.tooManyConnections(limit: limits.connections), closing: true)
                try await writer.write(response: response.head, body: response.body)
            }, configuration: configuration)
        await refuser.handle(value: connection.channel, logger: logger)
    }
}

extension ControlProblem {
    static func tooManyConnections(limit: Int) -> ControlProblem {
        ControlProblem(.tooManyConnections, "\(limit) are open, and that is the limit; try again")
    }
}
