extension CronExpression {
    /// Why a text is no cron expression.
    public struct Fault: Error, Hashable, Sendable {
        /// What is wrong.
        public var message: String
        /// What would be right.
        public var remedy: String
    }

    /// Reads five fields, or one of the names that stand for them (`@daily`).
    public init(_ text: String) throws(Fault) {
        try Self.checkForOtherDialects(text)
        let words = text.split { $0 == " " || $0 == "\t" }.map(String.init)
        let fields = words.count == 1 ? Self.nicknames[words[0].lowercased()] ?? words : words
        guard fields.count == CronField.allCases.count else {
            throw Fault(
                message: "a cron expression has five fields, and this has \(fields.count)",
                remedy: fields.count == 6
                    ? "leave out the seconds: it is `MINUTE HOUR DAY MONTH WEEKDAY`"
                    : "it is `MINUTE HOUR DAY MONTH WEEKDAY`, such as `0 3 * * *`")
        }
        var sets: [UInt64] = []
        for (field, text) in zip(CronField.allCases, fields) { sets.append(try field.parse(text)) }
        self.init(
            description: words.joined(separator: " "), minutes: sets[0], hours: sets[1], daysOfMonth: sets[2],
            months: sets[3], daysOfWeek: (sets[4] | sets[4] >> 7) & 0x7F,
            matchesEitherDay: !fields[2].hasPrefix("*") && !fields[4].hasPrefix("*"))
        guard matchesSomeDay else {
            throw Fault(
                message: "`\(fields[2]) \(fields[3])` is a day that no year has",
                remedy: "name a day that one of the months has")
        }
    }

    private static let nicknames: [String: [String]] = [
        "@hourly": ["0", "*", "*", "*", "*"], "@daily": ["0", "0", "*", "*", "*"],
        "@midnight": ["0", "0", "*", "*", "*"], "@weekly": ["0", "0", "*", "*", "0"],
        "@monthly": ["0", "0", "1", "*", "*"], "@yearly": ["0", "0", "1", "1", "*"],
        "@annually": ["0", "0", "1", "1", "*"],
    ]

    private static func checkForOtherDialects(_ text: String) throws(Fault) {
        let word = String(text.lowercased().prefix { $0 != " " && $0 != "\t" })
        if word == "@reboot" {
            throw Fault(message: "`@reboot` is no time", remedy: "use `run_on_start: true`")
        }
        if word == "@every" || word == "every" {
            throw Fault(message: "this is an interval, not a cron expression", remedy: "write `{every: 15m}`")
        }
        if word.hasPrefix("@"), nicknames[word] == nil {
            throw Fault(
                message: "`\(word)` is not known",
                remedy: "there are `@hourly`, `@daily`, `@midnight`, `@weekly`, `@monthly`, `@yearly` and `@annually`")
        }
        if word.hasPrefix("tz=") || word.hasPrefix("cron_tz=") {
            throw Fault(
                message: "the zone is no part of the expression",
                remedy: "write `{cron: …, time_zone: …}`")
        }
    }

    /// A month that is named has a day that is named, in leap years at least.
    private var matchesSomeDay: Bool {
        matchesEitherDay
            || (1...12).contains { month in
                months >> UInt64(month) & 1 != 0
                    && daysOfMonth & ((2 << UInt64(CivilDate.days(inMonth: month, of: 2000))) - 1) != 0
            }
    }
}

/// A field of a cron expression.
private enum CronField: String, CaseIterable {
    case minute
    case hour
    case dayOfMonth = "day of the month"
    case month
    case dayOfWeek = "day of the week"

    private var range: ClosedRange<Int> {
        switch self {
        case .minute: 0...59
        case .hour: 0...23
        case .dayOfMonth: 1...31
        case .month: 1...12
        // Sunday has two numbers.
        case .dayOfWeek: 0...7
        }
    }

    private static let months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
    private static let weekdays = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]

    private var form: String {
        switch self {
        case .minute, .hour, .dayOfMonth: "a number from \(range.lowerBound) to \(range.upperBound)"
        case .month: "a number from 1 to 12, or `jan` to `dec`"
        case .dayOfWeek: "a number from 0 to 7, or `sun` to `sat`"
        }
    }

    /// The bits of what a field names: a list of values and ranges, each of which may have a step.
    func parse(_ text: String) throws(CronExpression.Fault) -> UInt64 {
        var result: UInt64 = 0
        for item in text.split(separator: ",", omittingEmptySubsequences: false) {
            let halves = item.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            let bounds = try bounds(of: halves[0], in: text)
            var step = 1
            if halves.count == 2 {
                guard let number = number(halves[1]), number > 0 else {
                    throw fault("a step of `\(halves[1])`", in: text, "it is a number above 0, such as `*/5`")
                }
                guard halves[0] == "*" || halves[0].contains("-") else {
                    throw fault(
                        "a step without a range", in: text,
                        "write `*/\(number)`, or `\(halves[0])-\(range.upperBound)/\(number)`")
                }
                step = number
            }
            for value in stride(from: bounds.lowerBound, through: bounds.upperBound, by: step) {
                result |= 1 << UInt64(value)
            }
        }
        return result
    }

    /// `*`, a value, or `FIRST-LAST`.
    private func bounds(of item: Substring, in text: String) throws(CronExpression.Fault) -> ClosedRange<Int> {
        if item == "*" { return self == .dayOfWeek ? 0...6 : range }
        let ends = item.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        let first = try value(ends[0], in: text)
        guard ends.count == 2 else { return first...first }
        var last = try value(ends[1], in: text)
        // `fri-sun`: a week may end with a Sunday, too.
        if self == .dayOfWeek, last == 0, first > 0 { last = 7 }
        guard first <= last else {
            throw fault(
                "a range that goes backwards", in: text,
                "write it as two: `\(ends[0])-\(range.upperBound),\(range.lowerBound)-\(ends[1])`")
        }
        return first...last
    }

    private func value(_ text: Substring, in field: String) throws(CronExpression.Fault) -> Int {
        let name = text.lowercased()
        if self == .month, let index = Self.months.firstIndex(of: name) { return index + 1 }
        if self == .dayOfWeek, let index = Self.weekdays.firstIndex(of: name) { return index }
        guard let number = number(text), range.contains(number) else {
            throw fault(text.isEmpty ? "an empty value" : "`\(text.prefix(20))`", in: field, "it is \(form)")
        }
        return number
    }

    private func number(_ text: Substring) -> Int? {
        text.utf8.allSatisfy { (0x30...0x39).contains($0) } && text.utf8.count <= 4 ? Int(text) : nil
    }

    private func fault(_ what: String, in text: String, _ remedy: String) -> CronExpression.Fault {
        CronExpression.Fault(message: "the \(rawValue) `\(text.prefix(40))` cannot hold \(what)", remedy: remedy)
    }
}
