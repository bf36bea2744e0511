import ControlProtocol
import NIOCore
import NIOHTTP1

/// A request as it goes over the socket.
struct HTTPRequest: Sendable {
    var head: HTTPRequestHead
    var body: ByteBuffer?

    static func get(_ path: String) -> HTTPRequest {
        HTTPRequest(.GET, path, body: nil)
    }

    /// `mediaType`: of the body.
    static func post(
        _ path: String, _ body: ByteBuffer? = nil, mediaType: String = "application/json"
    ) -> HTTPRequest {
        HTTPRequest(.POST, path, body: body, mediaType: mediaType)
    }

    private init(_ method: HTTPMethod, _ path: String, body: ByteBuffer?, mediaType: String = "") {
        // HTTP/1.1 wants a Host; over a socket of the file system there is none to name.
        var headers: HTTPHeaders = ["Host": "stackd"]
        if let body {
            headers.add(name: "Content-Type", value: mediaType)
            headers.add(name: "Content-Length", value: String(body.readableBytes))
        }
        head = HTTPRequestHead(version: .http1_1, method: method, uri: path, headers: headers)
        self.body = body
    }

    /// The same for a connection that ends with its answer.
    func closing(accepting mediaType: String) -> HTTPRequest {
        var request = self
        request.head.headers.add(name: "Accept", value: mediaType)
        request.head.headers.add(name: "Connection", value: "close")
        return request
    }
}

extension HTTPRequest {
    var parts: [HTTPClientRequestPart] {
        [.head(head)] + (body.map { [.body(.byteBuffer($0))] } ?? []) + [.end(nil)]
    }
}

/// A whole answer.
struct HTTPResponse: Sendable {
    var status: Int
    var body: ByteBuffer

    /// What an answer that is no success means.
    var error: ControlClientError {
        if let problem: ControlProblem = try? decoded(body) { return .problem(problem) }
        return .unexpectedAnswer("status \(status) without a problem document")
    }
}
