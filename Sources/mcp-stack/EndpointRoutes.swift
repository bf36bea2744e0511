import FoundationEssentials
import HTTPTypes
import Hummingbird
import ModelContextProtocol

/// Joins the protocol's HTTP endpoint to the router.
struct EndpointRoutes {
    /// The longest body of a request, in bytes.
    static let longestBody = 1 << 20

    let endpoint: StreamableHTTP

    func add(to router: Router<BasicRequestContext>) {
        for method in [HTTPRequest.Method.post, .get, .delete] {
            router.on("mcp", method: method, use: answer)
        }
    }

    @Sendable private func answer(
        _ request: Hummingbird.Request, _ context: BasicRequestContext
    ) async throws -> Response {
        let body = try await request.body.collect(upTo: Self.longestBody)
        var headers: [String: String] = [:]
        for field in request.headers {
            // A field that is given twice is one field with a list (RFC 9110, 5.2).
            let before = headers[field.name.canonicalName].map { "\($0), " } ?? ""
            headers[field.name.canonicalName] = before + field.value
        }
        let answer = await endpoint.answer(
            HTTPMessage(method: request.method.rawValue, headers: headers, body: Data(body.readableBytesView)))
        var fields = HTTPFields()
        for (name, value) in answer.headers {
            if let name = HTTPField.Name(name) { fields[name] = value }
        }
        return Response(
            status: .init(code: answer.status), headers: fields,
            body: .init(byteBuffer: ByteBuffer(bytes: answer.body)))
    }
}
