import BlockingIO
import Glibc
public import Logging
public import NIOCore
import NIOPosix
public import ServiceLifecycle

/// Accepts connections from a listening socket and serves each in a task of its own.
///
/// Shutting down gracefully stops accepting, then waits for the connections that are open. The socket may be shared
/// with other replicas: closing this process's descriptor leaves the connections that wait in its queue to them.
public struct ConnectionServer<Connection: Sendable>: Service {
    private let descriptor: CInt
    private let capacity: Int
    private let logger: Logger
    private let configure: @Sendable (any Channel) -> EventLoopFuture<Connection>
    private let serve: @Sendable (Connection) async -> Void

    /// A server on a socket, which it owns from now on.
    ///
    /// - Parameters:
    ///   - capacity: the most connections at a time; more wait in the socket's queue, where other replicas, and whoever
    ///     scales them, can see them.
    ///   - configure: builds an accepted channel's pipeline, on the channel's event loop.
    ///   - serve: serves one connection to its end, and ends it soon when it is told to shut down gracefully.
    public init(
        _ socket: consuming ListeningSocket, capacity: Int = 1024, logger: Logger,
        configure: @escaping @Sendable (any Channel) -> EventLoopFuture<Connection>,
        serve: @escaping @Sendable (Connection) async -> Void
    ) {
        self.descriptor = socket.release()
        self.capacity = capacity
        self.logger = logger
        self.configure = configure
        self.serve = serve
    }

    public func run() async throws {
        // Another replica may be faster, and then this one must not wait in accept(2) for the next connection.
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
        let listener = try ReadableDescriptor(descriptor)
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { close(descriptor) }
            var open = 0
            while let attempt = try await cancelWhenGracefulShutdown({ try await listener.whenReadable(Self.accept) }) {
                switch attempt {
                case .accepted(let connection):
                    group.addTask { await begin(connection) }
                    open += 1
                    if open == capacity {
                        try await group.next()
                        open -= 1
                    }
                case .nothing:
                    break
                case .exhausted(let error):
                    logger.error("cannot accept", metadata: ["error": "\(error)"])
                    // The connection still waits and would wake us at once; some descriptor must be closed first.
                    try await Task.sleep(for: .milliseconds(100))
                }
            }
            logger.info("no longer accepting connections")
        }
    }

    private func begin(_ descriptor: CInt) async {
        let connection: Connection
        do {
            connection = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .channelOption(.allowRemoteHalfClosure, value: true)
                .withConnectedSocket(NIOBSDSocket.Handle(descriptor), channelInitializer: configure)
        } catch {
            // The client has gone already; NIO has closed the descriptor.
            return logger.debug("connection lost", metadata: ["error": "\(error)"])
        }
        await serve(connection)
    }

    private enum Attempt {
        case accepted(CInt)
        /// Another replica was faster, or the client has gone.
        case nothing
        /// The process or the host has run out of something.
        case exhausted(SystemError)
    }

    /// Accepts one connection, so that replicas that share the socket share its connections evenly.
    @Sendable private static func accept(from listener: CInt) throws -> Attempt {
        let connection = Glibc.accept(listener, nil, nil)
        if connection >= 0 {
            _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
            return .accepted(connection)
        }
        switch errno {
        case EMFILE, ENFILE, ENOBUFS, ENOMEM: return .exhausted(SystemError(call: "accept", errno: errno))
        case EBADF, EINVAL, ENOTSOCK, EOPNOTSUPP: throw SystemError(call: "accept", errno: errno)
        default: return .nothing
        }
    }
}
