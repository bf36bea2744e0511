/// How one run of a probe ended.
public enum ProbeResult: Hashable, Sendable {
    case passed
    /// With what was seen instead, such as `connection refused` or `HTTP status 503, wanted 200-399`.
    case failed(String)
}

/// What was seen instead of what a probe asks for, in words that end up in the record of the instance.
struct ProbeFailure: Error, Hashable {
    var words: String

    init(_ words: String) {
        self.words = words
    }
}

/// The first line of what a program wrote, made fit for one line of a record.
///
/// Whatever is there was written by a program that is perhaps broken or hostile: it is cut, and what would steer a
/// terminal is replaced.
func excerpt(of bytes: some Sequence<UInt8>, limit: Int = 120) -> String {
    let line = Array(
        bytes.drop { $0 == 0x0A || $0 == 0x0D || $0 == 0x20 }.prefix { $0 != 0x0A && $0 != 0x0D }.prefix(4 * limit))
    let text = String(decoding: line, as: UTF8.self)
    var result = ""
    for (position, character) in text.unicodeScalars.enumerated() {
        if position == limit { return result + "…" }
        switch character.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator:
            result += "·"
        default: result.unicodeScalars.append(character)
        }
    }
    return result
}
