import ControlProtocol
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTPTypes

/// Lets connections in, or tells them why not.
struct Acceptor: Sendable {
    typealias HTTPConnection = NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>

    /// A connection whose pipeline stands, and the problem that it is turned away with, if it is.
    struct Connection: Sendable {
        var channel: HTTPConnection
        var refusal: ControlProblem?
    }

    private struct Dropped: Error {}

    let users: Set<UInt32>
    let admission: Admission
    let limits: Limits
    let logger: Logger
    private let server: HTTP1Channel
    private let configuration: HTTP1Channel.Configuration

    init(users: Set<UInt32>, admission: Admission, responder: Responder, limits: Limits, logger: Logger) {
        self.users = users
        self.admission = admission
        self.limits = limits
        self.logger = logger
        configuration = HTTP1Channel.Configuration(
            additionalChannelHandlers: [MalformedRequestHandler()], idleTimeout: TimeAmount(limits.idleTimeout),
            httpDecoderConfiguration: .init(
                maxHeaderFieldSize: limits.headerSize, maxHeaderListSize: limits.headerSize, maxHeaderFieldCount: 64))
        server = HTTP1Channel(responder: responder.respond, configuration: configuration)
    }

    /// Sets up a connection, on its event loop.
    @Sendable
    func accept(_ channel: any Channel) -> EventLoopFuture<Connection> {
        let connection = admit(channel)
        // NIO forgets a channel whose setup failed without closing it.
        connection.whenFailure { _ in channel.close(promise: nil) }
        return connection
    }

    private func admit(_ channel: any Channel) -> EventLoopFuture<Connection> {
        let verdict = admission.enter(channel)
        guard verdict != .drop else { return channel.eventLoop.makeFailedFuture(Dropped()) }
        return Peer.of(channel).flatMap { peer in
            let refusal: ControlProblem? =
                if !users.contains(peer.user) {
                    .forbidden(user: peer.user)
                } else if verdict == .tooMany {
                    .tooManyConnections(limit: limits.connections)
                } else {
                    nil
                }
            if let refusal { logger.info("refused: \(refusal.detail)", metadata: ["pid": "\(peer.pid)"]) }
            return server.setup(channel: channel, logger: logger).map { Connection(channel: $0, refusal: refusal) }
        }
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
            logger.error("no longer accepting connections", metadata: ["error": "\(error)"])
        }
    }

    private func serve(_ connection: Connection) async {
        guard let refusal = connection.refusal else {
            return await server.handle(value: connection.channel, logger: logger)
        }
        let refuser = HTTP1Channel(
            responder: { _, writer, channel in
                // The client is to read the answer before the connection ends under it.
                channel.eventLoop.scheduleTask(in: .seconds(1)) { channel.close(promise: nil) }
                let response = Response(refusal, closing: true)
                try await writer.write(response: response.head, body: response.body)
            }, configuration: configuration)
        await refuser.handle(value: connection.channel, logger: logger)
    }
}

extension ControlProblem {
    static func forbidden(user: UInt32) -> ControlProblem {
        ControlProblem(
            code: .forbidden, status: 403, title: "Forbidden",
            detail: "user \(user) may not control this stack; root and the daemon's own user may")
    }

    static func tooManyConnections(limit: Int) -> ControlProblem {
        ControlProblem(
            code: .tooManyConnections, status: 503, title: "Too many connections",
            detail: "\(limit) are open, and that is the limit; try again")
    }
}
