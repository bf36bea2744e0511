import ControlProtocol
import Glibc
import HummingbirdCore
public import Logging
import NIOCore
import NIOHTTPTypes
import NIOPosix
import Synchronization

/// Serves the control API on a control socket, on one thread of its own, until it is stopped.
public final class ControlServer: Sendable {
    private let socket: Mutex<ControlSocket?>
    private let group: MultiThreadedEventLoopGroup
    private let channel: any Channel
    private let serving: Task<Void, Never>
    private let admission: Admission
    private let limits: Limits

    /// Begins to serve.
    ///
    /// - Parameters:
    ///   - users: whose processes get in; root and the daemon's own user unless told otherwise.
    ///   - logger: takes what clients did wrong; nothing is logged unless told otherwise.
    /// - Throws: `ControlSocketError` where the socket was served before.
    public static func start(
        on socket: consuming ControlSocket, for controller: some StackController, limits: Limits = Limits(),
        users: Set<UInt32>? = nil, logger: Logger = Logger(label: "control") { _ in SwiftLogNoOpLogHandler() }
    ) async throws -> ControlServer {
        guard let descriptor = socket.takeDescriptor() else { throw ControlSocketError(.inUse, path: socket.path) }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let admission = Admission(limits)
        let responder = Responder(routes: .all, controller: controller, admission: admission, limits: limits)
        let acceptor = Acceptor(
            users: users ?? [0, geteuid()], admission: admission, responder: responder, limits: limits, logger: logger)
        do {
            let server = try await ServerBootstrap(group: group)
                .childChannelOption(.allowRemoteHalfClosure, value: true)
                .bind(descriptor, childChannelInitializer: acceptor.accept)
            let serving = Task(executorPreference: LoopExecutor(group.next())) { await acceptor.serve(server) }
            return ControlServer(
                socket: socket, group: group, channel: server.channel, serving: serving, admission: admission,
                limits: limits)
        } catch {
            try await group.shutdownGracefully()
            throw error
        }
    }

    private init(
        socket: consuming ControlSocket, group: MultiThreadedEventLoopGroup, channel: any Channel,
        serving: Task<Void, Never>, admission: Admission, limits: Limits
    ) {
        self.socket = Mutex(socket)
        self.group = group
        self.channel = channel
        self.serving = serving
        self.admission = admission
        self.limits = limits
    }

    /// Removes the socket, ends the streams, lets requests under way end, and ends the thread. Later calls do nothing.
    public func stop() async {
        let isFirst = socket.withLock { socket in
            defer { socket = nil }
            return socket != nil
        }
        guard isFirst else { return }
        try? await channel.close()
        let connections = admission.stop()
        for connection in connections {
            connection.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        }
        let deadline = group.next().scheduleTask(in: TimeAmount(limits.stopTimeout)) {
            for connection in connections { connection.close(promise: nil) }
        }
        // The thread must not end before the tasks that run on it.
        await serving.value
        deadline.cancel()
        try? await group.shutdownGracefully()
    }
}
