/// A number of bytes, written `512M`, `2G`, `2GB`, `1GiB` or `1048576`; every unit is a power of 1024, as in Compose.
public struct ByteCount: Hashable, Comparable, Sendable, CustomStringConvertible {
    public var bytes: Int64

    public init(_ bytes: Int64) {
        self.bytes = bytes
    }

    private static let prefixes: [(letter: Character, shift: Int64)] = [("k", 10), ("m", 20), ("g", 30), ("t", 40)]

    /// Nil where the text is no size, is negative, or is beyond 63 bits.
    public init?(text: some StringProtocol) {
        let lower = text.lowercased()
        let digits = lower.prefix { $0.isASCII && $0.isNumber }
        guard let number = Int64(digits) else { return nil }
        let unit = lower.dropFirst(digits.count)
        switch unit {
        case "", "b":
            bytes = number
        default:
            guard let letter = unit.first, let prefix = Self.prefixes.first(where: { $0.letter == letter }),
                ["", "b", "ib"].contains(String(unit.dropFirst()))
            else { return nil }
            let (product, overflow) = number.multipliedReportingOverflow(by: 1 << prefix.shift)
            guard !overflow else { return nil }
            bytes = product
        }
    }

    /// With the largest unit that divides it: `4G`, `1536M`.
    public var description: String {
        for (letter, shift) in Self.prefixes.reversed() where bytes != 0 && bytes % (1 << shift) == 0 {
            return "\(bytes >> shift)\(letter.uppercased())"
        }
        return String(bytes)
    }

    /// To two or three figures, for people: `512MiB`, `1.5GiB`, `800B`.
    public var approximateText: String {
        guard let (letter, shift) = Self.prefixes.last(where: { bytes.magnitude >> $0.shift > 0 }) else {
            return "\(bytes)B"
        }
        let unit = "\(letter.uppercased())iB"
        let tenths = (bytes.magnitude >> (shift - 10)) * 10 / 1024
        let number = tenths < 100 && tenths % 10 > 0 ? "\(tenths / 10).\(tenths % 10)" : "\(tenths / 10)"
        return (bytes < 0 ? "-" : "") + number + unit
    }

    public static func < (left: ByteCount, right: ByteCount) -> Bool { left.bytes < right.bytes }
}

/// A share of processors in thousandths of one: `0.5` is 500, `2` is 2000.
public struct Millicores: Hashable, Comparable, Sendable {
    public var thousandths: Int

    public init(_ thousandths: Int) {
        self.thousandths = thousandths
    }

    public static func < (left: Millicores, right: Millicores) -> Bool { left.thousandths < right.thousandths }
}

/// Decimal numbers with at most three digits after the point, in whole thousandths.
public enum Thousandths {
    /// `1.4`, `43`, `0.005`.
    public static func text(_ thousandths: Int) -> String {
        let (whole, rest) = thousandths.magnitude.quotientAndRemainder(dividingBy: 1000)
        let sign = thousandths < 0 ? "-" : ""
        guard rest > 0 else { return "\(sign)\(whole)" }
        var digits = String(1000 + rest).dropFirst()
        while digits.last == "0" { digits.removeLast() }
        return "\(sign)\(whole).\(digits)"
    }
}
