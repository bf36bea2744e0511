import StackModel

/// Compose's `deploy`, as far as it has a meaning on one host.
struct DeployDraft: Sendable {
    var mode: Located<Bool>?
    var replicas: Located<Int>?
    var restartPolicy: Located<RestartDraft>?
    var update: Located<RolloutDraft>?
    var rollback: Located<PaceDraft>?
    var resources: Located<DeployResourcesDraft>?
}

extension Definition where Value == DeployDraft {
    static let deploy: Definition = mapping(
        "`deploy`", DeployDraft.init,
        refused: [
            RefusedKey("labels", "is metadata of containers", "keep notes under a key that begins with `x-`"),
            RefusedKey("placement", "is for clusters", "stackd runs one host: leave it out"),
            RefusedKey("endpoint_mode", "is for clusters", "stackd runs one host: leave it out"),
        ],
        fields: [
            Field(
                "mode", \.mode, .choice(["replicated": true]), default: "replicated",
                "Compose's only mode that means something on one host."),
            Field("replicas", \.replicas, .replicas, "Compose's name of `replicas`."),
            Field("restart_policy", \.restartPolicy, .swarmPolicy, "Compose's long form of `restart`."),
            Field("update_config", \.update, .update, "Compose's form of `rollout`."),
            Field("rollback_config", \.rollback, .rollback, "Compose's form of the `rollback` of `rollout`."),
            Field("resources", \.resources, .deployResources, "Compose's form of `resources`."),
        ])
}

/// Compose's `update_config` or `rollback_config`.
private struct ComposeUpdate: Sendable {
    var parallelism: Located<Int>?
    var delay: Located<Duration>?
    var monitor: Located<Duration>?
    var order: Located<RolloutOrder>?
    var failureAction: Located<RolloutSpec.FailureAction>?
    var maxFailureRatio: Located<Int>?

    /// The keys that the two share.
    static let fields: [Field<ComposeUpdate>] = [
        Field(
            "parallelism", \.parallelism, .replicas, default: "1",
            "How many replicas are replaced at a time; 0 is all of them."),
        Field("delay", \.delay, .duration, default: "0s", "How long to wait between them."),
        Field("monitor", \.monitor, .duration, default: "0s", "How long a replica must be ready until it counts."),
        Field("order", \.order, .choice(RolloutOrder.names), default: "stop-first", "Which comes first."),
    ]

    /// - Parameter location: that of the whole.
    func pace(at location: SourceLocation) -> PaceDraft {
        let order = order ?? Located(.stopFirst, at: location)
        let count = parallelism?.value ?? 1
        let quota = Located(
            count == 0 ? Quota.percent(100) : .count(count), at: parallelism?.location ?? order.location)
        var pace = PaceDraft(order: order, minReady: monitor, delay: delay)
        switch order.value {
        case .startFirst: pace.maxSurge = quota
        case .stopFirst: pace.maxUnavailable = quota
        }
        return pace
    }
}

extension Definition where Value == RolloutDraft {
    fileprivate static let update: Definition = Definition<ComposeUpdate>.mapping(
        "`update_config`", ComposeUpdate.init,
        fields: ComposeUpdate.fields + [
            Field(
                "failure_action", \.failureAction,
                .choice(["continue": .continue, "rollback": .rollback, "pause": .pause]), default: "pause",
                "What becomes of an update that fails."),
            Field(
                "max_failure_ratio", \.maxFailureRatio, .failureRatio, default: "0",
                "The share of replicas that may fail."),
        ]
    ).refine { update, node, _ in
        RolloutDraft(
            pace: update.pace(at: node.location),
            onFailure: update.failureAction ?? Located(.pause, at: node.location),
            failureTolerance: update.maxFailureRatio)
    }
}

extension Definition where Value == PaceDraft {
    /// What becomes of a rollback that fails is not for the file to say: nothing better is known to go back to.
    fileprivate static let rollback: Definition = Definition<ComposeUpdate>.mapping(
        "`rollback_config`", ComposeUpdate.init,
        fields: ComposeUpdate.fields + [
            Field(
                "failure_action", \.failureAction, .choice(["pause": .pause]), default: "pause",
                "What becomes of a rollback that fails: all stays as it is."),
            Field(
                "max_failure_ratio", \.maxFailureRatio, .thousandths(0...0, "0, as any failure makes a rollback fail"),
                default: "0", "The share of replicas that may fail."),
        ]
    ).refine { update, node, _ in update.pace(at: node.location) }
}
