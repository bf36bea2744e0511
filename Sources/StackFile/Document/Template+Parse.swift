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
            let name = reference.dropFirst(5)
            guard reference.hasPrefix("port."), !name.isEmpty, !name.contains(".") else { return nil }
            self = .port(String(name))
        }
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
            if case .text(let text) = part {
                result += text
            } else {
                diagnostics.error(
                    at: location, "`\(Template(parts: [part]))` cannot stand in \(use)",
                    remedy: "it has a value only for each replica, when stackd starts it")
            }
        }
    }
}
