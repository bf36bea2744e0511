/// What a stream of the control API carries: an item, or the word that items are missing here.
public enum StreamRecord<Item: Hashable & Codable & Sendable>: Hashable, Sendable {
    case item(Item)
    case gap(StreamGap)
}

/// What is missing at this place of a stream, and why.
public struct StreamGap: Hashable, Codable, Sendable {
    public enum Unit: String, Hashable, Codable, Sendable {
        case events, lines, bytes
    }

    public enum Code: String, Hashable, Codable, Sendable {
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
