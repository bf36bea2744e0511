/// The variables of a file in the syntax of Compose's `.env` and `env_file`, in their order.
///
/// `NAME=VALUE` or `NAME: VALUE`, also after `export`; `NAME` alone takes the value from outside. A value in single
/// quotes is literal; one in double quotes knows `\n`, `\r`, `\t`, `\\`, `\"` and `\$`; both may go over several lines.
/// Double-quoted and bare values have their variables put in. `#` begins a comment at a line's begin, after a quoted
/// value, and after a space behind a bare one.
struct EnvironmentFile {
    enum Format {
        case standard
        /// Compose's `format: raw`: everything after the `=` is the value, without quotes and variables.
        case raw
    }

    struct Variable {
        var name: String
        /// In template form.
        var value: String
        var location: SourceLocation
    }

    private(set) var variables: [Variable] = []

    private var diagnostics: DiagnosticList
    private let source: SourceText
    private let bytes: [UInt8]
    private var index = 0
    private var values: [String: String] = [:]
    private var expandedBytes = 0

    /// - Parameter lookup: the variables from outside, in template form; those of the file itself come before them.
    init(
        _ source: SourceText, format: Format = .standard, diagnostics: inout DiagnosticList,
        lookup: (String) -> String?
    ) {
        self.source = source
        self.diagnostics = diagnostics
        defer { diagnostics = self.diagnostics }
        bytes = source.bytes
        while index < bytes.count, expandedBytes <= Limits.interpolatedText {
            switch format {
            case .standard: readStatement(lookup)
            case .raw: readRawLine()
            }
        }
    }

    private var next: UInt8? { index < bytes.count ? bytes[index] : nil }

    private mutating func add(_ name: String, _ value: String, at offset: Int) {
        values[name] = value
        variables.append(Variable(name: name, value: value, location: source.location(atOffset: offset)))
    }

    private mutating func readStatement(_ lookup: (String) -> String?) {
        skipBlanks()
        switch next {
        case nil:
            return
        case UInt8(ascii: "\n"):
            index += 1
            return
        case UInt8(ascii: "#"):
            skipLine()
            return
        default:
            break
        }
        skipExport()
        let start = index
        guard let name = readName() else { return }
        skipBlanks()
        switch next {
        case UInt8(ascii: "="), UInt8(ascii: ":"):
            index += 1
            skipBlanks()
            if let value = readValue(lookup) { add(name, value, at: start) }
        case nil, UInt8(ascii: "\n"):
            if let value = lookup(name) { add(name, value, at: start) }
        default:
            reject(at: index, "`=` is expected after the name `\(name)`", remedy: "write `\(name)=VALUE`")
        }
    }

    private mutating func skipExport() {
        let word = Array("export".utf8)
        guard bytes[index...].starts(with: word), index + word.count < bytes.count,
            Self.isBlank(bytes[index + word.count])
        else { return }
        index += word.count
        skipBlanks()
    }

    private mutating func readName() -> String? {
        let start = index
        while let byte = next, Self.isInName(byte) { index += 1 }
        guard index > start else {
            reject(at: start, "a variable's name cannot begin like this", remedy: "write `NAME=VALUE`")
            return nil
        }
        return String(decoding: bytes[start..<index], as: UTF8.self)
    }

    private mutating func readValue(_ lookup: (String) -> String?) -> String? {
        switch next {
        case UInt8(ascii: "'"):
            return readQuoted(UInt8(ascii: "'")).map { TemplateForm.escaped($0.text) }
        case UInt8(ascii: "\""):
            return readQuoted(UInt8(ascii: "\"")).map { expand($0.text, from: $0.start, lookup) }
        default:
            let start = index
            skipLine()
            let line = bytes[start..<index]
            // A comment needs a space before it, so that an anchor in a URL is none.
            let comment = line.indices.first { line[$0] == 0x23 && ($0 == start || Self.isBlank(line[$0 - 1])) }
            let value = line[..<(comment ?? line.endIndex)]
            let end = value.lastIndex { !Self.isBlank($0) && $0 != 0x0A }.map { $0 + 1 } ?? start
            return expand(String(decoding: bytes[start..<end], as: UTF8.self), from: start, lookup)
        }
    }

    /// A value between quotes, with what is escaped in it as interpolation expects it.
    private mutating func readQuoted(_ quote: UInt8) -> (text: String, start: Int)? {
        let opening = index
        var value: [UInt8] = []
        index += 1
        while let byte = next, byte != quote {
            index += 1
            guard byte == UInt8(ascii: "\\"), let escaped = next else {
                value.append(byte)
                continue
            }
            if let bytes = Self.unescaped(escaped, in: quote) {
                value += bytes
                index += 1
            } else {
                value.append(byte)
            }
        }
        guard next == quote else {
            reject(at: opening, "the quote that opens here is not closed")
            index = bytes.count
            return nil
        }
        index += 1
        skipBlanks()
        if let byte = next, byte != UInt8(ascii: "\n"), byte != UInt8(ascii: "#") {
            reject(
                at: index, "text follows the closing quote", remedy: "put it inside of the quotes, or a `#` before it")
            return nil
        }
        skipLine()
        return (String(decoding: value, as: UTF8.self), opening)
    }

    /// What a backslash and a character stand for; nil where they stand for themselves.
    private static func unescaped(_ byte: UInt8, in quote: UInt8) -> [UInt8]? {
        if byte == quote { return [byte] }
        guard quote == UInt8(ascii: "\"") else { return nil }
        switch byte {
        case UInt8(ascii: "n"): return [0x0A]
        case UInt8(ascii: "r"): return [0x0D]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "\\"): return [byte]
        case UInt8(ascii: "$"): return [byte, byte]
        default: return nil
        }
    }

    private mutating func expand(_ text: String, from start: Int, _ lookup: (String) -> String?) -> String {
        let earlier = values
        let interpolation = Interpolation(text) { earlier[$0] ?? lookup($0) }
        expandedBytes += interpolation.text.utf8.count
        diagnostics.append(interpolation.faults, in: source, from: source.location(atOffset: start))
        return interpolation.text
    }

    private mutating func readRawLine() {
        let start = index
        skipLine()
        var line = bytes[start..<index]
        while let last = line.last, last == 0x0A || last == 0x0D { line = line.dropLast() }
        guard let equals = line.firstIndex(of: UInt8(ascii: "=")), line.first != UInt8(ascii: "#") else { return }
        let name = String(decoding: line[..<equals], as: UTF8.self)
        add(name, TemplateForm.escaped(String(decoding: line[(equals + 1)...], as: UTF8.self)), at: start)
    }

    /// Notes a fault and goes on with the next line.
    private mutating func reject(at offset: Int, _ message: String, remedy: String? = nil) {
        diagnostics.error(at: source.location(atOffset: offset), message, remedy: remedy)
        skipLine()
    }

    private mutating func skipBlanks() {
        while let byte = next, Self.isBlank(byte) { index += 1 }
    }

    private mutating func skipLine() {
        while let byte = next {
            index += 1
            if byte == UInt8(ascii: "\n") { return }
        }
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D }

    private static func isInName(_ byte: UInt8) -> Bool {
        (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte)
            || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-")
    }
}
