import StackModel

/// What each metric says, by the kind of metric that Kubernetes would have it be.
extension Autoscaler.Situation {
    func verdicts(_ spec: AutoscaleSpec, at now: Instant) -> [MetricVerdict] {
        let calculator = ReplicaCalculator(spec, slots: slots, at: now)
        return spec.metrics.enumerated().map { position, metric in
            let reading = position < report.readings.count ? report.readings[position] : .failed("it was not measured")
            return MetricVerdict(metric: metric, outcome: outcome(of: metric, reading, calculator))
        }
    }

    private func outcome(
        of metric: LoadMetric, _ reading: LoadReport.Reading, _ calculator: ReplicaCalculator
    ) -> MetricVerdict.Outcome {
        guard !slots.isEmpty || metric.tellsDemand else { return .failed("there is no replica") }
        switch (reading, metric.target) {
        case (.failed(let why), _):
            return .failed(why)
        case (.instances(let samples), .utilization(let percent)):
            guard let request = request(of: metric.source) else {
                return .failed("nothing says what its utilization is a percentage of")
            }
            return calculator.utilization(
                bySlot(samples), of: slots.map { _ in request }, percent: percent, isProcessor: metric.isProcessor)
        case (.instances(let samples), .average(let target)) where metric.isOfEachReplica:
            return calculator.average(bySlot(samples), target: target, isProcessor: metric.isProcessor)
        case (.instances(let samples), .average(let target)):
            return calculator.valuePerReplica(samples.total, target: target)
        case (.instances(let samples), .value(let target)):
            return calculator.value(samples.total, target: target)
        case (.service(let value), .average(let target)):
            return calculator.valuePerReplica(value, target: target)
        case (.service(let value), .value(let target)):
            return calculator.value(value, target: target)
        case (.service, .utilization):
            return .failed("it is not told of each replica")
        }
    }

    private func request(of source: LoadMetric.Source) -> Int? {
        switch source {
        case .cpu: spec.resources.cpuRequest.thousandths
        case .memory: spec.resources.memoryRequest.map { Int($0.bytes) }
        case .acceptQueue, .connections, .prometheus, .route, .command: nil
        }
    }

    /// What was measured of each slot: of all its instances together, at the time and over the window of its own one. What
    /// is of no slot is left out.
    func bySlot(_ samples: [LoadReport.Sample]) -> [ReplicaCalculator.Sample?] {
        var positions: [InstanceID: Int] = [:]
        for (position, slot) in slots.enumerated() {
            for instance in slot.instances { positions[instance] = position }
        }
        var bySlot = [ReplicaCalculator.Sample?](repeating: nil, count: slots.count)
        for sample in samples {
            guard let position = positions[sample.instance] else { continue }
            let isOwn = slots[position].instances.first == sample.instance
            var sum = ReplicaCalculator.Sample(sample.value, at: sample.time, window: sample.window)
            if let other = bySlot[position] {
                if !isOwn { (sum.time, sum.window) = (other.time, other.window) }
                sum.value = sum.value.saturatingSum(other.value)
            }
            bySlot[position] = sum
        }
        return bySlot
    }

    /// Nobody needs it: nobody is connected, and nothing asks for it that would bring it back at once.
    func isDeserted(_ verdicts: [MetricVerdict]) -> Bool {
        let ofService = verdicts.filter(\.metric.tellsDemand)
        guard ofService.allSatisfy({ $0.proposal == 0 }) else { return false }
        return report.connections.map { $0 == 0 } ?? !ofService.isEmpty
    }

    /// The indices of so many replicas, the first to go first: what serves nobody, then what has least load by that metric,
    /// or by its processor where the metric does not tell; of those that are equal, the highest.
    func leastLoaded(_ count: Int, by metric: Int?) -> [Int] {
        var samples = report.processor
        if let metric, case .instances(let told) = report.readings[metric] { samples = told }
        let order = zip(slots, bySlot(samples)).map { slot, sample in
            (isReady: slot.isReady ? 1 : 0, load: sample?.value ?? 0, index: -slot.index)
        }
        return order.sorted { ($0.isReady, $0.load, $0.index) < ($1.isReady, $1.load, $1.index) }
            .prefix(count).map { -$0.index }
    }
}

extension LoadMetric {
    var isProcessor: Bool { source == .cpu }

    /// Kubernetes' resource and pods metrics: each replica tells its own, and those that do not are made up for.
    var isOfEachReplica: Bool {
        switch source {
        case .cpu, .memory, .prometheus: true
        case .acceptQueue, .connections, .route, .command: false
        }
    }

    /// It tells whether a replica is needed also where there is none.
    var tellsDemand: Bool {
        switch source {
        case .command, .route(_, .requests), .route(_, .queue): true
        // What is known of answers is of those that were given.
        case .route(_, .latency), .route(_, .errorRate): false
        case .cpu, .memory, .acceptQueue, .connections, .prometheus: false
        }
    }
}

extension [LoadReport.Sample] {
    fileprivate var total: Int { reduce(0) { $0.saturatingSum($1.value) } }
}
