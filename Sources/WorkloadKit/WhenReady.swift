import ServiceLifecycle

/// A service that begins when the program is ready.
///
/// Replicas share a listening socket: one that took a connection before it can serve it would take it from those that
/// can. Until then connections wait in the socket's queue.
struct WhenReady: Service {
    private let service: any Service
    private let signal: (waiting: AsyncStream<Void>, sender: AsyncStream<Void>.Continuation)

    init(_ service: any Service) {
        self.service = service
        let (waiting, sender) = AsyncStream.makeStream(of: Void.self)
        self.signal = (waiting, sender)
    }

    /// The program is ready.
    func begin() {
        signal.sender.finish()
    }

    func run() async throws {
        await cancelWhenGracefulShutdown { [signal] in
            for await _ in signal.waiting {}
        }
        try await service.run()
    }
}
