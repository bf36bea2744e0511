import StackModel

/// A condition on a metric's value, and what its threshold was written in.
struct ConditionDraft: Sendable {
    enum Unit: Sendable {
        case none, percent, time

        /// In words, as it ends the sentence "it cannot be …".
        var thing: String {
            switch self {
            case .none: "a number"
            case .percent: "a percentage"
            case .time: "a duration"
            }
        }

        /// Whether what is measured there can be compared with it.
        func fits(_ source: AnalysisMetric.Source) -> Bool {
            switch (self, source) {
            case (.none, _), (_, .prometheus): true
            case (.percent, .probeFailures), (.percent, .route(_, .errorRate)): true
            case (.time, .route(_, .latency)): true
            case (.percent, .restarts), (.percent, .route), (.time, .restarts), (.time, .probeFailures),
                (.time, .route):
                false
            }
        }
    }

    var condition: AnalysisMetric.Condition
    var unit: Unit
}

extension Definition where Value == ConditionDraft {
    static let condition: Definition = scalar(
        "a comparison such as `< 1%`, `>= 0.95` or `< 250ms`",
        schema: ["type": "string", "pattern": "^(<=|>=|==|!=|<|>) *-?[0-9.]+"]
    ) { text, _ in
        // The longer ones first: `<` begins `<=`.
        let comparisons = AnalysisMetric.Condition.Comparison.allCases.sorted { $0.rawValue.count > $1.rawValue.count }
        guard let comparison = comparisons.first(where: { text.hasPrefix($0.rawValue) }) else { return nil }
        let threshold = text.dropFirst(comparison.rawValue.count).drop { $0 == " " }
        let (value, unit): (Double?, ConditionDraft.Unit) =
            if threshold.hasSuffix("%") {
                (number(threshold.dropLast()).map { $0 / 100 }, .percent)
            } else if let number = number(threshold) {
                (number, .none)
            } else {
                (Duration(text: threshold).map { Double($0.wholeNanoseconds) / 1e9 }, .time)
            }
        return value.map { ConditionDraft(condition: .init(comparison, $0), unit: unit) }
    }

    /// A decimal number, without the other spellings that Swift knows.
    private static func number(_ text: Substring) -> Double? {
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) || "+-.eE".utf8.contains($0) }),
            let number = Double(text), number.isFinite
        else { return nil }
        return number
    }
}
