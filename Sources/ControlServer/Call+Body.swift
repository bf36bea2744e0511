import ControlProtocol
import FoundationEssentials
import HummingbirdCore
import NIOCore
import NIOHTTP1

extension Call {
    /// The body as the document that the route takes; none is a document without properties.
    func body<Document: WireDocument>(_ type: Document.Type) async throws(ControlProblem) -> Document {
        let bytes = try await collectBody()
        let document = try Self.decode(type, from: bytes.isEmpty ? Data("{}".utf8) : bytes)
        note.set(document)
        return document
    }

    /// The body as it is.
    func bytes() async throws(ControlProblem) -> [UInt8] {
        let bytes = try await collectBody()
        note.set("\(bytes.count) bytes")
        return Array(bytes)
    }

    /// Refuses a body where the route takes none.
    func checkBody() async throws(ControlProblem) {
        switch route.body {
        case .document, .bytes: return
        case .none: guard try await collectBody().isEmpty else { throw .badRequest("this request takes no body") }
        }
    }

    private static func decode<Document: WireDocument>(
        _ type: Document.Type, from bytes: Data
    ) throws(ControlProblem) -> Document {
        do {
            let decoder = JSONDecoder()
            if let key = KnownKeys.document { decoder.userInfo[key] = type }
            _ = try decoder.decode(KnownKeys.self, from: bytes)
            return try WireFormat.decode(Document.self, from: bytes)
        } catch let problem as ControlProblem {
            throw problem
        } catch {
            throw .unreadable(error)
        }
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

/// Goes through the keys of a JSON object and of those in it, and finds the first that the document does not have.
private struct KnownKeys: Decodable {
    /// The document's type, which the decoder is told; every text is a key.
    static let document = CodingUserInfoKey(rawValue: "document")

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

    /// - Throws: `ControlProblem`, and `DecodingError` where it is no object.
    init(from decoder: any Decoder) throws {
        guard let key = Self.document, let type = decoder.userInfo[key] as? any WireDocument.Type else { return }
        try Self.check(try decoder.container(keyedBy: Key.self), are: type)
    }

    private static func check(
        _ object: KeyedDecodingContainer<Key>, are type: any WireDocument.Type
    ) throws {
        let properties = type.descriptions
        for key in object.allKeys {
            guard let property = properties.first(where: { $0.key == key.stringValue }) else {
                let known = properties.map(\.key).joined(separator: ", ")
                throw ControlProblem.badRequest("no field is called \"\(key.stringValue)\"; there are \(known)")
            }
            // To leave `services` out means all of them: null might mean that nobody knew which.
            guard try !object.decodeNil(forKey: key) else {
                throw ControlProblem.badRequest("\(key.stringValue): null is no value; leave it out")
            }
            if case .document(let inner) = property.schema,
                let object = try? object.nestedContainer(keyedBy: Key.self, forKey: key)
            {
                try check(object, are: inner)
            }
        }
    }
}

extension ControlProblem {
    static func bodyTooLarge(limit: Int) -> ControlProblem {
        ControlProblem(.bodyTooLarge, "the body of the request is larger than \(limit) bytes")
    }

    /// A body that is no JSON, or has something else where a field should be.
    fileprivate static func unreadable(_ error: any Error) -> ControlProblem {
        switch error {
        case DecodingError.keyNotFound(let key, _): .badRequest("the field \(key.stringValue) is needed")
        case DecodingError.typeMismatch(let type, let context) where !context.codingPath.isEmpty:
            .badRequest("\(context.codingPath.map(\.stringValue).joined(separator: ".")): expected \(type)")
        case DecodingError.typeMismatch: .badRequest("the body of the request is no JSON object")
        case DecodingError.dataCorrupted(let context) where !context.codingPath.isEmpty,
            DecodingError.valueNotFound(_, let context) where !context.codingPath.isEmpty:
            .badRequest(
                "\(context.codingPath.map(\.stringValue).joined(separator: ".")): \(context.debugDescription)")
        default: .badRequest("the body of the request is no JSON, or a number in it does not fit its field")
        }
    }
}
