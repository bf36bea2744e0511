import StackModel

/// A point in time on the wall clock, written as RFC 3339 writes it, in UTC to the millisecond:
/// `2026-11-23T07:52:53.042Z`.
public struct Timestamp: Hashable, Comparable, Sendable {
    /// Milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
    public var milliseconds: Int64

    public init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    public static func < (left: Timestamp, right: Timestamp) -> Bool { left.milliseconds < right.milliseconds }
}

extension Timestamp: CustomStringConvertible {
    public var description: String {
        let days = milliseconds.flooredQuotient(by: Self.millisecondsPerDay)
        let rest = milliseconds - days * Self.millisecondsPerDay
        let date = CivilDate(daysSinceEpoch: days)
        // The year first, as it may be longer; then fields of fixed width, written at once.
        return date.description
            + String(unsafeUninitializedCapacity: 14) { text in
                var end = 0
                func write(_ separator: Unicode.Scalar, _ value: Int64, width: Int) {
                    text[end] = UInt8(ascii: separator)
                    var value = value
                    for place in stride(from: end + width, to: end, by: -1) {
                        text[place] = UInt8(ascii: "0") + UInt8(value % 10)
                        value /= 10
                    }
                    end += width + 1
                }
                write("T", rest / 3_600_000, width: 2)
                write(":", rest / 60_000 % 60, width: 2)
                write(":", rest / 1_000 % 60, width: 2)
                write(".", rest % 1_000, width: 3)
                text[end] = UInt8(ascii: "Z")
                return end + 1
            }
    }

    static let millisecondsPerDay: Int64 = 86_400_000
}

extension Timestamp {
    /// Reads RFC 3339's `date-time` with any offset and any number of fraction digits; digits beyond the millisecond
    /// are cut off. Nil where the text is no such time.
    public init?(_ text: some StringProtocol) {
        var reader = FieldReader(text.utf8.map { $0 })
        guard let year = reader.number(digits: 4), reader.skip("-"),
            let month = reader.number(digits: 2), reader.skip("-"),
            let day = reader.number(digits: 2), reader.skip("T") || reader.skip("t") || reader.skip(" "),
            let hour = reader.number(digits: 2), reader.skip(":"),
            let minute = reader.number(digits: 2), reader.skip(":"),
            let second = reader.number(digits: 2),
            let fraction = reader.fraction(),
            let offset = reader.offset(), reader.isAtEnd,
            let date = CivilDate(year: year, month: month, day: day),
            hour < 24, minute < 60, second <= 60
        else { return nil }
        let seconds = hour * 3_600 + minute * 60 + second - offset
        milliseconds = date.daysSinceEpoch * Self.millisecondsPerDay + seconds * 1_000 + fraction
    }
}

extension Timestamp: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let timestamp = Timestamp(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "no RFC 3339 time")
        }
        self = timestamp
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// Takes fixed-width fields off the front of a text.
private struct FieldReader {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    var isAtEnd: Bool { position == bytes.count }

    mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard position < bytes.count, UInt32(bytes[position]) == character.value else { return false }
        position += 1
        return true
    }

    private mutating func digit() -> Int64? {
        guard position < bytes.count, (0x30...0x39).contains(bytes[position]) else { return nil }
        defer { position += 1 }
        return Int64(bytes[position] - 0x30)
    }

    mutating func number(digits: Int) -> Int64? {
        var value: Int64 = 0
        for _ in 0..<digits {
            guard let next = digit() else { return nil }
            value = value * 10 + next
        }
        return value
    }

    /// The milliseconds of an optional `.digits`.
    mutating func fraction() -> Int64? {
        guard skip(".") else { return 0 }
        guard let first = digit() else { return nil }
        var value = first * 100
        var weight: Int64 = 10
        while let next = digit() {
            value += next * weight
            weight /= 10
        }
        return value
    }

    /// The seconds east of Greenwich of `Z` or `+hh:mm`.
    mutating func offset() -> Int64? {
        if skip("Z") || skip("z") { return 0 }
        let sign: Int64 = skip("-") ? -1 : 1
        guard sign < 0 || skip("+"), let hours = number(digits: 2), skip(":"), let minutes = number(digits: 2),
            hours < 24, minutes < 60
        else { return nil }
        return sign * (hours * 3_600 + minutes * 60)
    }
}

private func decimal(_ value: Int64, width: Int) -> String {
    let digits = String(value)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
}
