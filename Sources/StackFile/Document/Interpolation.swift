import StackModel

/// A text with its variables put in, in template form (see `TemplateForm`), and what was wrong with it.
///
/// The syntax is Compose's: `$NAME`, `${NAME}`, `${NAME:-default}`, `${NAME-default}`, `${NAME:?message}`,
/// `${NAME?message}`, `${NAME:+instead}`, `${NAME+instead}`, `$$`; what follows the operator may itself have variables.
struct Interpolation {
    struct Fault {
        enum Kind {
            /// The text is not as it must be, or lacks a variable that it requires.
            case error
            /// A variable of this name is not set and has no default; the empty text took its place.
            case unset(String)
        }

        var kind: Kind
        /// Which `$` of the text it is about, from 0.
        var dollar: Int
        var message: String
        var remedy: String?

        var severity: Diagnostic.Severity {
            switch kind {
            case .error: .error
            case .unset: .warning
            }
        }
    }

    private(set) var text: String
    private(set) var faults: [Fault]

    /// - Parameters:
    ///   - lookup: a variable's value in template form; nil where it is not set.
    ///   - limit: the longest text that may come out, in bytes.
    init(_ text: String, limit: Int = Limits.interpolatedText, lookup: (String) -> String?) {
        self.text = text
        faults = []
        guard text.utf8.contains(0x24) else { return }
        withoutActuallyEscaping(lookup) { lookup in
            var expansion = Expansion(bytes: Array(text.utf8), limit: limit, lookup: lookup)
            let result = expansion.text(depth: 0, isLive: true)
            self.text = String(decoding: result, as: UTF8.self)
            faults = expansion.faults
        }
    }
}

private let dollarSign = UInt8(ascii: "$")
private let openingBrace = UInt8(ascii: "{")
private let closingBrace = UInt8(ascii: "}")

private struct Expansion {
    let bytes: [UInt8]
    let limit: Int
    let lookup: (String) -> String?
    var faults: [Interpolation.Fault] = []
    private var index = 0
    private var dollars = 0
    /// Each is told once, however often the text has it.
    private var unset: Set<String> = []

    init(bytes: [UInt8], limit: Int, lookup: @escaping (String) -> String?) {
        self.bytes = bytes
        self.limit = limit
        self.lookup = lookup
    }

    private var next: UInt8? { index < bytes.count ? bytes[index] : nil }

    /// No brace follows that could close the one before.
    private var isOpen: Bool { !bytes[index...].contains(closingBrace) }

    /// What follows, up to the end or, inside of braces, up to the one that closes them.
    ///
    /// - Parameter isLive: what it stands in is used, so that missing variables matter.
    mutating func text(depth: Int, isLive: Bool) -> [UInt8] {
        var result: [UInt8] = []
        while let byte = next, !(depth > 0 && byte == closingBrace) {
            if byte == dollarSign {
                result += reference(depth: depth, isLive: isLive)
            } else {
                result.append(byte)
                index += 1
            }
            if result.count > limit {
                fault(.error, at: dollars - 1, "the text gets longer than \(limit) bytes")
                index = bytes.count
            }
        }
        return result
    }

    private mutating func reference(depth: Int, isLive: Bool) -> [UInt8] {
        let dollar = dollars
        dollars += 1
        index += 1
        switch next {
        case dollarSign:
            dollars += 1
            index += 1
            return [dollarSign, dollarSign]
        case openingBrace:
            index += 1
            return braced(dollar: dollar, depth: depth, isLive: isLive)
        case .some(let byte) where Self.beginsName(byte):
            let name = word(where: Self.isInName)
            if let own = Self.ownReference(name) { return own }
            return value(of: name, dollar: dollar, isLive: isLive)
        default:
            fault(.error, at: dollar, "a single `$` begins a variable", remedy: "write `$$` for a dollar sign")
            return [dollarSign, dollarSign]
        }
    }

    private mutating func braced(dollar: Int, depth: Int, isLive: Bool) -> [UInt8] {
        guard depth < Limits.interpolationDepth else {
            fault(.error, at: dollar, "variables are nested more than \(Limits.interpolationDepth) levels deep")
            index = bytes.count
            return []
        }
        let name = next.map(Self.beginsName) == true ? word(where: Self.isInName) : ""
        guard !name.isEmpty else {
            fault(
                .error, at: dollar, "`${` is not followed by a variable's name",
                remedy: "write `$$` for a dollar sign")
            skipPastBrace()
            return []
        }
        if next == UInt8(ascii: ".") {
            return dotted(name + word(where: Self.isInDottedName), dollar: dollar)
        }
        if let own = Self.ownReference(name) { return ended(own, name: name, dollar: dollar) }
        if next == closingBrace {
            index += 1
            return value(of: name, dollar: dollar, isLive: isLive)
        }
        return operation(on: name, dollar: dollar, depth: depth, isLive: isLive)
    }

    /// `${NAME` is read; an operator follows.
    private mutating func operation(on name: String, dollar: Int, depth: Int, isLive: Bool) -> [UInt8] {
        let treatsEmptyAsUnset = next == UInt8(ascii: ":")
        if treatsEmptyAsUnset { index += 1 }
        guard let operation = next, [UInt8(ascii: "-"), UInt8(ascii: "?"), UInt8(ascii: "+")].contains(operation) else {
            fault(
                .error, at: dollar, isOpen ? "`${\(name)` is not closed" : "`${\(name)` is not followed by `}`",
                remedy: isOpen ? "add a `}`" : "what may follow is `:-`, `-`, `:?`, `?`, `:+` or `+`")
            skipPastBrace()
            return []
        }
        index += 1
        let set = lookup(name).flatMap { treatsEmptyAsUnset && $0.isEmpty ? nil : Array($0.utf8) }
        let usesWord = (operation == UInt8(ascii: "+")) == (set != nil)
        let word = text(depth: depth + 1, isLive: isLive && usesWord)
        guard next == closingBrace else {
            fault(.error, at: dollar, "`${\(name)` is not closed", remedy: "add a `}`")
            return []
        }
        index += 1
        switch operation {
        case UInt8(ascii: "+"):
            return set == nil ? [] : word
        case UInt8(ascii: "-"):
            return set ?? word
        default:
            if set == nil, isLive {
                let message = String(decoding: word, as: UTF8.self)
                fault(
                    .error, at: dollar,
                    "the variable `\(name)` is required" + (message.isEmpty ? "" : ": \(message)"),
                    remedy: "set it in the environment or in `.env`")
            }
            return set ?? []
        }
    }

    private mutating func value(of name: String, dollar: Int, isLive: Bool) -> [UInt8] {
        if let value = lookup(name) { return Array(value.utf8) }
        guard isLive, unset.insert(name).inserted else { return [] }
        let own = suggestion(for: name, among: ["state_dir", "run_dir"])
        fault(
            .unset(name), at: dollar, "the variable `\(name)` is not set; the empty text takes its place",
            remedy: own.map { "did you mean `${\($0)}`?" } ?? "set it, or give a default: `${\(name):-default}`")
        return []
    }

    /// `${replica.index` or the like is read: one of stackd's own references, which stays for the daemon to fill.
    private mutating func dotted(_ name: String, dollar: Int) -> [UInt8] {
        if let own = Self.ownReference(name) { return ended(own, name: name, dollar: dollar) }
        let known = ["replica.index", "service.name", "port.NAME", "listen.NAME.fd", "secret.NAME"]
        let remedy = suggestion(for: name, among: known).map { "did you mean `${\($0)}`?" }
        fault(
            .error, at: dollar, "`${\(name)}` is not known",
            remedy: remedy
                ?? "there are `${replica.index}`, `${service.name}`, `${port.NAME}`, `${listen.NAME.fd}` and "
                + "`${secret.NAME}`"
        )
        skipPastBrace()
        return []
    }

    private mutating func ended(_ own: [UInt8], name: String, dollar: Int) -> [UInt8] {
        guard next == closingBrace else {
            fault(
                .error, at: dollar, isOpen ? "`${\(name)` is not closed" : "`${\(name)}` takes no default",
                remedy: isOpen ? "add a `}`" : "write `${\(name)}` alone")
            skipPastBrace()
            return []
        }
        index += 1
        return own
    }

    /// The reference that the daemon will fill, where the name is one of stackd's own.
    private static func ownReference(_ name: String) -> [UInt8]? {
        Template.Part(reference: name).map { Array(Template(parts: [$0]).description.utf8) }
    }

    private mutating func word(where isPart: (UInt8) -> Bool) -> String {
        let start = index
        while let byte = next, isPart(byte) { index += 1 }
        return String(decoding: bytes[start..<index], as: UTF8.self)
    }

    /// Goes on behind a reference that is not understood, so that the rest of the text is still checked.
    private mutating func skipPastBrace() {
        while let byte = next {
            index += 1
            if byte == dollarSign { dollars += 1 }
            if byte == closingBrace { return }
        }
    }

    private mutating func fault(
        _ kind: Interpolation.Fault.Kind, at dollar: Int, _ message: String, remedy: String? = nil
    ) {
        faults.append(Interpolation.Fault(kind: kind, dollar: dollar, message: message, remedy: remedy))
    }

    private static func beginsName(_ byte: UInt8) -> Bool {
        (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == UInt8(ascii: "_")
    }

    private static func isInName(_ byte: UInt8) -> Bool {
        beginsName(byte) || (0x30...0x39).contains(byte)
    }

    private static func isInDottedName(_ byte: UInt8) -> Bool {
        isInName(byte) || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-")
    }
}
