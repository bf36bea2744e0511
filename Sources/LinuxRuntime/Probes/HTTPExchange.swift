/// A request over plain HTTP/1.1 on a connection of its own.
struct HTTPRequest {
    var method = "GET"
    var host: String
    var port: UInt16
    /// The path and the query; what a request line cannot hold is percent-encoded.
    var target: String
    /// Beside Host, Connection and User-Agent, each of which a field of that name takes the place of.
    var fields: [(name: String, value: String)] = []
    var body: String?

    /// The request as it is sent. Fails where a field would break out of its line.
    func encoded() throws(ProbeFailure) -> [UInt8] {
        var fields = fields
        for (name, value) in fields {
            guard !name.isEmpty, name.utf8.allSatisfy(HTTPResponseParser.isTokenByte),
                value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 })
            else { throw ProbeFailure("the header \(excerpt(of: name.utf8, limit: 40)) cannot be sent") }
        }
        func setDefault(_ name: String, _ value: String) {
            if !fields.contains(where: { $0.name.lowercased() == name.lowercased() }) { fields.append((name, value)) }
        }
        setDefault("Host", ProbeAddress.authority(host: host, port: port))
        setDefault("User-Agent", "stackd")
        setDefault("Connection", "close")
        setDefault("Accept", "*/*")
        if let body { setDefault("Content-Length", String(body.utf8.count)) }
        let lines = ["\(method) \(Self.escaped(target)) HTTP/1.1"] + fields.map { "\($0.name): \($0.value)" }
        return Array((lines.joined(separator: "\r\n") + "\r\n\r\n" + (body ?? "")).utf8)
    }

    private static func escaped(_ target: String) -> String {
        target.utf8.reduce(into: target.hasPrefix("/") ? "" : "/") { result, byte in
            if (0x21...0x7E).contains(byte) {
                result.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                result +=
                    "%" + String(byte >> 4, radix: 16, uppercase: true) + String(byte & 15, radix: 16, uppercase: true)
            }
        }
    }
}

/// Sends one request and reads its response. Ends by itself after the response's end or a failure.
final class HTTPExchange {
    enum Event {
        case head(HTTPResponseHead)
        case body(ArraySlice<UInt8>)
        case end
        case failed(String)
    }

    private let loop: EventLoop
    private let request: [UInt8]
    private let addresses: [ProbeAddress]
    private var handler: ((Event) -> Void)?
    private var connection: StreamConnection?
    private var parser = HTTPResponseParser()

    init(
        _ request: HTTPRequest, loop: EventLoop, handler: @escaping (Event) -> Void
    ) throws(ProbeFailure) {
        self.loop = loop
        self.handler = handler
        self.request = try request.encoded()
        addresses = try ProbeAddress.resolve(host: request.host, port: request.port)
    }

    /// May call the handler before it returns.
    func start() {
        let connection = StreamConnection(loop: loop) { [self] event in handle(event) }
        self.connection = connection
        connection.connect(to: addresses)
    }

    /// Closes the connection; the handler is called no more.
    func cancel() {
        connection?.close()
        connection = nil
        handler = nil
    }

    private func handle(_ event: StreamConnection.Event) {
        do throws(ProbeFailure) {
            switch event {
            case .connected: connection?.send(request)
            case .received(let bytes): pass(on: try parser.feed(bytes))
            case .ended: pass(on: try parser.finish())
            case .failed(let words): throw ProbeFailure(words)
            }
        } catch {
            finish(.failed(error.words))
        }
    }

    private func pass(on events: [HTTPResponseParser.Event]) {
        for event in events {
            switch event {
            case .head(let head): handler?(.head(head))
            case .body(let bytes): handler?(.body(bytes))
            case .end: finish(.end)
            }
        }
    }

    private func finish(_ event: Event) {
        let handler = handler
        cancel()
        handler?(event)
    }
}
