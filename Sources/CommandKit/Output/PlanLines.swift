import ControlProtocol

/// A plan as `stackctl plan` shows it: what is to be touched, how, and for which difference.
struct PlanLines {
    var palette: Palette
    /// The terminal's columns; nil where nothing needs to fit.
    var width: Int?

    /// A paragraph for each service that is touched, then the sum of all, then what stands against it.
    func lines(for plan: PlanDocument) -> [String] {
        guard !plan.isEmpty else {
            return DisplayWidth.wrapped("nothing to do: the stack is as its files say", to: width)
        }
        let touched = plan.changes.filter { $0.kind != .none }
        let nameWidth = touched.map { DisplayWidth.columns(of: $0.service) }.max() ?? 0
        let control = plan.control.isEmpty ? [] : ["who may control the stack, and from where"]
        return touched.flatMap { lines(for: $0, nameWidth: nameWidth) }
            + control.flatMap { DisplayWidth.wrapped($0, to: width) } + plan.control.flatMap(lines)
            + DisplayWidth.wrapped(Self.summary(of: plan), to: width) + plan.conflicts.flatMap(lines(forConflict:))
    }

    /// `1 to roll out, 1 to start, 4 unchanged`
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
        let heading = DisplayWidth.hanging(
            change.kind.words + Self.effects(of: change), after: label, labelWidth: labelWidth, width: width)
        return heading + change.differences.flatMap(lines) + (change.memory.map(lines) ?? [])
    }

    /// What it means for those that depend on the service.
    private static func effects(of change: PlanDocument.Change) -> String {
        let unaware = change.dependents.filter { !change.restarted.contains($0) }
        let away = unaware.isEmpty ? "" : "; meanwhile without it: \(unaware.joined(separator: ", "))"
        let after = change.restarted.isEmpty ? "" : "; restarted after it: \(change.restarted.joined(separator: ", "))"
        return away + after
    }

    private func lines(for difference: PlanDocument.Difference) -> [String] {
        indented(difference.text)
    }

    private func lines(for memory: PlanDocument.Memory) -> [String] {
        let peak = memory.peakBytes == memory.nowBytes ? "and no more" : "and up to \(bytesText(memory.peakBytes))"
        return indented("memory: \(bytesText(memory.nowBytes)) now, \(peak) during the rollout")
    }

    private func lines(forConflict conflict: String) -> [String] {
        let label = palette(.red, "conflict:") + " "
        return DisplayWidth.hanging(
            DisplayWidth.singleLine(conflict), after: label, labelWidth: "conflict: ".count, width: width)
    }

    private func indented(_ text: String) -> [String] {
        let indentation = DisplayWidth.spaces(Self.indentation)
        return DisplayWidth.wrapped(text, to: width.map { max(1, $0 - Self.indentation) }).map { indentation + $0 }
    }

    private static let indentation = 6
}

extension PlanDocument.Difference {
    /// `environment.PORT: 80 → 81`; of a content, by the beginnings of its hashes: `executable: content 1f2e3d4c → 9a8b7c6d`,
    /// and of a secret's only that it is another.
    fileprivate var text: String {
        let change: String
        switch (subject, before, after) {
        case (nil, _, _): change = "\(key): \(before ?? "(none)") → \(after ?? "(none)")"
        case (let subject?, let before?, let after?) where !subject.hasPrefix("secrets."):
            change = "\(subject): content \(shortHash(before)) → \(shortHash(after))"
        case (let subject?, _, nil): change = "\(subject): cannot be read any more"
        case (let subject?, _, _?): change = "\(subject): its content has changed"
        }
        return DisplayWidth.singleLine(change)
    }

    /// What it is the content of, where it is one.
    private var subject: Substring? {
        let isContent = key == "executable.digest" || key.hasPrefix("secrets.") && key.hasSuffix(".digest")
        return isContent ? key.dropLast(".digest".count) : nil
    }
}

extension PlanDocument.Change.Kind {
    /// As Terraform marks them: what comes first of a replacement stands first.
    fileprivate var symbol: String {
        switch self {
        case .none: "  ="
        case .live: "  ~"
        case .rolling: "+/-"
        case .restart: "-/+"
        case .start: "  +"
        case .stop: "  -"
        }
    }

    fileprivate var style: Style {
        switch self {
        case .none: .dim
        case .live, .rolling, .restart: .yellow
        case .start: .green
        case .stop: .red
        }
    }

    fileprivate var words: String {
        switch self {
        case .none: "stays as it is"
        case .live: "changes without a restart"
        case .rolling: "is replaced by a rollout"
        case .restart: "restarts"
        case .start: "is new and starts"
        case .stop: "is gone from the files and stops"
        }
    }

    fileprivate var inSummary: String {
        switch self {
        case .none: "unchanged"
        case .live: "to change without a restart"
        case .rolling: "to roll out"
        case .restart: "to restart"
        case .start: "to start"
        case .stop: "to stop"
        }
    }
}
