/// A gRPC server whose health service answers SERVING.
public struct GRPCCheck: Hashable, Sendable {
    /// An IPv4 or IPv6 address, or `localhost`.
    public var host: String
    public var port: UInt16
    /// The service that is asked about; empty is the server as a whole.
    public var service: String

    public init(host: String = "127.0.0.1", port: UInt16, service: String = "") {
        self.host = host
        self.port = port
        self.service = service
    }
}

/// One run of a `grpc` probe.
final class GRPCHealthProbeRun: RunningProbe {
    private let check: GRPCCheck
    private let loop: EventLoop
    private let report: (ProbeResult) -> Void
    private var conversation: GRPCHealthConversation
    private var connection: StreamConnection?

    init(_ check: GRPCCheck, loop: EventLoop, report: @escaping (ProbeResult) -> Void) {
        self.check = check
        self.loop = loop
        self.report = report
        let authority = ProbeAddress.authority(host: check.host, port: check.port)
        conversation = GRPCHealthConversation(authority: authority, service: check.service)
    }

    func start() {
        do throws(ProbeFailure) {
            let addresses = try ProbeAddress.resolve(host: check.host, port: check.port)
            let connection = StreamConnection(loop: loop) { [self] event in handle(event) }
            self.connection = connection
            connection.connect(to: addresses)
        } catch {
            finish(.failed(error.words))
        }
    }

    func cancel() {
        connection?.close()
        connection = nil
    }

    private func handle(_ event: StreamConnection.Event) {
        do throws(ProbeFailure) {
            switch event {
            case .connected:
                connection?.send(conversation.opening)
            case .received(let bytes):
                let step = try conversation.feed(bytes)
                if let result = step.result { return finish(result) }
                connection?.send(step.reply)
            case .ended: throw ProbeFailure("the connection was closed without an answer")
            case .failed(let words): throw ProbeFailure(words)
            }
        } catch {
            finish(.failed(error.words))
        }
    }

    private func finish(_ result: ProbeResult) {
        cancel()
        report(result)
    }
}
