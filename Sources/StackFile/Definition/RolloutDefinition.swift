import StackModel

/// Which of two comes first where one instance takes another's place.
enum RolloutOrder: Sendable {
    case startFirst, stopFirst

    static let names: KeyValuePairs<String, RolloutOrder> = ["start-first": .startFirst, "stop-first": .stopFirst]
}

/// How fast replicas are replaced, as the file gives it.
struct PaceDraft: Sendable {
    var order: Located<RolloutOrder>?
    var maxSurge: Located<Quota>?
    var maxUnavailable: Located<Quota>?
    var minReady: Located<Duration>?
    var delay: Located<Duration>?
}

/// How a revision takes the place of another, as the file gives it.
struct RolloutDraft: Sendable {
    var pace = PaceDraft()
    var rollback: Located<PaceDraft>?
    var progressDeadline: Located<Duration>?
    var onFailure: Located<RolloutSpec.FailureAction>?
    var failureTolerance: Located<Int>?
    var steps: Located<[RolloutSpec.Step]>?
}

extension Definition where Value == RolloutDraft {
    static let rollout: Definition = mapping("`rollout`", RolloutDraft.init, fields: RolloutDraft.fields).refine {
        draft, _, report in
        draft.pace.check(&report)
        return draft
    }
}

extension Definition where Value == PaceDraft {
    fileprivate static let rollback: Definition = mapping(
        "`rollback`", PaceDraft.init, fields: PaceDraft.fields(in: \.self)
    ).refine { draft, _, report in
        draft.check(&report)
        return draft
    }
}

extension RolloutDraft {
    static let fields: [Field<RolloutDraft>] =
        PaceDraft.fields(in: \.pace) + [
            Field(
                "progress_deadline", \.progressDeadline, .positiveDuration, default: "10m",
                "A rollout that makes no progress for so long has failed."),
            Field(
                "on_failure", \.onFailure, .choice(["rollback": .rollback, "pause": .pause, "continue": .continue]),
                default: "rollback",
                "What becomes of a rollout that fails: the last good revision comes back, all stays as it is until "
                    + "somebody decides, or it goes on."),
            Field(
                "max_failure_ratio", \.failureTolerance, .failureRatio, default: "0",
                "The share of the replicas that may fail once before they are available, as in Compose."),
            Field(
                "steps", \.steps, .list(of: .step, form: "a list of steps, such as `[{replicas: 1}, {pause: 60s}]`"),
                "The steps of a canary, one after the other; after the last, all replicas are replaced."),
            Field(
                "rollback", \.rollback, .rollback, default: "as the rollout",
                "The `order`, `max_surge`, `max_unavailable`, `min_ready` and `delay` of going back."),
        ]
}

extension PaceDraft {
    /// - Parameter path: where the pace is in what the fields are of.
    fileprivate static func fields<Root>(in path: any WritableKeyPath<Root, PaceDraft> & Sendable) -> [Field<Root>] {
        func field<Value>(
            _ name: String, _ own: any WritableKeyPath<PaceDraft, Located<Value>?> & Sendable,
            _ definition: Definition<Value>, default standard: String, _ documentation: String
        ) -> Field<Root> {
            Field(name, definition, default: standard, documentation) { root, value, entry, _ in
                root[keyPath: path][keyPath: own] = Located(value, at: entry.value.location)
            }
        }
        return [
            field(
                "order", \.order, .choice(RolloutOrder.names),
                default:
                    "start-first with several `replicas` (or `max` of `autoscale`), a `listen` or a `route`, and without "
                    + "fixed `ports`; else stop-first",
                "Whether the new instance is ready before the old one goes, or starts when that is gone."),
            field(
                "max_surge", \.maxSurge, .quota(0), default: "1 with start-first, else 0",
                "How many more instances than replicas there may be; a share is rounded up."),
            field(
                "max_unavailable", \.maxUnavailable, .quota(0), default: "0 with start-first, else 1",
                "How many fewer than the replicas may be ready; a share is rounded down."),
            field(
                "min_ready", \.minReady, .duration, default: "0s; 1s for a service without any readiness",
                "How long an instance must have been ready until it counts."),
            field(
                "delay", \.delay, .duration, default: "0s",
                "How long to wait from when replacements are available to when the next ones are made."),
        ]
    }

    /// Reports what contradicts an order that is given.
    fileprivate func check(_ report: inout Report) {
        switch (order?.value, maxSurge) {
        case (.stopFirst?, let surge?) where !surge.value.isNone:
            report.error(
                at: surge.location, "with `order: stop-first` there is never one more, so `max_surge` has no meaning",
                remedy: "leave it out, or use `order: start-first`")
        case (.startFirst?, let surge?) where surge.value.isNone:
            report.error(
                at: surge.location, "with `max_surge: 0` nothing can start first",
                remedy: "leave it out, or use `order: stop-first`")
        case (nil, _), (.stopFirst?, _), (.startFirst?, _): break
        }
    }

    /// The place that asks for two instances at a time.
    fileprivate var surgeLocation: SourceLocation? {
        if let surge = maxSurge, !surge.value.isNone { return surge.location }
        guard let order, case .startFirst = order.value else { return nil }
        return order.location
    }

    /// - Parameter standard: what counts where the file gives nothing.
    fileprivate func resolved(standard: RolloutSpec.Pace) -> RolloutSpec.Pace {
        var pace = standard
        switch (order?.value, maxSurge?.value.isNone) {
        case (.startFirst?, _), (nil, false?): (pace.maxSurge, pace.maxUnavailable) = (.count(1), .count(0))
        case (.stopFirst?, _), (nil, true?): (pace.maxSurge, pace.maxUnavailable) = (.count(0), .count(1))
        case (nil, nil): break
        }
        pace.maxSurge = maxSurge?.value ?? pace.maxSurge
        pace.maxUnavailable = maxUnavailable?.value ?? pace.maxUnavailable
        pace.minReady = minReady?.value ?? pace.minReady
        pace.delay = delay?.value ?? pace.delay
        return pace
    }
}

extension Quota {
    /// None, of whatever number.
    var isNone: Bool { self == .count(0) || self == .percent(0) }
}

extension Definition where Value == Quota {
    /// - Parameter least: the smallest number of replicas, and percentage.
    static func quota(_ least: Int) -> Definition {
        scalar(
            "a number of replicas\(least > 0 ? " from \(least)" : ""), or a percentage up to 100%",
            schema: ["type": ["string", "integer"], "pattern": "^[0-9]+%?$"]
        ) { text, _ in
            let isShare = text.hasSuffix("%")
            guard let number = Int(isShare ? text.dropLast() : text[...]), number >= least,
                number <= (isShare ? 100 : ServiceDraft.mostReplicas)
            else { return nil }
            return isShare ? .percent(number) : .count(number)
        }
    }
}

extension Definition where Value == Int {
    static let failureRatio: Definition = thousandths(0...1000, "a number from 0 to 1, such as `0.25`")
}

extension ServiceEntry {
    /// How the service's instances are replaced, by `rollout` or by Compose's `update_config`.
    func rollout(replicas: Int, hasReadiness: Bool, report: inout Report) -> RolloutSpec {
        let (update, rollback) = (draft.deploy?.value.update, draft.deploy?.value.rollback)
        for (name, location) in [("update_config", update?.location), ("rollback_config", rollback?.location)] {
            guard let own = draft.rollout, let location else { continue }
            report.error(
                at: own.location, "`rollout` and `deploy.\(name)` (at \(location)) are both given",
                remedy: "keep one of them")
        }
        let given = draft.rollout?.value ?? update?.value ?? RolloutDraft()
        let back = given.rollback ?? rollback
        checkFixedPorts([given.pace, back?.value], report: &report)
        var usual = canStandTwice(replicas: replicas) ? RolloutSpec.Pace.startFirst : .stopFirst
        // That it goes on running is all that such a one shows: it takes a while to be seen.
        if !hasReadiness, draft.schedule == nil { usual.minReady = .seconds(1) }
        let pace = given.pace.resolved(standard: usual)
        checkDeadline(given, pace, report: &report)
        let standard = RolloutSpec()
        return RolloutSpec(
            pace: pace, rollbackPace: back.map { $0.value.resolved(standard: pace) },
            progressDeadline: given.progressDeadline?.value ?? standard.progressDeadline,
            onFailure: given.onFailure?.value ?? standard.onFailure,
            failureTolerance: given.failureTolerance?.value ?? standard.failureTolerance,
            steps: given.steps?.value.map { namingRoutes(in: $0) } ?? [])
    }

    private func checkDeadline(_ draft: RolloutDraft, _ pace: RolloutSpec.Pace, report: inout Report) {
        guard let deadline = draft.progressDeadline, deadline.value <= pace.minReady else { return }
        report.error(
            at: deadline.location,
            "no replica can be ready for `min_ready`, \(pace.minReady.text), before the `progress_deadline`",
            remedy: "give it more than that")
    }

    /// Two instances can be seen to get along with each other: a database, say, must not run twice.
    private func canStandTwice(replicas: Int) -> Bool {
        let isShared =
            replicas > 1 || (draft.autoscale?.value.bounds?.upperBound ?? 1) > 1
            || draft.listeners?.value.isEmpty == false || draft.routes?.value.isEmpty == false
        return isShared && fixedPort == nil
    }

    private var fixedPort: String? {
        draft.ports?.value.first { port in
            switch port.value.value {
            case .fixed: true
            case .automatic: false
            }
        }?.name.value
    }

    private func checkFixedPorts(_ paces: [PaceDraft?], report: inout Report) {
        guard let port = fixedPort else { return }
        for location in paces.compactMap({ $0?.surgeLocation }) {
            report.error(
                at: location, "the new instance cannot bind the port `\(port)` before the old one is gone",
                remedy: "use `ports: {\(port): auto}`, or `order: stop-first`")
        }
    }

    /// A metric that names no route is about the only one.
    private func namingRoutes(in step: RolloutSpec.Step) -> RolloutSpec.Step {
        guard case .analysis(var analysis) = step, let only = draft.routes?.value.first else { return step }
        for index in analysis.metrics.indices {
            if case .route("", let statistic) = analysis.metrics[index].source {
                analysis.metrics[index].source = .route(name: only.name.value, statistic)
            }
        }
        return .analysis(analysis)
    }
}
