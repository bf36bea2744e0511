import Glibc

/// A regular expression that a client looks for in lines: POSIX's extended ones (regex(7)), of those that cost little.
///
/// Whoever may read must not be able to keep the daemon busy or to fill its memory. The C library writes repetitions
/// out, those of `+` too, and takes exponential time for back references.
struct LineExpression {
    /// How many parts one may have once its repetitions are written out.
    static let limit = 1_000

    /// A part that can be repeated, or a row of them in parentheses.
    private struct Row {
        /// Of all parts but the last.
        var before = 0
        var last = 0

        /// With what may be repeated next.
        mutating func append(_ cost: Int) {
            before = min(before + last, LineExpression.limit + 1)
            last = cost
        }

        /// Each is small enough that the product is a number.
        mutating func repeatLast(_ times: Int) {
            last = min(last * min(max(times, 1), LineExpression.limit + 1), LineExpression.limit + 1)
        }

        var cost: Int { max(1, min(before + last, LineExpression.limit + 1)) }
    }

    private var bytes: Substring.UTF8View
    private var rows = [Row()]

    /// Whether the text is one, and a small one.
    static func accepts(_ text: String) -> Bool {
        guard text.utf8.count <= limit, !text.utf8.contains(0) else { return false }
        var expression = LineExpression(bytes: text[...].utf8)
        guard let cost = expression.cost(), cost <= limit else { return false }
        var compiled = regex_t()
        guard regcomp(&compiled, text, REG_EXTENDED | REG_NOSUB) == 0 else { return false }
        regfree(&compiled)
        return true
    }

    private init(bytes: Substring.UTF8View) {
        self.bytes = bytes
    }

    /// How many parts it has when it is written out; nil where there is a back reference, or it ends too early.
    private mutating func cost() -> Int? {
        while let byte = bytes.popFirst() {
            switch byte {
            case UInt8(ascii: "\\"):
                guard let escaped = bytes.popFirst(), !Self.isDigit(escaped) else { return nil }
                append(1)
            case UInt8(ascii: "["):
                skipBrackets()
                append(1)
            case UInt8(ascii: "("): rows.append(Row())
            // One too many stands for itself.
            case UInt8(ascii: ")"): append(rows.count > 1 ? rows.removeLast().cost : 1)
            case UInt8(ascii: "*"), UInt8(ascii: "?"): break
            case UInt8(ascii: "+"): repeatLast(2)
            case UInt8(ascii: "{"): repeatLast(bound())
            default: append(1)
            }
        }
        return rows.count == 1 ? rows[0].cost : nil
    }

    private mutating func append(_ cost: Int) { rows[rows.count - 1].append(cost) }

    private mutating func repeatLast(_ times: Int) { rows[rows.count - 1].repeatLast(times) }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    /// The larger number of `{m,n}`, and one more where it is open above. It is only looked at: where it is no bound
    /// after all, its bytes are parts.
    private func bound() -> Int {
        let text = String(decoding: bytes.prefix { $0 != UInt8(ascii: "}") }, as: UTF8.self)
        let numbers = text.split(separator: ",").map { Int($0) ?? Self.limit + 1 }
        let largest = min(numbers.max() ?? 1, Self.limit + 1)
        return text.hasSuffix(",") ? largest + 1 : largest
    }

    /// A `]` at the very beginning is one of the characters, and so are those in `[:…:]`, `[.….]` and `[=…=]`.
    private mutating func skipBrackets() {
        if bytes.first == UInt8(ascii: "^") { bytes.removeFirst() }
        if bytes.first == UInt8(ascii: "]") { bytes.removeFirst() }
        while let byte = bytes.popFirst(), byte != UInt8(ascii: "]") {
            guard byte == UInt8(ascii: "["), let kind = bytes.first, ":.=".utf8.contains(kind) else { continue }
            bytes.removeFirst()
            while let inner = bytes.popFirst(), !(inner == kind && bytes.first == UInt8(ascii: "]")) {}
            _ = bytes.popFirst()
        }
    }
}
