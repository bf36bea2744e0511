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

    static func post(_ path: String, _ body: ByteBuffer) -> HTTPRequest {
        HTTPRequest(.POST, path, body: body)
    }

    private init(_ method: HTTPMethod, _ path: String, body: ByteBuffer?) {
        // HTTP/1.1 wants a Host; over a socket of the file system there is none to name.
        var headers: HTTPHeaders = ["Host": "stackd", "Connection": "close"]
        if let body {
            headers.add(name: "Content-Type", value: "application/json")
            headers.add(name: "Content-Length", value: String(body.readableBytes))
        }
        head = HTTPRequestHead(version: .http1_1, method: method, uri: path, headers: headers)
        self.body = body
    }

    func accepting(_ mediaType: String) -> HTTPRequest {
        var request = self
        request.head.headers.replaceOrAdd(name: "Accept", value: mediaType)
        return request
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
