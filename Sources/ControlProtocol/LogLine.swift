/// One line of a service's output, as `GET /v1/logs` gives it.
public struct LogLine: Hashable, Codable, Sendable {
    public enum Stream: String, Hashable, Codable, Sendable, CaseIterable {
        case stdout, stderr
        /// Not the service's: stackd says what it had to drop.
        case stackd
    }

    public var time: Timestamp
    public var service: String
    /// The replica's index.
    public var replica: Int
    public var stream: Stream
    /// Its number among the replica's lines; a gap in the numbers is lines that are not there.
    public var sequence: UInt64
    /// Without the newline; bytes that are no UTF-8 are replaced by U+FFFD.
    public var text: String
    private var isContinued: Bool?

    /// Whether the text goes on in the replica's next line of the same stream: it was too long for one.
    public var continues: Bool {
        get { isContinued ?? false }
        set { isContinued = newValue ? true : nil }
    }

    private enum CodingKeys: String, CodingKey {
        case time, service, replica, stream, sequence, text
        case isContinued = "continues"
    }

    public init(
        time: Timestamp, service: String, replica: Int, stream: Stream, sequence: UInt64, text: String,
        continues: Bool = false
    ) {
        self.time = time
        self.service = service
        self.replica = replica
        self.stream = stream
        self.sequence = sequence
        self.text = text
        self.continues = continues
    }
}

extension LogLine.Stream: JSONValue {}

extension LogLine: WireDocument {
    public static let summary = "One line of a service's output."
    public static let properties: [WireProperty<LogLine>] = [
        .optional(
            "continues", \.isContinued,
            "True where the text goes on in the replica's next line of the same stream: it was too long for one."),
        .init("replica", \.replica, "The replica's index."),
        .init(
            "sequence", \.sequence,
            "Its number among the replica's lines; a gap in the numbers is lines that are not there."),
        .init("service", \.service, "Whose it is."),
        .init("stream", \.stream, "stackd: not the service's; it says what had to be dropped."),
        .init("text", \.text, "Without the newline; bytes that are no UTF-8 are replaced by U+FFFD."),
        .init("time", \.time, "When it came."),
    ]
}
