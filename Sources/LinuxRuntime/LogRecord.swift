/// Where a line of a log came from.
public enum LogStream: String, Hashable, Sendable {
    /// Standard output.
    case output = "out"
    /// Standard error.
    case error = "err"
    /// stackd itself: what it had to drop.
    case gap
}

/// What is known of a line besides its text.
public struct LogStamp: Hashable, Sendable {
    /// When the line was read.
    public var time: WallTime
    /// The service and the index of the replica that wrote it.
    public var service: String
    public var replica: Int
    public var stream: LogStream
    /// Ascends by one with each line of a replica, through all its instances; a number that is missing was dropped.
    public var sequence: UInt64
    /// Whether the text goes on in the stream's next record, because the line was too long for one.
    public var continues: Bool
}

/// One line of a log file: `2026-11-23T10:00:00.123456Z backend/0 out 42 text`. The stream has a "+" where the line
/// goes on.
public struct LogRecord: Hashable, Sendable {
    public var stamp: LogStamp
    /// The line without its newline; bytes that are not UTF-8 are replaced.
    public var text: String

    /// The highest number that is believed: counting on from it has no end.
    private static let lastSequence = UInt64(Int64.max)

    /// Parses a line of a log file, without its newline; nil when it is none.
    init?(parsing line: some Collection<UInt8>) {
        let fields = line.split(separator: UInt8(ascii: " "), maxSplits: 4, omittingEmptySubsequences: false)
        guard fields.count == 5, let time = WallTime(parsing: fields[0]) else { return nil }
        let label = String(decoding: fields[1], as: UTF8.self)
        var name = String(decoding: fields[2], as: UTF8.self)
        let continues = name.hasSuffix("+")
        if continues { name.removeLast() }
        guard let slash = label.lastIndex(of: "/"), let replica = Int(label[label.index(after: slash)...]),
            let stream = LogStream(rawValue: name),
            let sequence = UInt64(String(decoding: fields[3], as: UTF8.self)), sequence <= LogRecord.lastSequence
        else { return nil }
        stamp = LogStamp(
            time: time, service: String(label[..<slash]), replica: replica, stream: stream, sequence: sequence,
            continues: continues)
        text = String(decoding: fields[4], as: UTF8.self)
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
    init?(parsing text: some Collection<UInt8>) {
        let bytes = Array(text)
        guard bytes.count == WallTime.textLength else { return nil }
        func number(_ range: Range<Int>) -> Int? {
            bytes[range].reduce(0) { value, byte in
                guard let value, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
                return value * 10 + Int(byte - UInt8(ascii: "0"))
            }
        }
        let separators: [(Int, Character)] = [
            (4, "-"), (7, "-"), (10, "T"), (13, ":"), (16, ":"), (19, "."), (26, "Z"),
        ]
        guard separators.allSatisfy({ bytes[$0] == $1.asciiValue }),
            let year = number(0..<4), let month = number(5..<7), let day = number(8..<10),
            let hour = number(11..<13), let minute = number(14..<16), let second = number(17..<19),
            let microsecond = number(20..<26), (1...12).contains(month), (1...31).contains(day),
            hour < 24, minute < 60, second < 60
        else { return nil }
        let days = CivilDate(year: year, month: month, day: day).daysSinceEpoch
        let seconds = days * 86_400 + hour * 3600 + minute * 60 + second
        let (product, overflow) = Int64(seconds * 1_000_000 + microsecond).multipliedReportingOverflow(by: 1000)
        guard !overflow else { return nil }
        nanoseconds = product
    }
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
