import ControlProtocol
import Glibc
import HummingbirdCore
public import Logging
import NIOCore
import NIOHTTPTypes
import NIOPosix
public import StackModel
import Synchronization

/// Serves the control API, on one thread of its own, until it is stopped: on a control socket, and, where the stack
/// file says so, on a loopback address.
public final class ControlServer: Sendable {
    private struct State: ~Copyable {
        var socket: ControlSocket?
        var network: NetworkListener?
    }

    /// The listener of the stack file, as long as it listens.
    private struct NetworkListener {
        var address: ControlSpec.Listener
        var channel: any Channel
        var serving: Task<Void, Never>
    }

    private let state: Mutex<State>
    private let group: MultiThreadedEventLoopGroup
    private let channel: any Channel
    private let serving: Task<Void, Never>
    private let responder: Responder
    private let owners: Set<UInt32>
    private let limits: Limits
    private let logger: Logger

    /// Begins to serve.
    ///
    /// - Parameters:
    ///   - control: who may do what, and where it listens besides; what of it cannot be used is logged.
    ///   - owners: the users who may do everything; root and the daemon's own user unless told otherwise.
    ///   - audit: takes what was changed by whom.
    ///   - logger: takes what clients did wrong; nothing is logged unless told otherwise.
    /// - Throws: `ControlSocketError` where the socket was served before.
    public static func start(
        on socket: consuming ControlSocket, for controller: some StackController,
        control: ControlSpec = ControlSpec(), limits: Limits = Limits(), owners: Set<UInt32>? = nil,
        audit: (any AuditLog)? = nil, logger: Logger = Logger(label: "control") { _ in SwiftLogNoOpLogHandler() }
    ) async throws -> ControlServer {
        guard let descriptor = socket.takeDescriptor() else { throw ControlSocketError(.inUse, path: socket.path) }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let owners = owners ?? [0, geteuid()]
        let responder = Responder(
            routes: .all, controller: controller, admission: Admission(limits), limits: limits,
            policy: AccessPolicy(ControlSpec(), owners: owners), audit: audit, logger: logger)
        let acceptor = Acceptor(source: .controlSocket, responder: responder, logger: logger)
        do {
            let listener = try await ServerBootstrap(group: group)
                .childChannelOption(.allowRemoteHalfClosure, value: true)
                .bind(descriptor, childChannelInitializer: acceptor.accept)
            let serving = Task(executorPreference: LoopExecutor(group.next())) { await acceptor.serve(listener) }
            let server = ControlServer(
                socket: socket, group: group, channel: listener.channel, serving: serving, responder: responder,
                owners: owners, logger: logger)
            await server.update(control)
            return server
        } catch {
            try await group.shutdownGracefully()
            throw error
        }
    }

    private init(
        socket: consuming ControlSocket, group: MultiThreadedEventLoopGroup, channel: any Channel,
        serving: Task<Void, Never>, responder: Responder, owners: Set<UInt32>, logger: Logger
    ) {
        state = Mutex(State(socket: socket, network: nil))
        self.group = group
        self.channel = channel
        self.serving = serving
        self.responder = responder
        self.owners = owners
        limits = responder.limits
        self.logger = logger
    }

    /// Makes the rules those of another stack file, also for connections that are open. Tokens are read anew.
    /// To be called by one task at a time.
    public func update(_ control: ControlSpec) async {
        let policy = AccessPolicy(control, owners: owners)
        for warning in policy.warnings { logger.warning("\(warning)") }
        responder.replace(policy: policy)
        do {
            try state.withLock { state throws(ControlSocketError) in
                try state.socket?.open(toOthers: policy.isShared)
            }
        } catch {
            logger.error("others cannot use the control socket: \(error)")
        }
        await listen(on: control.listener)
    }

    /// Ends the listener of before where it is another, and begins to listen on the new one.
    private func listen(on address: ControlSpec.Listener?) async {
        let old = state.withLock { state in
            state.network?.address == address ? nil : state.network.take()
        }
        if let old {
            try? await old.channel.close()
            await old.serving.value
        }
        guard let address, state.withLock({ $0.socket != nil && $0.network == nil }) else { return }
        let acceptor = Acceptor(source: .network, responder: responder, logger: logger)
        do {
            let listener = try await ServerBootstrap(group: group)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .childChannelOption(.allowRemoteHalfClosure, value: true)
                .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
                .bind(host: address.host, port: Int(address.port), childChannelInitializer: acceptor.accept)
            let serving = Task(executorPreference: LoopExecutor(group.next())) { await acceptor.serve(listener) }
            state.withLock {
                $0.network = NetworkListener(address: address, channel: listener.channel, serving: serving)
            }
        } catch {
            logger.error("cannot listen on \(address.host):\(address.port): \(error)")
        }
    }

    /// The port of the loopback address that is listened on.
    var networkPort: Int? { state.withLock { $0.network?.channel.localAddress?.port } }

    /// Removes the socket, ends the streams, lets requests under way end, and ends the thread. Later calls do nothing.
    public func stop() async {
        let (isFirst, network) = state.withLock { state in
            let isFirst = state.socket != nil
            state.socket = nil
            return (isFirst, state.network.take())
        }
        guard isFirst else { return }
        try? await channel.close()
        try? await network?.channel.close()
        let connections = responder.admission.stop()
        for connection in connections {
            connection.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        }
        let deadline = group.next().scheduleTask(in: TimeAmount(limits.stopTimeout)) {
            for connection in connections { connection.close(promise: nil) }
        }
        // The thread must not end before the tasks that run on it.
        await serving.value
        await network?.serving.value
        deadline.cancel()
        try? await group.shutdownGracefully()
    }
}
