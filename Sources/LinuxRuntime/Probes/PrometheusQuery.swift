import Glibc

/// One instant query to a Prometheus server, over its HTTP API (`/api/v1/query`).
public final class PrometheusQuery {
    public enum Answer: Hashable, Sendable {
        /// The value of the first series, or the scalar.
        case value(Double)
        /// No series matches, or its value is no number.
        case nothing
        /// With what was seen instead.
        case failed(String)
    }

    private static let bodyLimit = 1 << 20

    private let loop: EventLoop
    private let completion: (Answer) -> Void
    private var exchange: HTTPExchange?
    private var timer: EventLoop.Timer?
    private var body: [UInt8] = []

    /// Asks the server at the address, such as `http://127.0.0.1:9090`, which may have a path. `completion` is called once,
    /// on the loop and never from within this call, after the timeout at the latest.
    public init(
        _ query: String, at address: String, timeout: Duration, loop: EventLoop,
        completion: @escaping (Answer) -> Void
    ) {
        self.loop = loop
        self.completion = completion
        // Until it is answered it is kept by its timer.
        timer = loop.schedule(after: timeout) { [self] in finish(.failed("no answer after \(timeout.seconds) s")) }
        loop.schedule(after: .zero) { [self] in begin(query, at: address) }
    }

    private func begin(_ query: String, at address: String) {
        do throws(ProbeFailure) {
            let server = try Server(address)
            let exchange = try HTTPExchange(
                HTTPRequest(
                    host: server.host, port: server.port,
                    target: server.path + "/api/v1/query?query=" + Self.escaped(query)),
                loop: loop
            ) { [self] event in handle(event) }
            self.exchange = exchange
            exchange.start()
        } catch {
            finish(.failed(error.words))
        }
    }

    private func handle(_ event: HTTPExchange.Event) {
        switch event {
        case .head: break
        case .body(let bytes):
            guard body.count + bytes.count <= Self.bodyLimit else { return finish(.failed("the answer is too long")) }
            body += bytes
        case .end: finish(Self.answer(body))
        case .failed(let words): finish(.failed(words))
        }
    }

    private func finish(_ answer: Answer) {
        guard let timer else { return }
        loop.cancel(timer)
        self.timer = nil
        exchange?.cancel()
        exchange = nil
        completion(answer)
    }

    /// What an answer's body says (Prometheus' HTTP API, "Expression query result formats").
    static func answer(_ body: [UInt8]) -> Answer {
        do throws(ProbeFailure) {
            let document = try JSON(parsing: body)
            guard document["status"]?.string == "success", let data = document["data"] else {
                let error = document["error"]?.string.map { excerpt(of: $0.utf8) }
                return .failed(error ?? "it is no answer of Prometheus")
            }
            let sample: [JSON]?
            switch data["resultType"]?.string {
            case "vector":
                guard let first = data["result"]?.array?.first else { return .nothing }
                sample = first["value"]?.array
            case "scalar": sample = data["result"]?.array
            case let other: return .failed("the result is a \(other ?? "thing"), not a vector or scalar")
            }
            guard let text = sample?.last?.string, let value = Double(text) else {
                return .failed("the result has no value")
            }
            return value.isNaN ? .nothing : .value(value)
        } catch {
            return .failed(error.words)
        }
    }

    /// Everything but the unreserved characters of RFC 3986 as %XX.
    private static func escaped(_ text: String) -> String {
        text.utf8.reduce(into: "") { result, byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E:
                result.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                result += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
    }
}

/// The parts of `http://HOST:PORT/PATH`.
private struct Server {
    var host: String
    var port: UInt16
    var path: String

    init(_ address: String) throws(ProbeFailure) {
        guard address.hasPrefix("http://") else { throw ProbeFailure("\(address) does not begin with http://") }
        let rest = address.dropFirst("http://".count)
        let authority = rest.prefix { $0 != "/" }
        path = String(rest[authority.endIndex...])
        while path.hasSuffix("/") { path.removeLast() }
        if let colon = authority.lastIndex(of: ":"), !authority[colon...].contains("]") {
            guard let number = UInt16(authority[authority.index(after: colon)...]) else {
                throw ProbeFailure("\(address) has no port that is a number")
            }
            host = String(authority[..<colon])
            port = number
        } else {
            host = String(authority)
            port = 80
        }
    }
}

extension Duration {
    fileprivate var seconds: Int64 { components.seconds }
}
