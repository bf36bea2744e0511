import StackModel

extension ScalingLimit {
    /// A stable word for programs.
    public var code: String {
        switch self {
        case .stabilization: "stabilization"
        case .policy: "policy"
        case .disabled: "disabled"
        case .minimum: "minimum"
        case .maximum: "maximum"
        case .missingMetrics: "missing_metrics"
        case .noMetrics: "no_metrics"
        case .pressure: "pressure"
        case .memory: "memory"
        case .overcommit: "overcommit"
        case .notIdle: "not_idle"
        }
    }
}

extension ScalingLimit: CustomStringConvertible {
    public var description: String {
        switch self {
        case .stabilization(.up, _): "fewer were recommended within its stabilization window"
        case .stabilization(.down, _): "more were recommended within its stabilization window"
        case .policy(.up): "no policy allows it to rise faster"
        case .policy(.down): "no policy allows it to fall faster"
        case .disabled(.up): "scaling up is disabled"
        case .disabled(.down): "scaling down is disabled"
        case .minimum(let count): "\(count) is the minimum"
        case .maximum(let count): "\(count) is the maximum"
        case .missingMetrics: "a metric is missing, and the others alone are no reason to have fewer"
        case .noMetrics: "no metric tells anything"
        case .pressure(let resource, let value, let limit):
            "the host's \(resource.rawValue) pressure is \(Self.percent(value)), above \(Self.percent(limit))"
        case .memory(let needed, let available):
            "another replica takes about \(needed.approximateText) of memory, and the host has "
                + available.approximateText
        case .overcommit(.memory, let committed, let capacity):
            "the memory limits of all replicas would add up to \(ByteCount(Int64(committed)).approximateText), and the "
                + "host may promise \(ByteCount(Int64(capacity)).approximateText)"
        case .overcommit(let resource, let committed, let capacity):
            "the \(resource.rawValue) limits of all replicas would add up to \(Self.processors(committed)), and the host "
                + "may promise \(Self.processors(capacity))"
        case .notIdle(until: nil): "somebody may still be connected"
        case .notIdle: "it has not been idle for long enough to do without any"
        }
    }

    private static func percent(_ thousandths: Int) -> String {
        thousandths % 10 == 0 ? "\(thousandths / 10)%" : "\(thousandths / 10).\(thousandths % 10)%"
    }

    private static func processors(_ thousandths: Int) -> String {
        LoadMetric(name: "cpu", source: .cpu, target: .average(0)).text(of: thousandths)
    }
}

extension ScalingDecision {
    /// Why, in one sentence.
    public var reason: String {
        guard let position = decidingMetric else { return reasonWithoutMetric }
        let metric = metrics[position].because
        let held = limits.map(\.description).joined(separator: "; ")
        if desired == 0, current > 0 { return "nobody needs it any more: none is kept" }
        let before = current == 0 ? "none" : "\(current)"
        if desired != current {
            return "\(metric): \(desired) instead of \(before)" + (held.isEmpty ? "" : ", no further: \(held)")
        }
        // Each limit left less than the one before: what is left is by the last.
        guard let last = limits.last else { return "\(metric): \(current) \(current == 1 ? "is" : "are") right" }
        let asked = recommendation.map { $0 == current ? "" : ", which asks for \($0)" } ?? ""
        return "\(metric)\(asked): \(before) \(current == 1 ? "stays" : "stay"), as \(last)"
    }

    private var reasonWithoutMetric: String {
        let held = limits.map(\.description).joined(separator: "; ")
        if desired != current {
            return held.isEmpty ? "somebody wants to connect" : "\(desired) instead of \(current): \(held)"
        }
        let why = metrics.compactMap { verdict -> String? in
            guard case .failed(let why) = verdict.outcome else { return nil }
            return "\(verdict.metric.name): \(why)"
        }
        return why.isEmpty && held.isEmpty ? "it stays as it is" : ([held] + why).joined(separator: "; ")
    }
}

extension MetricVerdict {
    /// `cpu is 93%, 1.33 times its target of 70%`
    fileprivate var because: String {
        guard case .proposal(_, let value, let ratio, let groups) = outcome else { return metric.name }
        let times = "\(ratio / 1000).\(String(1000 + ratio % 1000).dropFirst().prefix(2))"
        let filled = metric.isOfEachReplica && groups.unready + groups.missing > 0
        return "\(metric.name) is \(metric.text(of: value)), \(times) times its target of \(metric.targetText)"
            + (filled ? " with those that do not tell yet" : "")
    }
}
