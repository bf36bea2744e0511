import StackModel

extension Template.Part {
    /// One of stackd's own references by what stands between its braces; nil where there is none of that name.
    init?(reference: String) {
        switch reference {
        case "state_dir": self = .stateDirectory
        case "run_dir": self = .runDirectory
        case "service.name": self = .serviceName
        case "replica.index": self = .replicaIndex
        default:
            if let name = Self.name(in: reference, after: "port."), !name.contains(".") {
                self = .port(name)
            } else if let name = Self.name(in: reference, after: "listen.", before: ".fd"), !name.contains(".") {
                self = .listenerDescriptor(name)
            } else if let name = Self.name(in: reference, after: "secret.") {
                self = .secret(name)
            } else {
                return nil
            }
        }
    }

    private static func name(in reference: String, after prefix: String, before suffix: String = "") -> String? {
        guard reference.hasPrefix(prefix), reference.dropFirst(prefix.count).hasSuffix(suffix) else { return nil }
        let name = reference.dropFirst(prefix.count).dropLast(suffix.count)
        return name.isEmpty ? nil : String(name)
    }
}

extension Template {
    /// The template that a scalar of a `Document` stands for; total, since the document layer checked the references.
    static func parse(_ scalar: String) -> Template {
        guard scalar.utf8.contains(0x24) else { return Template(scalar) }
        var parts: [Part] = []
        var text = ""
        func endText() {
            if !text.isEmpty { parts.append(.text(text)) }
            text = ""
        }
        var rest = Substring(scalar)
        while let dollar = rest.firstIndex(of: "$") {
            text += rest[..<dollar]
            rest = rest[rest.index(after: dollar)...]
            if rest.hasPrefix("$") {
                text += "$"
                rest = rest.dropFirst()
            } else if rest.hasPrefix("{"), let end = rest.firstIndex(of: "}"),
                let part = Part(reference: String(rest[..<end].dropFirst()))
            {
                endText()
                parts.append(part)
                rest = rest[rest.index(after: end)...]
            } else {
                text += "$"
            }
        }
        text += rest
        endText()
        return Template(parts: parts)
    }

    /// The text of a scalar where no reference makes sense, as in a duration; an error for each that stands there.
    ///
    /// - Parameter use: what the text is, for the message: `a duration`.
    static func plainText(
        of scalar: String, at location: SourceLocation, as use: String, into diagnostics: inout DiagnosticList
    ) -> String {
        parse(scalar).parts.reduce(into: "") { result, part in
            switch part {
            case .text(let text): result += text
            case .secret:
                diagnostics.error(
                    at: location, "`\(Template(parts: [part]))` cannot stand in \(use)",
                    remedy: "it is a path for commands and the environment")
            case .stateDirectory, .runDirectory, .serviceName, .replicaIndex, .port, .listenerDescriptor:
                diagnostics.error(
                    at: location, "`\(Template(parts: [part]))` cannot stand in \(use)",
                    remedy: "it has a value only for each replica, when stackd starts it")
            }
        }
    }
}
