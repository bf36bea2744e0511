import StackModel
import SupervisorCore

/// How many replicas metrics ask for, by the rules of Kubernetes' documentation ("Horizontal Pod Autoscaling: algorithm
/// details" and "support for metrics APIs"), reckoned in another way than the core does.
///
/// Where it cannot be known how a replica counts, everything is accepted.
struct ReplicaOracle {
    enum Proposal {
        case invalid
        case replicas(Int)
        /// It cannot be known how some replicas count.
        case anything
    }

    /// What all metrics together ask for.
    struct Recommendation {
        /// Nil where nothing may be done.
        var range: ClosedRange<Int>?
        /// It may also be that nothing may be done.
        var mayHold: Bool
    }

    let situation: ScalingCase

    /// What reckoning in floating point may be off by.
    private static let epsilon = 1e-9

    func recommendation() -> Recommendation {
        let proposals = zip(situation.autoscale.metrics, situation.report.readings).map { proposal(of: $0, $1) }
        let ranges = proposals.compactMap { proposal -> ClosedRange<Int>? in
            switch proposal {
            case .invalid: nil
            case .replicas(let number): number...number
            case .anything: 0...Int.max
            }
        }
        let isUnsure = proposals.contains { if case .anything = $0 { true } else { false } }
        guard let low = ranges.map(\.lowerBound).max(), let high = ranges.map(\.upperBound).max() else {
            return Recommendation(range: nil, mayHold: true)
        }
        guard ranges.count < situation.autoscale.metrics.count else {
            return Recommendation(range: low...high, mayHold: isUnsure)
        }
        // What cannot be read might have asked for more.
        guard high >= situation.current else { return Recommendation(range: nil, mayHold: true) }
        return Recommendation(range: max(low, situation.current)...high, mayHold: isUnsure || low < situation.current)
    }

    func proposal(of metric: LoadMetric, _ reading: LoadReport.Reading) -> Proposal {
        guard situation.current > 0 || metric.tellsDemand else { return .invalid }
        switch (reading, metric.target) {
        case (.failed, _): return .invalid
        case (.instances(let samples), .utilization), (.instances(let samples), .average):
            guard metric.isOfReplicas else { return perReplica(samples.reduce(0) { $0 + $1.value }, metric) }
            return ofReplicas(samples, metric)
        case (.instances(let samples), .value): return ofService(samples.reduce(0) { $0 + $1.value }, metric)
        case (.service(let value), .average): return perReplica(value, metric)
        case (.service(let value), .value): return ofService(value, metric)
        case (.service, .utilization): return .anything
        }
    }

    // MARK: Of the service

    /// One value for all, and a target for each.
    private func perReplica(_ value: Int, _ metric: LoadMetric) -> Proposal {
        guard case .average(let target) = metric.target else { return .anything }
        let needed = Self.roundUp(Double(value) / Double(target))
        guard situation.current > 0 else { return .replicas(needed) }
        let ratio = Double(value) / (Double(target) * Double(situation.current))
        return .replicas(isTolerated(ratio) ? situation.current : needed)
    }

    /// One value for all, and one target for that: the replicas that are ready have brought it about.
    private func ofService(_ value: Int, _ metric: LoadMetric) -> Proposal {
        guard case .value(let target) = metric.target, !situation.slots.contains(where: { $0.isReady == nil }) else {
            return .anything
        }
        let ready = situation.slots.count { $0.isReady == true }
        let ratio = Double(value) / Double(target)
        guard situation.current > 0 else { return .replicas(Self.roundUp(ratio)) }
        return .replicas(isTolerated(ratio) ? situation.current : Self.roundUp(ratio * Double(ready)))
    }

    // MARK: Of replicas

    private enum Group {
        case counted(Int), unready, missing, ignored
    }

    private func ofReplicas(_ samples: [LoadReport.Sample], _ metric: LoadMetric) -> Proposal {
        var values: [Int] = []
        var (unready, missing) = (0, 0)
        for slot in situation.slots {
            switch group(of: slot, samples, metric) {
            case nil: return .anything
            case .counted(let value)?: values.append(value)
            case .unready?: unready += 1
            case .missing?: missing += 1
            case .ignored?: break
            }
        }
        guard !values.isEmpty, let scale = Scale(metric, situation.resources) else { return .invalid }
        return .replicas(replicas(for: values, unready: unready, missing: missing, scale))
    }

    /// Nil where it cannot be known.
    private func group(of slot: ScaledSlot, _ samples: [LoadReport.Sample], _ metric: LoadMetric) -> Group? {
        switch slot.phase {
        case .unclear: return nil
        case .failed: return .ignored
        case .pending: return .unready
        case .restarting: return .missing
        case .ready, .unready: break
        }
        guard let value = situation.load(of: slot, in: samples) else { return .missing }
        guard metric.source == .cpu else { return .counted(value) }
        // A surge's load is its slot's; whether it was measured long enough is a matter of the slot's own.
        guard let own = samples.first(where: { $0.instance == slot.instance }) else { return nil }
        let autoscale = situation.autoscale
        if slot.startedAt.advanced(by: autoscale.processorInitializationPeriod) > situation.now {
            let isTooEarly = own.time < slot.turnedAt.advanced(by: own.window)
            return slot.phase == .unready || isTooEarly ? .unready : .counted(value)
        }
        let wasNeverReady = slot.startedAt.advanced(by: autoscale.initialReadinessDelay) > slot.turnedAt
        return slot.phase == .unready && wasNeverReady ? .unready : .counted(value)
    }

    /// How a sum of values becomes a ratio.
    private struct Scale {
        /// What a value is compared with, and a per cent of what.
        let target: Int
        let request: Int?

        init?(_ metric: LoadMetric, _ resources: ResourceSpec) {
            switch metric.target {
            case .average(let value): (target, request) = (value, nil)
            case .value: return nil
            case .utilization(let percent):
                let whole =
                    metric.source == .cpu
                    ? resources.cpuRequest.thousandths : resources.memoryRequest.map { Int($0.bytes) }
                guard let whole else { return nil }
                (target, request) = (percent, whole)
            }
        }

        func ratio(_ values: [Int]) -> Double {
            let sum = values.reduce(0, +)
            let reached = request.map { sum * 100 / ($0 * values.count) } ?? sum / values.count
            return Double(reached) / Double(target)
        }

        /// What one has of which nothing is known, lest there be too few.
        var standIn: Int { request.map { $0 * max(100, target) / 100 } ?? target }
    }

    private func replicas(for counted: [Int], unready: Int, missing: Int, _ scale: Scale) -> Int {
        let current = situation.current
        let first = scale.ratio(counted)
        let countsUnready = unready > 0 && first > 1
        if missing == 0, !countsUnready {
            return isTolerated(first) ? current : Self.roundUp(first * Double(counted.count))
        }
        var values = counted
        if first < 1 { values += Array(repeating: scale.standIn, count: missing) }
        if first > 1 { values += Array(repeating: 0, count: missing) }
        if countsUnready { values += Array(repeating: 0, count: unready) }
        let ratio = scale.ratio(values)
        if isTolerated(ratio) || (first < 1 && ratio > 1) || (first > 1 && ratio < 1) { return current }
        let replicas = Self.roundUp(ratio * Double(values.count))
        return ratio < 1 ? min(replicas, current) : max(replicas, current)
    }

    // MARK: Arithmetic

    private func isTolerated(_ ratio: Double) -> Bool {
        let (up, down) = (situation.autoscale.scaleUp.tolerance, situation.autoscale.scaleDown.tolerance)
        return 1 - Double(down) / 1_000 - Self.epsilon <= ratio && ratio <= 1 + Double(up) / 1_000 + Self.epsilon
    }

    private static func roundUp(_ number: Double) -> Int { Int((number - epsilon).rounded(.up)) }
}

extension LoadMetric {
    /// It asks for a replica also where there is none.
    var tellsDemand: Bool {
        switch source {
        case .command, .route(_, .requests), .route(_, .queue): true
        case .cpu, .memory, .acceptQueue, .connections, .prometheus, .route(_, .latency), .route(_, .errorRate): false
        }
    }

    /// Each replica has its own value of it.
    var isOfReplicas: Bool {
        switch source {
        case .cpu, .memory, .prometheus: true
        case .acceptQueue, .connections, .route, .command: false
        }
    }
}
