import FoundationEssentials
import NIOCore
import NIOHTTP1
import NIOPosix

/// The daemon's control socket: HTTP/1.1 over a unix socket.
struct ControlSocket: Sendable {
    /// The longest answer that is believed, in bytes.
    static let longestAnswer = 16 << 20
    /// How long the daemon may take to answer.
    static let timeout = TimeAmount.seconds(5)

    let path: String

    /// The body of a resource.
    ///
    /// - Throws: ``ControlSocketError``.
    func get(_ resource: String) async throws(ControlSocketError) -> Data {
        do {
            return try await exchange(resource)
        } catch let error as ControlSocketError {
            throw error
        } catch {
            throw .unreachable("\(path): \(error)")
        }
    }

    private func exchange(_ resource: String) async throws -> Data {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connectTimeout(Self.timeout)
            .connect(unixDomainSocketPath: path) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    return try NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>(
                        wrappingChannelSynchronously: channel)
                }
            }
        // Closing is what ends every wait below.
        let timer = channel.channel.eventLoop.scheduleTask(in: Self.timeout) { channel.channel.close(promise: nil) }
        defer { timer.cancel() }
        return try await channel.executeThenClose { inbound, outbound in
            // The daemon is not asked to close: to close what it has closed already is an error of NIO's.
            let headers = HTTPHeaders([("host", "stackd"), ("accept", "application/json")])
            try await outbound.write(.head(.init(version: .http1_1, method: .GET, uri: resource, headers: headers)))
            try await outbound.write(.end(nil))
            return try await Self.body(of: inbound)
        }
    }

    private static func body(of inbound: NIOAsyncChannelInboundStream<HTTPClientResponsePart>) async throws -> Data {
        var body = Data()
        for try await part in inbound {
            switch part {
            case .head(let head):
                guard head.status == .ok else { throw ControlSocketError.refused(Int(head.status.code)) }
            case .body(let bytes):
                body.append(contentsOf: bytes.readableBytesView)
                guard body.count <= longestAnswer else { throw ControlSocketError.tooLong }
            case .end:
                return body
            }
        }
        throw ControlSocketError.incomplete
    }
}

/// Why the daemon's control socket gave no answer.
enum ControlSocketError: Error, Equatable, CustomStringConvertible {
    /// There is nobody at the socket.
    case unreachable(String)
    /// The daemon answered with this status.
    case refused(Int)
    /// The answer is longer than is believed.
    case tooLong
    /// The connection ended, or the time was up, before the answer was complete.
    case incomplete

    var description: String {
        switch self {
        case .unreachable(let reason): "unreachable: \(reason)"
        case .refused(let status): "it answered with status \(status)"
        case .tooLong: "its answer is too long"
        case .incomplete: "its answer did not end"
        }
    }
}
