/// The faults found so far, of which a bounded number is kept.
struct DiagnosticList: Sendable {
    /// Beyond this many, faults are only counted.
    static let limit = 100

    private(set) var kept: [Diagnostic] = []
    private(set) var uncounted = 0
    private(set) var hasErrors = false
    private var seen: Set<Diagnostic> = []
    private var unsetVariables: Set<String> = []

    /// Further faults are only counted, so that their places need not be found.
    var isFull: Bool { kept.count >= Self.limit }

    /// Adds a fault; the same one at the same place, as an alias or a file that is read twice brings it, counts once.
    mutating func append(_ diagnostic: Diagnostic) {
        if diagnostic.severity == .error { hasErrors = true }
        if isFull {
            uncounted += 1
        } else if seen.insert(diagnostic).inserted {
            kept.append(diagnostic)
        }
    }

    mutating func append(contentsOf other: DiagnosticList) {
        for diagnostic in other.kept { append(diagnostic) }
        uncounted += other.uncounted
        hasErrors = hasErrors || other.hasErrors
    }

    mutating func error(at location: SourceLocation?, _ message: String, remedy: String? = nil) {
        append(Diagnostic(.error, at: location, message, remedy: remedy))
    }

    mutating func warning(at location: SourceLocation?, _ message: String, remedy: String? = nil) {
        append(Diagnostic(.warning, at: location, message, remedy: remedy))
    }

    /// Adds the faults of a text, whose value begins at `start`; a variable that is not set is told once.
    mutating func append(_ faults: [Interpolation.Fault], in source: SourceText, from start: SourceLocation) {
        for fault in faults {
            if case .unset(let name) = fault.kind, !unsetVariables.insert(name).inserted { continue }
            // To find a `$` takes time with the length of the file, which many faults must not multiply.
            let place = isFull ? start : source.location(ofDollar: fault.dollar, from: start)
            append(Diagnostic(fault.severity, at: place, fault.message, remedy: fault.remedy))
        }
    }

    /// The faults for people: each with its source line, and with a last one that counts those that were not kept.
    func finished(with sources: SourceTexts) -> [Diagnostic] {
        var result = kept
        for index in result.indices {
            result[index].sourceLine = result[index].location.flatMap(sources.line(at:))
        }
        if uncounted > 0 {
            result.append(Diagnostic(hasErrors ? .error : .warning, at: nil, "and \(uncounted) more"))
        }
        return result
    }
}

/// A fault that ends what was being done is thrown; whoever catches it adds it to the list.
extension Diagnostic: Error {}
