import ControlProtocol
import ControlServer
import Logging
import StackModel

/// The control API's server from its socket to its end.
actor ControlService {
    private var socket: ControlSocket?
    private var server: ControlServer?
    private var isStarting = false
    private var isStopped = false
    /// Who stops it waits until it has started.
    private var onStarted: CheckedContinuation<Void, Never>?

    init(_ socket: consuming ControlSocket) {
        self.socket = consume socket
    }

    /// Begins to serve; a second call does nothing. Tells whether it serves: not when it was stopped meanwhile.
    func start(for controller: some StackController, _ control: ControlSpec, audit: AuditFile) async throws -> Bool {
        guard let socket = socket.take() else { return false }
        isStarting = true
        defer {
            isStarting = false
            onStarted?.resume()
            onStarted = nil
        }
        server = try await ControlServer.start(
            on: socket, for: controller, control: control, audit: audit,
            logger: Logger(label: "control") { _ in DaemonLogHandler() })
        return !isStopped
    }

    /// The stack file says something else by now about who may do what.
    func update(_ control: ControlSpec) async {
        await server?.update(control)
    }

    /// Ends it, or keeps it from beginning.
    func stop() async {
        isStopped = true
        socket = nil
        if isStarting { await withCheckedContinuation { onStarted = $0 } }
        await server?.stop()
        server = nil
    }
}
