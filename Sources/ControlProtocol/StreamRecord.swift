/// What a stream of the control API carries: an item, or the word that items are missing here.
public enum StreamRecord<Item: Hashable & Codable & Sendable>: Hashable, Sendable {
    case item(Item)
    case gap(StreamGap)
}

/// What is missing at this place of a stream, and why.
public struct StreamGap: Hashable, Codable, Sendable {
    public enum Unit: String, Hashable, Codable, Sendable, CaseIterable {
        case events, lines, bytes
    }

    public enum Code: String, Hashable, Codable, Sendable, CaseIterable {
        /// The client read more slowly than the stream came.
        case clientTooSlow = "client_too_slow"
        /// The daemon does not have them any more.
        case noLongerKept = "no_longer_kept"
        /// They are more than one answer holds; some of them may be no longer kept.
        case answerTooLarge = "answer_too_large"
        /// They were never written: a full disk, or output beyond what the daemon takes.
        case outputDropped = "output_dropped"
    }

    public var lost: UInt64
    public var unit: Unit
    public var code: Code

    public init(lost: UInt64, unit: Unit, code: Code) {
        self.lost = lost
        self.unit = unit
        self.code = code
    }
}

/// As JSON an item is itself, and a gap is an object whose only key is `gap`.
extension StreamRecord: Codable {
    private enum CodingKeys: String, CodingKey {
        case gap
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        if let gap = try container.decodeIfPresent(StreamGap.self, forKey: .gap) {
            self = .gap(gap)
        } else {
            self = .item(try Item(from: decoder))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        switch self {
        case .item(let item):
            try item.encode(to: encoder)
        case .gap(let gap):
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(gap, forKey: .gap)
        }
    }
}

extension StreamGap.Unit: JSONValue {}
extension StreamGap.Code: JSONValue {}

extension StreamGap: WireDocument {
    public static let summary = "What is missing at this place of a stream, and why."
    public static let properties: [WireProperty<StreamGap>] = [
        .init(
            "code", \.code,
            """
            client_too_slow: the client read more slowly than the stream came; no_longer_kept: the daemon has them \
            no more; answer_too_large: they are more than one answer holds; output_dropped: they were never written.
            """),
        .init("lost", \.lost, "How many are missing."),
        .init("unit", \.unit, "Of what."),
    ]
}

extension StreamRecord: JSONValue where Item: JSONValue {
    public static var schema: JSONSchema { .oneOf([Item.schema, .document(GapDocument.self)]) }

    public func write(to writer: inout JSONWriter) {
        switch self {
        case .item(let item): item.write(to: &writer)
        case .gap(let gap): GapDocument(gap: gap).write(to: &writer)
        }
    }
}

/// How a gap stands among the items of a stream.
struct GapDocument: Hashable, Codable {
    var gap: StreamGap
}

extension GapDocument: WireDocument {
    static let summary = "Items of the stream are missing here."
    static let properties: [WireProperty<GapDocument>] = [
        .init("gap", \.gap, "What is missing.")
    ]
}
