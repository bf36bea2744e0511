import ControlProtocol
import FoundationEssentials
import HTTPTypes
import HummingbirdCore
import NIOCore

extension Response {
    /// A document as JSON.
    init(_ document: some Encodable, status: HTTPTypes.HTTPResponse.Status = .ok) throws(ControlProblem) {
        do {
            let bytes = ByteBuffer(bytes: try WireFormat.encode(document) + Data("\n".utf8))
            self.init(status: status, headers: [.contentType: "application/json"], body: .init(byteBuffer: bytes))
        } catch {
            throw .internalError("the answer cannot be written as JSON: \(error)")
        }
    }

    /// A problem document. `closing`: the connection ends after it.
    init(_ problem: ControlProblem, closing: Bool = false) {
        var headers: HTTPFields = [.contentType: ControlProblem.mediaType]
        if closing { headers[.connection] = "close" }
        self.init(
            status: .init(code: problem.status), headers: headers, body: .init(byteBuffer: problem.bytes))
    }
}

extension ControlProblem {
    /// As JSON.
    var bytes: ByteBuffer {
        ByteBuffer(bytes: (try? WireFormat.encode(self)) ?? Data())
    }

    static func internalError(_ detail: String) -> ControlProblem {
        ControlProblem(code: .internalError, status: 500, title: "Internal error", detail: detail)
    }
}
