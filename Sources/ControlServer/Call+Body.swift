import ControlProtocol
import FoundationEssentials
import HummingbirdCore
import NIOCore
import NIOHTTP1

/// The body of a request: a JSON object, none of whose keys is needed.
protocol RequestDocument: Decodable {
    init()
    static var keys: Set<String> { get }
}

extension ServiceSelection: RequestDocument {
    init() { self.init(services: []) }
    static var keys: Set<String> { ["services"] }
}

extension ShutdownRequest: RequestDocument {
    init() { self.init(immediately: false) }
    static var keys: Set<String> { ["immediately"] }
}

extension Call {
    func body<Document: RequestDocument>(_ type: Document.Type) async throws(ControlProblem) -> Document {
        let bytes = try await collectBody()
        guard !bytes.isEmpty else { return Document() }
        do {
            for key in try WireFormat.decode(KeysOfObject.self, from: bytes).keys where !Document.keys.contains(key) {
                throw ControlProblem.badRequest(
                    "no field is called \"\(key)\"; there are \(Document.keys.sorted().joined(separator: ", "))")
            }
            return try WireFormat.decode(Document.self, from: bytes)
        } catch let problem as ControlProblem {
            throw problem
        } catch {
            throw .unreadable(error)
        }
    }

    /// Refuses a body where the route takes none.
    func checkNoBody() async throws(ControlProblem) {
        guard try await collectBody().isEmpty else { throw .badRequest("this request takes no body") }
    }

    /// The body, if it is small enough and comes in time.
    private func collectBody() async throws(ControlProblem) -> Data {
        let deadline = channel.eventLoop.scheduleTask(in: TimeAmount(limits.bodyTimeout)) {
            channel.pipeline.fireUserInboundEventTriggered(MalformedRequestHandler.Timeout())
        }
        defer { deadline.cancel() }
        do {
            return Data(try await request.body.collect(upTo: limits.bodySize).readableBytesView)
        } catch is NIOTooManyBytesError {
            // The rest of it is not read to its end, however long that is.
            channel.eventLoop.scheduleTask(in: .seconds(1)) { channel.close(promise: nil) }
            throw .bodyTooLarge(limit: limits.bodySize)
        } catch {
            throw .malformed(.invalidEOFState)
        }
    }
}

/// The keys of a JSON object, whatever its values are.
private struct KeysOfObject: Decodable {
    var keys: [String]

    private struct Key: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }

        init?(stringValue: String) {
            self.stringValue = stringValue
        }

        init?(intValue: Int) {
            nil
        }
    }

    init(from decoder: any Decoder) throws {
        keys = try decoder.container(keyedBy: Key.self).allKeys.map(\.stringValue)
    }
}

extension ControlProblem {
    static func bodyTooLarge(limit: Int) -> ControlProblem {
        ControlProblem(
            code: .bodyTooLarge, status: 413, title: "Body too large",
            detail: "the body of the request is larger than \(limit) bytes")
    }

    /// A body that is no JSON, or has something else where a field should be.
    fileprivate static func unreadable(_ error: any Error) -> ControlProblem {
        switch error {
        case DecodingError.typeMismatch(let type, let context) where !context.codingPath.isEmpty:
            .badRequest("\(context.codingPath.map(\.stringValue).joined(separator: ".")): expected \(type)")
        case DecodingError.typeMismatch: .badRequest("the body of the request is no JSON object")
        default: .badRequest("the body of the request is no JSON")
        }
    }
}
