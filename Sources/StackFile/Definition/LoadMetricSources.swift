import StackModel

/// How much of something is right, and what it is written in.
struct TargetAmount: Sendable {
    var thousandths: Int
    var unit: ConditionDraft.Unit
}

extension Definition where Value == TargetAmount {
    /// The autoscaler counts in thousandths, as Kubernetes does; a duration is in seconds, as Prometheus has it.
    static let targetAmount: Definition = scalar(
        "a number above 0 such as `0.5`, a percentage, or a duration", schema: ["type": ["string", "number"]]
    ) { text, _ in
        let (thousandths, unit): (Int?, ConditionDraft.Unit) =
            if text.hasSuffix("%") {
                (Thousandths.parse(String(text.dropLast())).map { $0 / 100 }, .percent)
            } else if let number = Thousandths.parse(text) {
                (number, .none)
            } else {
                (Duration(text: text).map { Int($0.wholeNanoseconds / 1_000_000) }, .time)
            }
        guard let thousandths, (1...999_999_999_999_000).contains(thousandths) else { return nil }
        return TargetAmount(thousandths: thousandths, unit: unit)
    }
}

// MARK: - Routes

/// A statistic of a route, as `autoscale` gives it.
struct RouteLoadDraft: Sendable {
    fileprivate var name: Located<String>?
    fileprivate var statistic: Located<AnalysisMetric.RouteStatistic>?
    fileprivate var target: Located<TargetAmount>?

    static let fields: [Field<RouteLoadDraft>] = [
        Field("name", \.name, .text("the name of a route"), default: "the only route's", "Which route."),
        Field(
            "value", \.statistic, .routeStatistic,
            "Which of its statistics: `requests` a second, or those that wait in the `queue`, both divided by the "
                + "replicas; the mean `latency`; or `error_rate`, the share that failed."),
        Field("target", \.target, .targetAmount, "How much of it is right."),
    ]
}

extension Definition where Value == LoadMetricDraft.Measure {
    /// Without a name it is the service's only route, which is known when the service is.
    static let route: Definition = Definition<RouteLoadDraft>.mapping(
        "a route's metric", RouteLoadDraft.init, required: ["value", "target"], fields: RouteLoadDraft.fields
    ).refine { draft, node, report in
        guard let statistic = draft.statistic?.value, let target = draft.target else { return nil }
        let name = draft.name
        report.note(name == nil ? .onlyRoute : .route, name?.value ?? "", at: name?.location ?? node.location)
        let measured = AnalysisMetric.Source.route(name: "", statistic)
        guard target.value.unit.fits(measured) else {
            report.error(
                at: target.location, "`target` cannot be \(target.value.unit.thing)",
                remedy: "`\(statistic.rawValue)` is \(measured.thing)")
            return nil
        }
        let amount = target.value.thousandths
        return Value(
            standardName: statistic.rawValue, source: .route(name: name?.value ?? "", statistic),
            target: statistic.isShared ? .average(amount) : .value(amount))
    }
}

extension AnalysisMetric.RouteStatistic {
    /// Each of several replicas has a part of it.
    fileprivate var isShared: Bool {
        switch self {
        case .requests, .queue: true
        case .latency, .errorRate: false
        }
    }
}

// MARK: - Commands

/// A command that prints a number, as `autoscale` gives it.
struct CommandLoadDraft: Sendable {
    fileprivate var command: Located<[Template]>?
    fileprivate var target: Located<TargetAmount>?
    fileprivate var isPerReplica: Located<Bool>?
    fileprivate var timeout: Located<Duration>?

    static let fields: [Field<CommandLoadDraft>] = [
        Field("exec", \.command, .commandOfService, "The command; what it prints is the number."),
        Field("target", \.target, .targetAmount, "How much of it is right."),
        Field(
            "per", \.isPerReplica, .choice(["replica": true, "service": false]), default: "replica",
            "Whether the number is divided by the replicas before it is compared with the target."),
        Field("timeout", \.timeout, .positiveDuration, default: "5s", "How long the command may take."),
    ]
}

extension Definition where Value == LoadMetricDraft.Measure {
    static let command: Definition = Definition<CommandLoadDraft>.mapping(
        "a command's metric", CommandLoadDraft.init, required: ["exec", "target"], fields: CommandLoadDraft.fields
    ).refine { draft, _, _ in
        guard let command = draft.command?.value, let target = draft.target?.value.thousandths else { return nil }
        return Value(
            standardName: "command", source: .command(command, timeout: draft.timeout?.value ?? .seconds(5)),
            target: draft.isPerReplica?.value ?? true ? .average(target) : .value(target))
    }
}

extension Definition where Value == [Template] {
    fileprivate static let commandOfService: Definition = program.refine { words, node, report in
        for part in words.flatMap(\.parts) {
            switch part {
            case .replicaIndex, .port:
                report.error(
                    at: node.location, "`\(Template(parts: [part]))` is of one replica, and the command is run for all",
                    remedy: "leave it out")
                return nil
            case .text, .stateDirectory, .runDirectory, .serviceName, .secret, .listenerDescriptor: break
            }
        }
        return words
    }
}
