import StackModel

extension Definition {
    /// A scalar without references that only the daemon could fill, made into a value; nil from the parser is reported
    /// as a mismatch.
    static func scalar(
        _ form: String, schema: JSONValue, parse: @escaping @Sendable (_ text: String, _ isQuoted: Bool) -> Value?
    ) -> Definition {
        Definition(form: form, schema: schema.orVariable) { node, key, report in
            guard case .scalar(let raw, let isQuoted) = node.content else {
                return report.mismatch(node, of: key, form: form)
            }
            guard let text = report.plainText(raw, at: node.location, key: key) else { return nil }
            guard !text.utf8.contains(0), let value = parse(text, isQuoted) else {
                return report.mismatch(node, of: key, form: form)
            }
            return value
        }
    }
}

extension JSONValue {
    /// What a text with a variable in it may turn out to be is not for a schema to say.
    fileprivate var orVariable: JSONValue {
        if self["pattern"] == nil, self["enum"] == nil, case .array(let types)? = self["type"], types.contains("string")
        {
            return self
        }
        return ["anyOf": [self, ["$ref": "#/$defs/variable"]]]
    }
}

extension Report {
    /// The text of a scalar; nil, and a fault, where it refers to what only the daemon knows.
    mutating func plainText(_ raw: String, at location: SourceLocation, key: String) -> String? {
        let text = Template.plainText(of: raw, at: location, as: "`\(key)`", into: &diagnostics)
        return Template.parse(raw).isPlain ? text : nil
    }
}

extension Template {
    fileprivate var isPlain: Bool {
        parts.allSatisfy { part in
            guard case .text = part else { return false }
            return true
        }
    }
}

extension Definition where Value == String {
    /// A text without references that only the daemon could fill; it is not empty.
    static func text(_ form: String) -> Definition {
        scalar(form, schema: ["type": ["string", "number"], "minLength": 1]) { text, _ in
            text.isEmpty ? nil : text
        }
    }

    /// A regular expression in POSIX extended syntax.
    static let regularExpression: Definition = Definition.text("a POSIX extended regular expression").refine {
        pattern, node, report in
        do throws(RegularExpressionFault) {
            try RegularExpression.check(pattern)
            return pattern
        } catch {
            report.error(
                at: node.location, "the regular expression cannot be used: \(error.message)", remedy: error.remedy)
            return nil
        }
    }
}

extension Definition where Value == Template {
    /// A text in which the daemon fills `${replica.index}` and its like.
    static func template(_ form: String, allowsEmpty: Bool = false) -> Definition {
        let schema: JSONValue =
            allowsEmpty
            ? ["type": ["string", "number", "boolean"]]
            : ["type": ["string", "number", "boolean"], "minLength": 1]
        return Definition(form: form, schema: schema) { node, key, report in
            guard case .scalar(let raw, _) = node.content, allowsEmpty || !raw.isEmpty else {
                return report.mismatch(node, of: key, form: form)
            }
            return report.template(raw, at: node)
        }
    }
}

extension Report {
    /// The template of a text, with the secrets' paths put in and its references noted; nil, and a fault, where no
    /// program could get it.
    mutating func template(_ raw: String, at node: Node) -> Template? {
        guard !raw.utf8.contains(0) else {
            error(at: node.location, "a NUL character cannot be handed to a program", remedy: "leave `\\0` out")
            return nil
        }
        let template = Template.parse(raw)
        for part in template.parts {
            switch part {
            case .port(let name): note(.portTemplate, name, at: node.location)
            case .secret(let name): note(.secretTemplate, name, at: node.location)
            case .listenerDescriptor(let name) where isOfInstances: note(.listenerTemplate, name, at: node.location)
            case .listenerDescriptor:
                error(
                    at: node.location, "`\(Template(parts: [part]))` has no meaning here: no socket is inherited",
                    remedy: "it is for `command`, `entrypoint` and `environment`")
                return nil
            case .text, .stateDirectory, .runDirectory, .serviceName, .replicaIndex: break
            }
        }
        return secrets.fill(template)
    }
}

extension Definition where Value == Bool {
    static let boolean: Definition = Definition.scalar(
        "`true` or `false`", schema: ["type": "boolean"]
    ) { text, _ in
        switch text.lowercased() {
        case "true", "yes", "on": true
        case "false", "no", "off": false
        default: nil
        }
    }
}

extension Definition where Value == Int {
    static func integer(_ range: ClosedRange<Int>, _ form: String? = nil) -> Definition {
        let words = form ?? "a whole number from \(range.lowerBound) to \(range.upperBound)"
        let number: JSONValue = [
            "type": "integer", "minimum": .number(String(range.lowerBound)),
            "maximum": .number(String(range.upperBound)),
        ]
        // As in Compose, a number may be in quotes.
        let schema: JSONValue = ["anyOf": [number, ["type": "string", "pattern": "^-?[0-9]+$"]]]
        return scalar(words, schema: schema) { text, _ in
            Int(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    /// A decimal number in thousandths.
    static func thousandths(_ range: ClosedRange<Int>, _ form: String) -> Definition {
        scalar(form, schema: ["type": ["number", "string"]]) { text, _ in
            Thousandths.parse(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }
}

extension Thousandths {
    /// Nil where the text is no such number, or is negative.
    static func parse(_ text: String) -> Int? {
        let halves = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = halves.first, !first.isEmpty, first.utf8.count <= 12, isDigits(first), let whole = Int(first)
        else { return nil }
        guard halves.count == 2 else { return whole * 1000 }
        guard (1...3).contains(halves[1].utf8.count), isDigits(halves[1]) else { return nil }
        let padded = halves[1] + String(repeating: "0", count: 3 - halves[1].utf8.count)
        return Int(padded).map { whole * 1000 + $0 }
    }

    private static func isDigits(_ text: Substring) -> Bool {
        text.utf8.allSatisfy { (0x30...0x39).contains($0) }
    }
}

extension Definition where Value == Duration {
    /// A duration longer than nothing.
    static let positiveDuration = duration(
        "a duration longer than 0, such as `10s`, `500ms` or `1m30s`"
    ) { $0 > .zero }

    /// A duration, or `0s`.
    static let duration = duration("a duration such as `10s`, `500ms` or `1m30s`") { $0 >= .zero }

    static func duration(_ form: String, accepts: @escaping @Sendable (Duration) -> Bool) -> Definition {
        scalar(form, schema: durationSchema) { text, _ in
            Duration(text: text).flatMap { accepts($0) ? $0 : nil }
        }.shared(as: "duration")
    }

    static var durationSchema: JSONValue {
        [
            "anyOf": [
                ["type": "string", "pattern": #"^(0|([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h|d))+)$"#], ["enum": [0]],
            ]
        ]
    }
}

/// How long something may take: so long, or without limit.
enum TimeLimit: Hashable, Sendable {
    case after(Duration)
    case never

    var duration: Duration? {
        switch self {
        case .after(let duration): duration
        case .never: nil
        }
    }
}

extension Definition where Value == TimeLimit {
    /// As systemd's TimeoutStartSec: `0` and `infinity` are without limit.
    static let timeLimit: Definition = Definition.scalar(
        "a duration such as `90s`, or `infinity`",
        schema: ["anyOf": [Definition<Duration>.duration.schema, ["enum": ["infinity"]]]]
    ) { text, _ in
        if text == "infinity" { return .never }
        guard let duration = Duration(text: text) else { return nil }
        return duration == .zero ? .never : .after(duration)
    }
}

extension Definition where Value == ByteCount {
    /// A size of at least so many bytes.
    static func size(atLeast minimum: Int64 = 1) -> Definition {
        let form = "a size such as `512M`, `2G` or `1GiB`" + (minimum > 1 ? ", `\(ByteCount(minimum))` at least" : "")
        return scalar(
            form, schema: ["type": ["string", "integer"], "pattern": "^[0-9]+([kKmMgGtT]?([iI]?[bB])?)$"]
        ) {
            text, _ in ByteCount(text: text).flatMap { $0.bytes >= minimum ? $0 : nil }
        }
    }
}

extension Definition where Value == Signal {
    static let signal: Definition = Definition.scalar(
        "a signal such as `SIGTERM`, `SIGRTMIN+3` or 1 to 64", schema: ["type": ["string", "integer"]]
    ) { text, _ in Signal(text: text) }
}

extension Definition {
    /// One of a few words.
    static func choice(_ words: KeyValuePairs<String, Value>) -> Definition {
        let names = words.map(\.key)
        let form =
            names.count == 1
            ? "`\(names[0])`"
            : names.dropLast().map { "`\($0)`" }.joined(separator: ", ") + " or `\(names[names.count - 1])`"
        let schema: JSONValue = ["type": "string", "enum": .array(names.map { .string($0) })]
        return Definition(form: form, schema: schema.orVariable) { node, key, report in
            guard case .scalar(let text, _) = node.content else { return report.mismatch(node, of: key, form: form) }
            if let found = words.first(where: { $0.key == text }) { return found.value }
            if let near = suggestion(for: text, among: names) {
                report.error(
                    at: node.location, "`\(key)` cannot be `\(text.shortened)`", remedy: "did you mean `\(near)`?")
                return nil
            }
            return report.mismatch(node, of: key, form: form)
        }
    }
}
