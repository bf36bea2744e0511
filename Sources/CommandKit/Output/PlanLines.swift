import ControlProtocol

/// A plan as `stackctl plan` shows it: what is to be touched, how, and for which difference.
struct PlanLines {
    var palette: Palette
    /// The terminal's columns; nil where nothing needs to fit.
    var width: Int?

    /// A paragraph for each service that is touched, then the sum of all.
    func lines(for plan: PlanDocument) -> [String] {
        guard !plan.isEmpty else {
            return DisplayWidth.wrapped("nothing to do: the stack is as its files say", to: width)
        }
        let touched = plan.changes.filter { $0.kind != .none }
        let nameWidth = touched.map { DisplayWidth.columns(of: $0.service) }.max() ?? 0
        let control = plan.control.isEmpty ? [] : ["who may control the stack, and from where"]
        return touched.flatMap { lines(for: $0, nameWidth: nameWidth) }
            + control.flatMap { DisplayWidth.wrapped($0, to: width) } + plan.control.flatMap(lines)
            + DisplayWidth.wrapped(Self.summary(of: plan), to: width)
    }

    /// `1 to restart, 1 to start, 4 unchanged`
    private static func summary(of plan: PlanDocument) -> String {
        PlanDocument.Change.Kind.allCases.reversed().compactMap { kind in
            let count = plan.changes.count { $0.kind == kind }
            return count == 0 ? nil : "\(count) \(kind.inSummary)"
        }.joined(separator: ", ")
    }

    private func lines(for change: PlanDocument.Change, nameWidth: Int) -> [String] {
        let name = DisplayWidth.padded(change.service, to: nameWidth)
        let label = palette(change.kind.style, "\(change.kind.symbol) \(name)") + "  "
        let labelWidth = DisplayWidth.columns(of: change.kind.symbol) + 1 + nameWidth + 2
        let away =
            change.dependents.isEmpty ? "" : "; meanwhile without it: \(change.dependents.joined(separator: ", "))"
        let heading = DisplayWidth.hanging(
            change.kind.words + away, after: label, labelWidth: labelWidth, width: width)
        return heading + change.differences.flatMap(lines)
    }

    private func lines(for difference: PlanDocument.Difference) -> [String] {
        let before = difference.before ?? "(none)"
        let after = difference.after ?? "(none)"
        let text = DisplayWidth.singleLine("\(difference.key): \(before) → \(after)")
        let indentation = DisplayWidth.spaces(Self.indentation)
        return DisplayWidth.wrapped(text, to: width.map { max(1, $0 - Self.indentation) }).map { indentation + $0 }
    }

    private static let indentation = 6
}

extension PlanDocument.Change.Kind {
    /// As Terraform marks them.
    fileprivate var symbol: String {
        switch self {
        case .none: "  ="
        case .live: "  ~"
        case .restart: "-/+"
        case .start: "  +"
        case .stop: "  -"
        }
    }

    fileprivate var style: Style {
        switch self {
        case .none: .dim
        case .live, .restart: .yellow
        case .start: .green
        case .stop: .red
        }
    }

    fileprivate var words: String {
        switch self {
        case .none: "stays as it is"
        case .live: "changes without a restart"
        case .restart: "restarts"
        case .start: "is new and starts"
        case .stop: "is gone from the files and stops"
        }
    }

    fileprivate var inSummary: String {
        switch self {
        case .none: "unchanged"
        case .live: "to change without a restart"
        case .restart: "to restart"
        case .start: "to start"
        case .stop: "to stop"
        }
    }
}
