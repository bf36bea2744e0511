import ControlServer

/// The control API's server from its socket to its end.
actor ControlService {
    private var socket: ControlSocket?
    private var server: ControlServer?

    init(_ socket: consuming ControlSocket) {
        self.socket = consume socket
    }

    /// Begins to serve; a second call does nothing.
    func start(for runner: StackRunner) async throws {
        guard let socket = socket.take() else { return }
        server = try await ControlServer.start(on: socket, for: runner)
    }

    /// Ends it, or keeps it from beginning.
    func stop() async {
        socket = nil
        await server?.stop()
    }
}
