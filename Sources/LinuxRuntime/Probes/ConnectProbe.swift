/// One run of a `tcp` or `unix` probe: a connection is accepted, and closed at once.
final class ConnectProbeRun: RunningProbe {
    private let target: () throws(ProbeFailure) -> [ProbeAddress]
    private let loop: EventLoop
    private let report: (ProbeResult) -> Void
    private var connection: StreamConnection?

    init(
        to target: @escaping () throws(ProbeFailure) -> [ProbeAddress], loop: EventLoop,
        report: @escaping (ProbeResult) -> Void
    ) {
        self.target = target
        self.loop = loop
        self.report = report
    }

    func start() {
        do throws(ProbeFailure) {
            let addresses = try target()
            let connection = StreamConnection(loop: loop) { [self] event in handle(event) }
            self.connection = connection
            connection.connect(to: addresses)
        } catch {
            report(.failed(error.words))
        }
    }

    func cancel() {
        connection?.close()
        connection = nil
    }

    private func handle(_ event: StreamConnection.Event) {
        switch event {
        case .connected, .received, .ended: finish(.passed)
        case .failed(let words): finish(.failed(words))
        }
    }

    private func finish(_ result: ProbeResult) {
        cancel()
        report(result)
    }
}
