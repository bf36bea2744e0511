import StackModel

/// How fast the number of replicas may change, as the file gives it.
struct ScalingBehaviorDraft: Sendable {
    fileprivate var up: Located<DirectionDraft>?
    fileprivate var down: Located<DirectionDraft>?

    var scaleUp: AutoscaleSpec.Direction { (up?.value ?? DirectionDraft()).resolved(standard: .up) }
    var scaleDown: AutoscaleSpec.Direction { (down?.value ?? DirectionDraft()).resolved(standard: .down) }
}

extension Definition where Value == ScalingBehaviorDraft {
    static let behavior: Definition = mapping(
        "`behavior`", ScalingBehaviorDraft.init,
        fields: [
            Field("scale_up", \.up, .direction, "How replicas are added."),
            Field("scale_down", \.down, .direction, "How they are taken away."),
        ])
}

/// One direction: what is not given is Kubernetes' standard, each key for itself.
struct DirectionDraft: Sendable {
    fileprivate var stabilizationWindow: Located<Duration>?
    fileprivate var select: Located<AutoscaleSpec.PolicyChoice>?
    fileprivate var policies: Located<[AutoscaleSpec.Policy]>?
    fileprivate var tolerance: Located<Int>?

    static let fields: [Field<DirectionDraft>] = [
        Field(
            "stabilization_window", \.stabilizationWindow,
            .duration("a duration up to `1h`") { .zero...(.seconds(3600)) ~= $0 },
            default: "0s up, 5m down",
            "Of what was recommended within so long, the smallest change counts: no peak or gap is followed at once."
        ),
        Field(
            "select_policy", \.select, .choice(["max": .maximum, "min": .minimum, "disabled": .disabled]),
            default: "max",
            "Whether the policy counts that allows the greatest change or the smallest, or none is made."),
        Field(
            "policies", \.policies, .policies,
            default: "[{replicas: 4, period: 15s}, {percent: 100, period: 15s}] up, [{percent: 100, period: 15s}] down",
            "How many replicas, or what percentage of them, may come or go within a period of up to 30m."),
        Field(
            "tolerance", \.tolerance, .share(0...10_000), default: "10%",
            "So far may the load be from its target without a change."),
    ]

    fileprivate func resolved(standard: AutoscaleSpec.Direction) -> AutoscaleSpec.Direction {
        AutoscaleSpec.Direction(
            stabilizationWindow: stabilizationWindow?.value ?? standard.stabilizationWindow,
            select: select?.value ?? standard.select, policies: policies?.value ?? standard.policies,
            tolerance: tolerance?.value ?? standard.tolerance)
    }
}

extension Definition where Value == DirectionDraft {
    fileprivate static let direction: Definition = mapping(
        "a direction of `behavior`", DirectionDraft.init, fields: DirectionDraft.fields)
}

private struct PolicyDraft: Sendable {
    var replicas: Located<Int>?
    var percent: Located<Int>?
    var period: Located<Duration>?
}

extension Definition where Value == [AutoscaleSpec.Policy] {
    fileprivate static let policies: Definition = list(
        of: .policy, form: "a list of policies, such as `[{replicas: 2, period: 1m}]`"
    ).refine { policies, node, report in
        guard policies.isEmpty else { return policies }
        report.error(
            at: node.location, "`policies` is empty, so nothing would be allowed",
            remedy: "name one, or use `select_policy: disabled`")
        return nil
    }
}

extension Definition where Value == AutoscaleSpec.Policy {
    fileprivate static let policy: Definition = Definition<PolicyDraft>.mapping(
        "a policy", PolicyDraft.init, required: ["period"],
        fields: [
            Field("replicas", \.replicas, .integer(1...ServiceDraft.mostReplicas), "So many replicas."),
            Field("percent", \.percent, .integer(1...100_000), "Such a percentage of those that there are."),
            Field(
                "period", \.period, .duration("a duration from `1s` to `30m`") { .seconds(1)...(.seconds(1800)) ~= $0 },
                "Within so long."),
        ]
    ).refine { draft, node, report in
        guard let period = draft.period?.value else { return nil }
        switch (draft.replicas?.value, draft.percent?.value) {
        case (let count?, nil): return AutoscaleSpec.Policy(.replicas(count), period: period)
        case (nil, let percent?): return AutoscaleSpec.Policy(.percent(percent), period: period)
        case (nil, nil), (_?, _?):
            // One with a fault has been told.
            if (node["replicas"] == nil) == (node["percent"] == nil) {
                report.error(
                    at: node.location, "a policy has either `replicas` or `percent`",
                    remedy: "such as `{replicas: 2, period: 1m}`")
            }
            return nil
        }
    }
}
