import ControlProtocol
import HTTPTypes
import HummingbirdCore
import NIOCore

extension Response {
    /// A document as JSON.
    init(_ document: some JSONValue, status: HTTPTypes.HTTPResponse.Status = .ok) {
        var bytes = ByteBuffer(bytes: WireFormat.bytes(of: document))
        bytes.writeString("\n")
        self.init(status: status, headers: [.contentType: "application/json"], body: .init(byteBuffer: bytes))
    }

    init(text: String, mediaType: String) {
        self.init(
            status: .ok, headers: [.contentType: mediaType], body: .init(byteBuffer: ByteBuffer(string: text)))
    }

    /// A problem document. `closing`: the connection ends after it.
    init(_ problem: ControlProblem, closing: Bool = false) {
        var headers: HTTPFields = [.contentType: ControlProblem.mediaType]
        if closing { headers[.connection] = "close" }
        if problem.code == .unauthorized { headers[.wwwAuthenticate] = "Bearer" }
        self.init(status: .init(code: problem.status), headers: headers, body: .init(byteBuffer: problem.bytes))
    }
}

extension ControlProblem {
    /// As JSON.
    var bytes: ByteBuffer { ByteBuffer(bytes: WireFormat.bytes(of: self)) }

    static func internalError(_ detail: String) -> ControlProblem {
        ControlProblem(.internalError, detail)
    }
}
