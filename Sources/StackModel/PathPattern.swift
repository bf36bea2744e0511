/// A pattern of a .dockerignore file.
///
/// `*` is any text without a slash, `?` any character but one, `[a-z]` and `[^a]` one of or none of these, `\` takes the
/// meaning away, and `**` is any number of directories. What a pattern matches it matches with all that is below. A `!`
/// in front makes an exception to the patterns before.
public struct PathPattern: Hashable, Sendable {
    /// Why a text is no pattern.
    public struct Fault: Error, Hashable, Sendable {
        /// What is wrong, after the pattern.
        public var message: String
        /// What would be right.
        public var remedy: String
    }

    private enum Part: Hashable, Sendable {
        /// `**`
        case anyDirectories
        /// The name of a file or a directory.
        case name([Token])
    }

    fileprivate enum Token: Hashable, Sendable {
        case character(Character)
        case anyCharacter
        case anyText
        case oneOf([ClosedRange<Character>], isNegated: Bool)
    }

    /// As it was written.
    public let text: String
    let isException: Bool
    private let parts: [Part]

    public static let maximumLength = 1024

    public init(_ text: String) throws(Fault) {
        self.text = text
        isException = text.hasPrefix("!")
        guard text.utf8.count <= Self.maximumLength else {
            throw Fault(message: "is too long", remedy: "it has \(Self.maximumLength) bytes at the most")
        }
        var parts: [Part] = []
        for name in text.dropFirst(isException ? 1 : 0).split(separator: "/") where name != "." {
            guard name != ".." else {
                throw Fault(message: "leaves the watched path", remedy: "it is relative to `path`: leave `..` out")
            }
            if name == "**" {
                // Two of them say what one says.
                if parts.last != .anyDirectories { parts.append(.anyDirectories) }
            } else {
                parts.append(.name(try Self.tokens(of: name)))
            }
        }
        guard !parts.isEmpty else {
            throw Fault(message: "names nothing", remedy: "name files or directories, such as `*.log` or `**/cache`")
        }
        self.parts = parts
    }

    /// Whether the path, or a directory that it is in, is one that the pattern describes.
    ///
    /// - Parameter path: its names, relative to where the pattern is.
    func matches(_ path: [Substring]) -> Bool {
        // The prefixes of the path, by their lengths, that the parts so far match.
        var lengths: Set<Int> = [0]
        for part in parts {
            switch part {
            case .anyDirectories:
                lengths = Set((lengths.min() ?? path.count)...path.count)
            case .name(let tokens):
                lengths = Set(
                    lengths.filter { $0 < path.count && Self.matches(path[$0], tokens[...]) }.map { $0 + 1 })
            }
            if lengths.isEmpty { return false }
        }
        return lengths.contains { $0 > 0 }
    }

    /// Greedy, going back to the last `*` alone: what an earlier one could take instead, the last one can take as well.
    private static func matches(_ name: Substring, _ tokens: ArraySlice<Token>) -> Bool {
        var (name, tokens) = (name, tokens)
        var retry: (name: Substring, tokens: ArraySlice<Token>)?
        while true {
            if case .anyText? = tokens.first {
                tokens = tokens.dropFirst()
                retry = (name, tokens)
            } else if let token = tokens.first, let character = name.first, token.accepts(character) {
                (name, tokens) = (name.dropFirst(), tokens.dropFirst())
            } else if tokens.isEmpty && name.isEmpty {
                return true
            } else {
                guard let last = retry, !last.name.isEmpty else { return false }
                retry = (last.name.dropFirst(), last.tokens)
                (name, tokens) = (last.name.dropFirst(), last.tokens)
            }
        }
    }
}

extension PathPattern {
    private static func tokens(of name: Substring) throws(Fault) -> [Token] {
        var rest = name
        var result: [Token] = []
        while let character = rest.popFirst() {
            switch character {
            case "*":
                if result.last != .anyText { result.append(.anyText) }
            case "?": result.append(.anyCharacter)
            case "[": result.append(try set(&rest))
            default: result.append(.character(try literal(character, &rest)))
            }
        }
        return result
    }

    /// A character, or the one after a `\`.
    private static func literal(_ character: Character, _ rest: inout Substring) throws(Fault) -> Character {
        guard character == "\\" else { return character }
        guard let next = rest.popFirst() else {
            throw Fault(message: "ends with a `\\`", remedy: "write `\\\\` for one of them")
        }
        return next
    }

    private static func set(_ rest: inout Substring) throws(Fault) -> Token {
        let isNegated = rest.first == "^"
        if isNegated { rest = rest.dropFirst() }
        var ranges: [ClosedRange<Character>] = []
        while let next = rest.popFirst() {
            if next == "]", !ranges.isEmpty { return .oneOf(ranges, isNegated: isNegated) }
            let first = try literal(next, &rest)
            var last = first
            if rest.first == "-", rest.dropFirst().first != "]" {
                rest = rest.dropFirst()
                guard let next = rest.popFirst() else { break }
                last = try literal(next, &rest)
            }
            guard first <= last else {
                throw Fault(message: "has a range that goes backwards", remedy: "write `[\(last)-\(first)]`")
            }
            ranges.append(first...last)
        }
        throw Fault(message: "has a `[` that is not closed", remedy: "add a `]`, or write `\\[` for a bracket")
    }
}

extension PathPattern.Token {
    fileprivate func accepts(_ character: Character) -> Bool {
        switch self {
        case .character(let own): own == character
        case .anyCharacter: true
        case .anyText: false
        case .oneOf(let ranges, let isNegated): ranges.contains { $0.contains(character) } != isNegated
        }
    }
}

extension [PathPattern] {
    /// Whether the last pattern that says anything of a path is no exception.
    func matches(_ path: [Substring]) -> Bool {
        last { $0.matches(path) }.map { !$0.isException } ?? false
    }

    /// Whether a directory is matched with everything that ever is below it.
    func matchesAll(below directory: [Substring]) -> Bool {
        matches(directory) && !contains(where: \.isException)
    }
}
