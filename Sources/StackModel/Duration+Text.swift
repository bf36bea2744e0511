/// Durations as the stack file and the command line write them: `500ms`, `10s`, `1m30s`, `2h`, `1d`.
extension Duration {
    private static let units: [(name: String, nanoseconds: Int64)] = [
        ("ns", 1), ("us", 1_000), ("µs", 1_000), ("ms", 1_000_000), ("s", 1_000_000_000),
        ("m", 60_000_000_000), ("h", 3_600_000_000_000), ("d", 86_400_000_000_000),
    ]

    /// The sum of the parts, each a decimal number and a unit (ns, us, µs, ms, s, m, h, d); `0` needs no unit.
    /// Nil where the text is no such sum or the sum is beyond 292 years.
    public init?(text: some StringProtocol) {
        if text == "0" {
            self = .zero
            return
        }
        var rest = text[...]
        var total: Int64 = 0
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let number = rest.prefix { $0.isASCII && $0.isNumber || $0 == "." }
            rest = rest.dropFirst(number.count)
            let name = rest.prefix { !($0.isASCII && $0.isNumber || $0 == ".") }
            rest = rest.dropFirst(name.count)
            guard let unit = Self.units.first(where: { $0.name == name }),
                let part = Self.scaled(number, by: unit.nanoseconds)
            else { return nil }
            let (sum, overflow) = total.addingReportingOverflow(part)
            guard !overflow else { return nil }
            total = sum
        }
        self = .nanoseconds(total)
    }

    /// A decimal number times a unit, in whole nanoseconds; nil where it is no number or does not fit.
    private static func scaled(_ number: some StringProtocol, by unit: Int64) -> Int64? {
        let halves = number.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = Int64(halves[0]) else { return nil }
        let (product, overflow) = whole.multipliedReportingOverflow(by: unit)
        guard !overflow else { return nil }
        guard halves.count == 2 else { return product }
        guard halves[1].count <= 9, let digits = Int64(halves[1]) else { return nil }
        var divisor: Int64 = 1
        for _ in 0..<halves[1].count { divisor *= 10 }
        let fraction = (Double(digits) / Double(divisor) * Double(unit)).rounded()
        let (sum, carried) = product.addingReportingOverflow(Int64(fraction))
        return carried ? nil : sum
    }

    /// The duration in whole nanoseconds, held to what 64 bits take.
    public var wholeNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        guard !overflow else { return seconds < 0 ? .min : .max }
        let (sum, carried) = product.addingReportingOverflow(attoseconds / 1_000_000_000)
        return carried ? (seconds < 0 ? .min : .max) : sum
    }

    /// As the stack file writes it, exact to the nanosecond: `1m30s`, `250ms`, `0s`.
    public var text: String {
        var rest = wholeNanoseconds
        guard rest != 0 else { return "0s" }
        var result = rest < 0 ? "-" : ""
        for (name, unit) in Self.units.reversed() where name != "µs" {
            let count = rest / unit
            guard count != 0 else { continue }
            result += "\(count.magnitude)\(name)"
            rest -= count * unit
        }
        return result
    }

    /// To two or three figures, for people: `1.25s`, `340ms`, `4m10s`.
    public var approximateText: String {
        let nanoseconds = wholeNanoseconds.magnitude
        let sign = wholeNanoseconds < 0 ? "-" : ""
        switch nanoseconds {
        case ..<1_000: return "\(sign)\(nanoseconds)ns"
        case ..<1_000_000: return "\(sign)\(nanoseconds / 1_000)us"
        case ..<1_000_000_000: return "\(sign)\(nanoseconds / 1_000_000)ms"
        case ..<10_000_000_000:
            let hundredths = nanoseconds / 10_000_000
            let fraction = hundredths % 100
            return "\(sign)\(hundredths / 100)"
                + (fraction == 0 ? "" : fraction < 10 ? ".0\(fraction)" : ".\(fraction)") + "s"
        default:
            return Duration.seconds(wholeNanoseconds / 1_000_000_000).text
        }
    }
}
