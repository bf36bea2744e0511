/// One line of a page that tells a value: `name{label="value",…} number [timestamp] [# exemplar]`.
///
/// Prometheus' text format 0.0.4 and OpenMetrics 1.0 have this in common; what follows the number is of no use here.
struct MetricSample {
    var labels: [String: String]
    var value: Double

    /// Nil where it is no sample. `text`: what follows the name.
    init?(_ text: ArraySlice<UInt8>) {
        var rest = text
        labels = [:]
        if rest.first == UInt8(ascii: "{") {
            guard let found = Self.takeLabels(from: &rest) else { return nil }
            labels = found
        }
        rest = rest.drop(while: Self.isBlank)
        let number = rest.prefix { !Self.isBlank($0) }
        guard let value = Self.number(number), Self.isTail(rest[number.endIndex...]) else { return nil }
        self.value = value
    }

    static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    /// `NaN`, `+Inf`, `1.5e+06`; not what else Swift takes for a number.
    static func number(_ text: ArraySlice<UInt8>) -> Double? {
        guard (1...64).contains(text.count), !text.contains(UInt8(ascii: "x")), !text.contains(UInt8(ascii: "X")) else {
            return nil
        }
        return Double(String(decoding: text, as: UTF8.self))
    }

    /// A timestamp, an exemplar, or nothing.
    private static func isTail(_ text: ArraySlice<UInt8>) -> Bool {
        var rest = text.drop(while: isBlank)
        if rest.isEmpty || rest.first == UInt8(ascii: "#") { return true }
        let time = rest.prefix { !isBlank($0) }
        rest = rest[time.endIndex...].drop(while: isBlank)
        return number(time) != nil && (rest.isEmpty || rest.first == UInt8(ascii: "#"))
    }

    // MARK: Labels

    private static func takeLabels(from rest: inout ArraySlice<UInt8>) -> [String: String]? {
        var labels: [String: String] = [:]
        rest = rest.dropFirst()
        while true {
            rest = rest.drop(while: isBlank)
            if rest.first == UInt8(ascii: "}") {
                rest = rest.dropFirst()
                return labels
            }
            let name = rest.prefix { !isBlank($0) && $0 != UInt8(ascii: "=") }
            rest = rest[name.endIndex...].drop(while: isBlank)
            guard !name.isEmpty, rest.popFirst() == UInt8(ascii: "=") else { return nil }
            rest = rest.drop(while: isBlank)
            guard rest.popFirst() == UInt8(ascii: "\""), let value = takeValue(from: &rest) else { return nil }
            labels[String(decoding: name, as: UTF8.self)] = value
            rest = rest.drop(while: isBlank)
            switch rest.first {
            case UInt8(ascii: ","): rest = rest.dropFirst()
            case UInt8(ascii: "}"): continue
            default: return nil
            }
        }
    }

    /// Up to the closing quote, which is taken too.
    private static func takeValue(from rest: inout ArraySlice<UInt8>) -> String? {
        var bytes: [UInt8] = []
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: bytes, as: UTF8.self)
            case UInt8(ascii: "\\"):
                guard let escaped = rest.popFirst() else { return nil }
                switch escaped {
                case UInt8(ascii: "n"): bytes.append(0x0A)
                case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes.append(escaped)
                // As Prometheus reads it: what is no escape means itself.
                default: bytes += [byte, escaped]
                }
            default: bytes.append(byte)
            }
        }
        return nil
    }
}
