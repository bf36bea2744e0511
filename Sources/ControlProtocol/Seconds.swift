/// A length of time in a request: on the wire a number of seconds, fractions allowed.
public struct Seconds: Hashable, Sendable {
    /// A day: more than anybody waits for.
    public static let limit: Int64 = 86_400

    public var duration: Duration

    public init(_ duration: Duration) {
        self.duration = duration
    }

    private var number: Double { duration / .seconds(1) }
}

/// Reading refuses what is negative or longer than the limit.
extension Seconds: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let number = try container.decode(Double.self)
        guard (0...Double(Self.limit)).contains(number) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "expected a number of seconds from 0 to \(Self.limit)")
        }
        duration = .seconds(number)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(number)
    }
}

extension Seconds: JSONValue {
    public static var schema: JSONSchema { .number(minimum: 0, maximum: limit) }
    public func write(to writer: inout JSONWriter) { number.write(to: &writer) }
}
