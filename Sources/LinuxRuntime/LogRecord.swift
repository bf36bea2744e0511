import Glibc

/// Where a line of a log came from.
public enum LogStream: Hashable, Sendable, CaseIterable {
    /// Standard output.
    case output
    /// Standard error.
    case error
    /// stackd itself: what it had to drop.
    case gap

    /// What it is called in a line of text.
    var label: String {
        switch self {
        case .output: "out"
        case .error: "err"
        case .gap: "gap"
        }
    }

    /// What it is called in JSON and in the journal, as in the control API.
    var name: String {
        switch self {
        case .output: "stdout"
        case .error: "stderr"
        case .gap: "stackd"
        }
    }
}

/// One line of a log.
public struct LogRecord: Hashable, Sendable {
    /// When the line was read.
    public var time: WallTime
    public var owner: LogOwner
    public var stream: LogStream
    /// Ascends by one with each line of a replica, through all its instances; a number that is missing was dropped. A
    /// gap's is that of the last line that was.
    public var number: UInt64
    /// Whether the text goes on in the stream's next record, because the line was too long for one.
    public var continues: Bool
    /// The line without its newline; bytes that are not UTF-8 are replaced.
    public var text: String
}

/// A line of a log file as it lies in memory: nothing is copied until it is known to be wanted.
struct RawLogRecord {
    var time: WallTime
    var stream: LogStream
    var number: UInt64
    var continues: Bool
    /// The text; escaped where the line is JSON.
    var text: UnsafeRawBufferPointer
    var format: LogFormat

    /// The highest number that is believed: counting on from it has no end.
    static let highestNumber = UInt64(Int64.max)

    /// Parses a line of either format, without its newline; nil when it is none. The file's name has told the owner.
    init?(parsing line: UnsafeRawBufferPointer) {
        var cursor = LogCursor(line)
        format = cursor.peek == UInt8(ascii: "{") ? .json : .text
        switch format {
        case .text:
            guard let time = cursor.time(), cursor.skip(" "), cursor.skipField(), let label = cursor.streamLabel(),
                let number = cursor.number(), cursor.skip(" ")
            else { return nil }
            (stream, continues) = label
            (self.time, self.number) = (time, number)
            text = cursor.rest
        case .json:
            guard cursor.skip("{\"time\":\""), let time = cursor.time(), cursor.skip("\",\"service\":\""),
                cursor.skipField(to: "\""), cursor.skip(",\"replica\":"), cursor.number() != nil,
                cursor.skip(",\"stream\":\""), let stream = cursor.streamName(), cursor.skip("\",\"sequence\":"),
                let number = cursor.number(), cursor.skip(",\"text\":\""), let end = cursor.jsonEnd()
            else { return nil }
            (self.time, self.stream, self.number) = (time, stream, number)
            (text, continues) = end
        }
        guard number <= Self.highestNumber else { return nil }
    }

    /// The text as bytes, for a pattern to look at.
    func withPlainText<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        guard format == .json, text.contains(UInt8(ascii: "\\")) else { return body(text) }
        return JSONText.unescaped(text).withUnsafeBytes(body)
    }

    func record(of owner: LogOwner) -> LogRecord {
        LogRecord(
            time: time, owner: owner, stream: stream, number: number, continues: continues,
            text: withPlainText { String(decoding: $0, as: UTF8.self) })
    }
}

/// Takes the fields off the front of a line.
private struct LogCursor {
    private(set) var rest: UnsafeRawBufferPointer

    init(_ line: UnsafeRawBufferPointer) {
        rest = line
    }

    var peek: UInt8? { rest.first }

    private mutating func drop(_ count: Int) {
        rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
    }

    mutating func skip(_ text: StaticString) -> Bool {
        let count = text.utf8CodeUnitCount
        guard let base = rest.baseAddress, rest.count >= count, memcmp(base, text.utf8Start, count) == 0 else {
            return false
        }
        drop(count)
        return true
    }

    /// Skips a field and the byte that ends it.
    mutating func skipField(to end: Unicode.Scalar = " ") -> Bool {
        guard let base = rest.baseAddress, let found = memchr(base, Int32(end.value), rest.count) else { return false }
        drop(base.distance(to: found) + 1)
        return true
    }

    mutating func time() -> WallTime? {
        guard rest.count >= WallTime.textLength,
            let time = WallTime(parsing: UnsafeRawBufferPointer(rebasing: rest.prefix(WallTime.textLength)))
        else { return nil }
        drop(WallTime.textLength)
        return time
    }

    mutating func number() -> UInt64? {
        var value: UInt64 = 0
        var count = 0
        while count < rest.count, case let digit = rest[count] &- UInt8(ascii: "0"), digit < 10 {
            // Of 19 digits at the most, which cannot overflow.
            guard count < 19 else { return nil }
            value = value * 10 + UInt64(digit)
            count += 1
        }
        guard count > 0 else { return nil }
        drop(count)
        return value
    }

    mutating func streamLabel() -> (LogStream, continues: Bool)? {
        let stream: LogStream
        if skip("out") {
            stream = .output
        } else if skip("err") {
            stream = .error
        } else if skip("gap") {
            stream = .gap
        } else {
            return nil
        }
        let continues = skip("+")
        return skip(" ") ? (stream, continues) : nil
    }

    mutating func streamName() -> LogStream? {
        skip("stdout") ? .output : skip("stderr") ? .error : skip("stackd") ? .gap : nil
    }

    /// The text of an object, and what follows it up to the object's end.
    func jsonEnd() -> (UnsafeRawBufferPointer, continues: Bool)? {
        func text(before suffix: StaticString) -> UnsafeRawBufferPointer? {
            let count = rest.count - suffix.utf8CodeUnitCount
            guard count >= 0, let base = rest.baseAddress,
                memcmp(base + count, suffix.utf8Start, suffix.utf8CodeUnitCount) == 0
            else { return nil }
            return UnsafeRawBufferPointer(rebasing: rest.prefix(count))
        }
        // A quotation mark within the text is escaped, so that neither of these can be part of it.
        if let text = text(before: "\",\"continues\":true}") { return (text, true) }
        return text(before: "\"}").map { ($0, false) }
    }
}

extension WallTime: CustomStringConvertible {
    /// How many bytes `write` writes.
    static let textLength = 27

    /// ISO 8601 in UTC with microseconds: `2026-11-23T10:00:00.123456Z`.
    public var description: String {
        String(unsafeUninitializedCapacity: WallTime.textLength) { buffer in
            write(to: UnsafeMutableRawBufferPointer(buffer))
            return WallTime.textLength
        }
    }

    /// Writes the text of `description` into the first 27 bytes of a buffer.
    func write(to buffer: UnsafeMutableRawBufferPointer) {
        let microseconds = Int(nanoseconds.floorDivided(by: 1000))
        let seconds = microseconds.floorDivided(by: 1_000_000)
        let day = seconds.floorDivided(by: 86_400)
        let date = CivilDate(daysSinceEpoch: day)
        let clock = seconds - day * 86_400
        var cursor = 0
        func put(_ value: Int, digits: Int, then separator: UInt8) {
            var rest = value
            for position in stride(from: cursor + digits - 1, through: cursor, by: -1) {
                buffer[position] = UInt8(ascii: "0") + UInt8(rest % 10)
                rest /= 10
            }
            buffer[cursor + digits] = separator
            cursor += digits + 1
        }
        put(date.year, digits: 4, then: UInt8(ascii: "-"))
        put(date.month, digits: 2, then: UInt8(ascii: "-"))
        put(date.day, digits: 2, then: UInt8(ascii: "T"))
        put(clock / 3600, digits: 2, then: UInt8(ascii: ":"))
        put(clock / 60 % 60, digits: 2, then: UInt8(ascii: ":"))
        put(clock % 60, digits: 2, then: UInt8(ascii: "."))
        put(microseconds - seconds * 1_000_000, digits: 6, then: UInt8(ascii: "Z"))
    }

    /// Parses exactly the form of `description`; nil also where the time is too late for its nanoseconds to be counted.
    init?(parsing bytes: UnsafeRawBufferPointer) {
        guard bytes.count == WallTime.textLength else { return nil }
        var isValid = true
        func number(_ range: Range<Int>) -> Int {
            var value = 0
            for position in range {
                let digit = bytes[position] &- UInt8(ascii: "0")
                if digit > 9 { isValid = false }
                value = value * 10 + Int(digit)
            }
            return value
        }
        for (position, separator) in WallTime.separators where bytes[position] != separator { return nil }
        let date = CivilDate(year: number(0..<4), month: number(5..<7), day: number(8..<10))
        let (hour, minute, second) = (number(11..<13), number(14..<16), number(17..<19))
        let microsecond = number(20..<26)
        guard isValid, (1...12).contains(date.month), (1...31).contains(date.day), hour < 24, minute < 60, second < 60
        else { return nil }
        let seconds = date.daysSinceEpoch * 86_400 + hour * 3600 + minute * 60 + second
        let (product, overflow) = Int64(seconds * 1_000_000 + microsecond).multipliedReportingOverflow(by: 1000)
        guard !overflow else { return nil }
        nanoseconds = product
    }

    private static let separators: [(Int, UInt8)] = [
        (4, UInt8(ascii: "-")), (7, UInt8(ascii: "-")), (10, UInt8(ascii: "T")), (13, UInt8(ascii: ":")),
        (16, UInt8(ascii: ":")), (19, UInt8(ascii: ".")), (26, UInt8(ascii: "Z")),
    ]
}

/// A date of the proleptic Gregorian calendar, by Howard Hinnant's `civil_from_days` and `days_from_civil`.
private struct CivilDate {
    var year: Int
    var month: Int
    var day: Int

    init(year: Int, month: Int, day: Int) {
        self.year = year
        self.month = month
        self.day = day
    }

    init(daysSinceEpoch days: Int) {
        let shifted = days + 719_468  // since 0000-03-01, so that a leap day ends its year
        let era = shifted.floorDivided(by: 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    var daysSinceEpoch: Int {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = shiftedYear.floorDivided(by: 400)
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}

extension BinaryInteger {
    /// Division that rounds down, also below zero.
    fileprivate func floorDivided(by divisor: Self) -> Self {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}
