import StackModel

/// When and how soon a service is restarted, as the file gives it.
struct RestartDraft: Sendable {
    /// Nil is the default, which depends on whether another service awaits this one's end.
    var mode: RestartSpec.Mode?
    var backoff: RestartSpec.Backoff?
    var budget: RestartSpec.Budget?
}

private struct RestartKeys: Sendable {
    var policy: Located<RestartSpec.Mode>?
    var backoff: Located<RestartSpec.Backoff>?
    var budget: Located<RestartSpec.Budget>?
    var restarts: Located<Int>?
    var within: Located<Duration>?
}

extension Definition where Value == RestartDraft {
    static let restart: Definition = forms(
        "`no`, `on-failure`, `on-failure:5`, `always`, `unless-stopped`, or a mapping with `policy`",
        scalar: Definition<RestartSpec.Mode>.restartMode.map { RestartDraft(mode: $0) },
        mapping: Definition<RestartKeys>.mapping(
            "`restart`", RestartKeys.init,
            fields: [
                Field(
                    "policy", \.policy, .restartMode, default: "on-failure",
                    "When to restart; `no` by default where another service awaits this one's end."),
                Field("backoff", \.backoff, .backoff, "The delays between restarts, each drawn with full jitter."),
                Field("budget", \.budget, .budget, "More restarts than so many within so long end in `failed`."),
                Field("restarts", \.restarts, .integer(1...1_000_000), "Short for `budget`, together with `within`."),
                Field("within", \.within, .positiveDuration, "Short for `budget`, together with `restarts`."),
            ]
        ).refine { keys, _, report in
            RestartDraft(mode: keys.policy?.value, backoff: keys.backoff?.value, budget: keys.budget(&report))
        })
}

extension RestartKeys {
    func budget(_ report: inout Report) -> RestartSpec.Budget? {
        if let budget {
            if let other = restarts?.location ?? within?.location {
                report.error(at: other, "the budget is given twice", remedy: "keep `budget`")
            }
            return budget.value
        }
        switch (restarts, within) {
        case (let restarts?, let within?): return RestartSpec.Budget(restarts: restarts.value, within: within.value)
        case (nil, nil): return nil
        case (let restarts?, nil):
            report.error(at: restarts.location, "`restarts` has no `within`", remedy: "add one, such as `within: 1m`")
            return nil
        case (nil, let within?):
            report.error(at: within.location, "`within` has no `restarts`", remedy: "add one, such as `restarts: 5`")
            return nil
        }
    }
}

extension Definition where Value == RestartSpec.Mode {
    fileprivate static let restartMode: Definition = scalar(
        "`\"no\"`, `on-failure`, `on-failure:5`, `always` or `unless-stopped`",
        schema: ["type": "string", "pattern": "^(no|on-failure(:[1-9][0-9]*)?|always|unless-stopped)$"]
    ) { text, _ in
        switch text {
        case "no": return .no
        case "always": return .always
        case "unless-stopped": return .unlessStopped
        case "on-failure": return .onFailure(maximumRetries: nil)
        default:
            guard text.hasPrefix("on-failure:"), let count = Int(text.dropFirst("on-failure:".count)),
                (1...1_000_000).contains(count)
            else { return nil }
            return .onFailure(maximumRetries: count)
        }
    }
}

private struct BackoffDraft: Sendable {
    var initial: Located<Duration>?
    var factor: Located<Int>?
    var maximum: Located<Duration>?
}

extension Definition where Value == RestartSpec.Backoff {
    fileprivate static let backoff: Definition = Definition<BackoffDraft>.mapping(
        "`backoff`", BackoffDraft.init,
        fields: [
            Field("initial", \.initial, .positiveDuration, default: "500ms", "The first delay."),
            Field(
                "factor", \.factor, .thousandths(1000...100_000, "a number from 1 to 100, such as `1.5`"), default: "2",
                "What each delay is multiplied by."),
            Field("max", \.maximum, .positiveDuration, default: "60s", "The longest delay."),
        ]
    ).refine { draft, _, report in
        var backoff = RestartSpec.Backoff()
        backoff.initial = draft.initial?.value ?? min(backoff.initial, draft.maximum?.value ?? backoff.initial)
        backoff.maximum = draft.maximum?.value ?? max(backoff.maximum, backoff.initial)
        backoff.factorThousandths = draft.factor?.value ?? backoff.factorThousandths
        if let maximum = draft.maximum, maximum.value < backoff.initial {
            report.error(
                at: maximum.location, "`max` is below `initial`",
                remedy: "it is `\(backoff.initial.text)` or longer")
            return nil
        }
        return backoff
    }
}

private struct BudgetDraft: Sendable {
    var restarts: Located<Int>?
    var within: Located<Duration>?
}

extension Definition where Value == RestartSpec.Budget {
    fileprivate static let budget: Definition = Definition<BudgetDraft>.mapping(
        "`budget`", BudgetDraft.init, required: ["restarts", "within"],
        fields: [
            Field("restarts", \.restarts, .integer(1...1_000_000), "So many restarts are allowed."),
            Field("within", \.within, .positiveDuration, "Within so long."),
        ]
    ).refine { draft, _, _ in
        guard let restarts = draft.restarts?.value, let within = draft.within?.value else { return nil }
        return RestartSpec.Budget(restarts: restarts, within: within)
    }
}

private struct SwarmPolicy: Sendable {
    var condition: Located<RestartSpec.Mode>?
    var delay: Located<Duration>?
    var maximumAttempts: Located<Int>?
    var window: Located<Duration>?
}

extension Definition where Value == RestartDraft {
    /// Compose's `deploy.restart_policy`.
    static let swarmPolicy: Definition = Definition<SwarmPolicy>.mapping(
        "`restart_policy`", SwarmPolicy.init,
        fields: [
            Field(
                "condition", \.condition,
                .choice(["none": .no, "on-failure": .onFailure(maximumRetries: nil), "any": .always]), default: "any",
                "When to restart."),
            Field(
                "delay", \.delay, .positiveDuration,
                "How long to wait before each restart; by default it grows, as `backoff` says."),
            Field("max_attempts", \.maximumAttempts, .integer(1...1_000_000), "How many restarts are allowed."),
            Field("window", \.window, .positiveDuration, "The time in which they are counted."),
        ]
    ).refine { policy, _, report in
        var draft = RestartDraft(mode: policy.condition?.value ?? .always)
        if let delay = policy.delay?.value {
            draft.backoff = RestartSpec.Backoff(initial: delay, factorThousandths: 1000, maximum: delay)
        }
        switch (policy.maximumAttempts, policy.window, draft.mode) {
        case (let attempts?, let window?, _):
            draft.budget = RestartSpec.Budget(restarts: attempts.value, within: window.value)
        case (let attempts?, nil, .onFailure): draft.mode = .onFailure(maximumRetries: attempts.value)
        case (let attempts?, nil, _):
            report.error(
                at: attempts.location, "`max_attempts` has no `window`", remedy: "add one, such as `window: 10m`")
        case (nil, let window?, _):
            report.error(
                at: window.location, "`window` has no `max_attempts`", remedy: "add one, such as `max_attempts: 5`")
        case (nil, nil, _): break
        }
        return draft
    }
}
