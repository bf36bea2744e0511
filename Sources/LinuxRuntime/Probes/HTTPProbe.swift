/// A GET request that must be answered with one of some status codes, and perhaps a body that matches.
public struct HTTPCheck: Sendable {
    /// An IPv4 or IPv6 address, or `localhost`.
    public var host: String
    public var port: UInt16
    /// The path and the query.
    public var path: String
    public var headers: [(name: String, value: String)]
    /// The status codes that pass.
    public var status: [ClosedRange<Int>]
    /// A POSIX extended regular expression that the body's first 64 KiB must match, as `grep -E` matches lines.
    public var body: String?

    public init(
        host: String = "127.0.0.1", port: UInt16, path: String = "/", headers: [(name: String, value: String)] = [],
        status: [ClosedRange<Int>] = [200...399], body: String? = nil
    ) {
        self.host = host
        self.port = port
        self.path = path
        self.headers = headers
        self.status = status
        self.body = body
    }
}

/// One run of an `http` probe.
final class HTTPProbeRun: RunningProbe {
    private static let bodyLimit = 64 << 10

    private let check: HTTPCheck
    private let loop: EventLoop
    private let report: (ProbeResult) -> Void
    private var exchange: HTTPExchange?
    private var body: [UInt8] = []

    init(_ check: HTTPCheck, loop: EventLoop, report: @escaping (ProbeResult) -> Void) {
        self.check = check
        self.loop = loop
        self.report = report
    }

    func start() {
        let request = HTTPRequest(host: check.host, port: check.port, target: check.path, fields: check.headers)
        do throws(ProbeFailure) {
            let exchange = try HTTPExchange(request, loop: loop) { [self] event in handle(event) }
            self.exchange = exchange
            exchange.start()
        } catch {
            report(.failed(error.words))
        }
    }

    func cancel() {
        exchange?.cancel()
        exchange = nil
    }

    private func handle(_ event: HTTPExchange.Event) {
        switch event {
        case .head(let head):
            if !check.status.contains(where: { $0.contains(head.status) }) {
                finish(.failed("HTTP status \(head.status), wanted \(Self.words(check.status))"))
            } else if check.body == nil {
                finish(.passed)
            }
        case .body(let bytes):
            body += bytes.prefix(Self.bodyLimit - body.count)
            if body.count == Self.bodyLimit { judgeBody() }
        case .end: judgeBody()
        case .failed(let words): finish(.failed(words))
        }
    }

    private func judgeBody() {
        guard let pattern = check.body else { return finish(.passed) }
        do throws(ProbeFailure) {
            let regex = try ExtendedRegex(pattern)
            guard !regex.matches(body) else { return finish(.passed) }
            let seen = body.isEmpty ? "it is empty" : "it begins: \(excerpt(of: body, limit: 60))"
            finish(.failed("the body does not match \(pattern); \(seen)"))
        } catch {
            finish(.failed(error.words))
        }
    }

    private func finish(_ result: ProbeResult) {
        cancel()
        report(result)
    }

    private static func words(_ ranges: [ClosedRange<Int>]) -> String {
        ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }.joined(separator: ", ")
    }
}
