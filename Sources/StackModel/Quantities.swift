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
