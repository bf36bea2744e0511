import Glibc

/// Why a regular expression cannot be used.
struct RegularExpressionFault: Error {
    let message: String
    let remedy: String?
}

/// POSIX extended regular expressions (regcomp(3)), which probes match with.
enum RegularExpression {
    static let maximumLength = 1024

    /// Compiles a pattern and throws it away.
    static func check(_ pattern: String) throws(RegularExpressionFault) {
        guard pattern.utf8.count <= maximumLength else {
            throw RegularExpressionFault(message: "it is too long", remedy: "it has \(maximumLength) bytes at the most")
        }
        guard repetitions(of: pattern) <= maximumRepetitions else {
            throw RegularExpressionFault(
                message: "its repetitions are too many", remedy: "use `*` or `+`, or smaller numbers in `{}`")
        }
        var compiled = regex_t()
        let status = regcomp(&compiled, pattern, REG_EXTENDED | REG_NOSUB)
        guard status != 0 else {
            regfree(&compiled)
            return
        }
        throw RegularExpressionFault(message: text(of: status, compiled: &compiled), remedy: nil)
    }

    /// The C library copies what a `{n}` repeats, nested ones over and over, so that a short pattern can take all of
    /// the memory; the product of all the numbers is above what any nesting of them can make.
    private static let maximumRepetitions = 10_000

    private static func repetitions(of pattern: String) -> Int {
        var product = 1
        for group in pattern.utf8.split(separator: UInt8(ascii: "{")).dropFirst() {
            let numbers = group.prefix { $0 != UInt8(ascii: "}") }.split(separator: UInt8(ascii: ","))
            let largest = numbers.compactMap { Int(Substring($0)) }.max() ?? 1
            let (next, overflow) = product.multipliedReportingOverflow(by: max(1, largest))
            guard !overflow, next <= maximumRepetitions else { return .max }
            product = next
        }
        return product
    }

    private static func text(of status: Int32, compiled: inout regex_t) -> String {
        var bytes = [CChar](repeating: 0, count: 128)
        regerror(status, &compiled, &bytes, bytes.count)
        return String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
