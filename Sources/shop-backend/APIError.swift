import FoundationEssentials
import HTTPTypes
import Hummingbird
import Logging
import PostgresPool

/// A request that gets no other answer than why not.
struct APIError: Error {
    let status: HTTPResponse.Status
    let message: String

    init(_ status: HTTPResponse.Status, _ message: String) {
        self.status = status
        self.message = message
    }

    func response() throws -> Response {
        try .json(["error": message], status: status)
    }
}

/// Turns every error of a route into an answer in JSON.
struct ErrorResponses: RouterMiddleware {
    func handle(
        _ request: Request, context: ShopRequestContext, next: (Request, ShopRequestContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as APIError {
            return try error.response()
        } catch let error as PostgresError {
            context.logger.error("database", metadata: ["error": "\(error)"])
            // Without a state of SQL there was no server to give one: it may be back in a moment.
            return try error.sqlState == nil
                ? APIError(.serviceUnavailable, "the database does not answer").response()
                : APIError(.internalServerError, "the database refused the statement").response()
        } catch let error as any HTTPResponseError {
            let reason = (error as? HTTPError)?.body ?? error.status.reasonPhrase.lowercased()
            return try APIError(error.status, reason).response()
        }
    }
}

/// What a request carries through the routes.
struct ShopRequestContext: RequestContext {
    var coreContext: CoreRequestContextStorage

    init(source: ApplicationRequestContextSource) {
        self.coreContext = .init(source: source)
    }
}

extension Response {
    /// A value as JSON, its keys sorted.
    static func json(
        _ value: some Encodable, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]
    ) throws -> Response {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var headers = headers
        headers[.contentType] = "application/json"
        return Response(
            status: status, headers: headers,
            body: .init(byteBuffer: ByteBuffer(bytes: try encoder.encode(value) + [UInt8(ascii: "\n")])))
    }
}

extension Request {
    /// A whole number of the query within a range.
    func wholeNumber(_ name: String, default fallback: Int, in range: ClosedRange<Int>) throws(APIError) -> Int {
        guard let text = uri.queryParameters[Substring(name)] else { return fallback }
        guard let number = Int(text), range.contains(number) else {
            throw APIError(
                .badRequest, "\(name) should be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }
}
