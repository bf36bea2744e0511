public import StackModel

/// How many replicas one metric asks for: the arithmetic of Kubernetes' replica calculator
/// (pkg/controller/podautoscaler/replica_calculator.go, with the tolerances of 1.33), in exact fractions instead of
/// floating point.
///
/// A slot stands for a pod. What the outcome's value is: per cent for a utilization, else the metric's unit.
public struct ReplicaCalculator: Sendable {
    /// How many replicas are wanted now.
    public var current: Int
    /// The wanted slots; where there are none the metrics of replicas say nothing.
    public var slots: [LoadSlot]
    public var tolerance: Tolerance
    /// What is sampled of a replica's processor within so long of its start counts only if it was ready all the while.
    public var processorInitializationPeriod: Duration
    /// One that has lost its readiness within so long of its start has never been ready.
    public var initialReadinessDelay: Duration
    public var now: Instant

    public init(_ spec: AutoscaleSpec, slots: [LoadSlot], current: Int? = nil, at now: Instant) {
        self.current = current ?? slots.count
        self.slots = slots
        tolerance = Tolerance(up: spec.scaleUp.tolerance, down: spec.scaleDown.tolerance)
        processorInitializationPeriod = spec.processorInitializationPeriod
        initialReadinessDelay = spec.initialReadinessDelay
        self.now = now
    }

    /// In thousandths: so far may a load be from its target without a change.
    public struct Tolerance: Hashable, Sendable {
        public var up: Int
        public var down: Int

        public init(up: Int, down: Int) {
            self.up = up
            self.down = down
        }
    }

    /// More than any service has: what cannot be counted comes to this.
    public static let most = Int(Int32.max)
}

// MARK: - Metrics of each replica

extension ReplicaCalculator {
    /// A share, in per cent, of what the slots may ask for together.
    ///
    /// - Parameters:
    ///   - samples: of each slot, nil where nothing was measured.
    ///   - requests: of each slot, in the unit of the samples.
    ///   - isProcessor: what is sampled while a replica starts says nothing.
    public func utilization(
        _ samples: [Sample?], of requests: [Int], percent target: Int, isProcessor: Bool
    ) -> MetricVerdict.Outcome {
        propose(
            samples, isProcessor: isProcessor,
            // What is missing is taken to use all that it asks for, or what it is meant to where that is more.
            filler: { requests[$0].saturatingProduct(max(100, target)) / 100 }
        ) { values in
            let used = values.reduce(0) { $0.saturatingSum($1.value) }
            let asked = values.reduce(0) { $0.saturatingSum(requests[$1.slot]) }
            guard asked > 0 else { return nil }
            return Fraction(Fraction(used, of: asked).floor(of: 100), of: target)
        }
    }

    /// So much for each replica.
    public func average(_ samples: [Sample?], target: Int, isProcessor: Bool) -> MetricVerdict.Outcome {
        propose(samples, isProcessor: isProcessor, filler: { _ in target }) { values in
            Fraction(values.reduce(0) { $0.saturatingSum($1.value) } / values.count, of: target)
        }
    }

    /// What was measured of a slot.
    public struct Sample: Hashable, Sendable {
        public var value: Int
        /// When it was taken, and over how long a time.
        public var time: Instant
        public var window: Duration

        public init(_ value: Int, at time: Instant, window: Duration = .zero) {
            self.value = value
            self.time = time
            self.window = window
        }
    }

    private typealias Values = [(slot: Int, value: Int)]

    /// What lacks is filled in against the direction in which the others point, so that it never leads anywhere itself.
    private func propose(
        _ samples: [Sample?], isProcessor: Bool, filler: (_ slot: Int) -> Int, measure: (Values) -> Fraction?
    ) -> MetricVerdict.Outcome {
        guard !slots.isEmpty else { return .failed("there is no replica") }
        let groups = group(samples, isProcessor: isProcessor)
        var values: Values = groups.ready.map { ($0, samples[$0]?.value ?? 0) }
        guard !values.isEmpty, let ratio = measure(values) else {
            return .failed("nothing was measured of any replica that is ready")
        }
        func proposal(_ replicas: Int, _ filled: Fraction) -> MetricVerdict.Outcome {
            .proposal(replicas: replicas, value: ratio.value, ratio: filled.thousandths, groups.counts)
        }
        let leadsUp = ratio.comparedToOne > 0
        if groups.missing.isEmpty, !(leadsUp && !groups.unready.isEmpty) {
            return proposal(tolerance.covers(ratio) ? current : ratio.ceiling(of: groups.ready.count), ratio)
        }
        if ratio.comparedToOne != 0 {
            values += groups.missing.map { ($0, leadsUp ? 0 : filler($0)) }
        }
        if leadsUp { values += groups.unready.map { ($0, 0) } }
        let filled = measure(values) ?? ratio
        let hasTurned = ratio.comparedToOne * filled.comparedToOne < 0
        guard !tolerance.covers(filled), !hasTurned else { return proposal(current, filled) }
        let replicas = filled.ceiling(of: values.count)
        let leadsElsewhere = filled.comparedToOne < 0 ? replicas > current : replicas < current
        return proposal(leadsElsewhere ? current : replicas, filled)
    }
}

// MARK: - Metrics of the service as a whole

extension ReplicaCalculator {
    /// So much for the whole, however many replicas there are: the ready ones follow in proportion.
    public func value(_ value: Int, target: Int) -> MetricVerdict.Outcome {
        let ratio = Fraction(value, of: target)
        let ready = slots.count { $0.isReady }
        let replicas: Int
        if current == 0 {
            replicas = ratio.ceiling(of: 1)
        } else if tolerance.covers(ratio) {
            replicas = current
        } else if slots.isEmpty {
            return .failed("there is no replica")
        } else {
            replicas = ratio.ceiling(of: ready)
        }
        return .proposal(
            replicas: replicas, value: value, ratio: ratio.thousandths,
            MetricVerdict.Groups(ready: ready, unready: slots.count - ready))
    }

    /// So much for each of the wanted replicas. The outcome's value is of one, rounded up.
    public func valuePerReplica(_ value: Int, target: Int) -> MetricVerdict.Outcome {
        let ratio = Fraction(value, of: target.saturatingProduct(max(1, current)))
        let isKept = current > 0 && tolerance.covers(ratio)
        let ready = slots.count { $0.isReady }
        return .proposal(
            replicas: isKept ? current : Fraction(value, of: target).ceiling(of: 1),
            value: Fraction(value, of: max(1, current)).ceiling(of: 1, most: .max), ratio: ratio.thousandths,
            MetricVerdict.Groups(ready: ready, unready: slots.count - ready))
    }
}

// MARK: - Groups

extension ReplicaCalculator {
    /// Positions in the slots.
    struct Groups: Hashable {
        var ready: [Int] = []
        var unready: [Int] = []
        var missing: [Int] = []
        var ignored: [Int] = []

        var counts: MetricVerdict.Groups {
            MetricVerdict.Groups(
                ready: ready.count, unready: unready.count, missing: missing.count, ignored: ignored.count)
        }
    }

    func group(_ samples: [Sample?], isProcessor: Bool) -> Groups {
        var groups = Groups()
        for (position, slot) in slots.enumerated() {
            switch (slot.state, samples[position]) {
            case (.ended, _): groups.ignored.append(position)
            case (.pending, _): groups.unready.append(position)
            case (.restarting, _), (.running, nil): groups.missing.append(position)
            case (.running(let life), let sample?):
                if isProcessor, saysNothing(sample, of: life) {
                    groups.unready.append(position)
                } else {
                    groups.ready.append(position)
                }
            }
        }
        return groups
    }

    /// What a replica's processor does while it starts is not its load.
    private func saysNothing(_ sample: Sample, of life: LoadSlot.Life) -> Bool {
        if life.started.advanced(by: processorInitializationPeriod) > now {
            return !life.isReady || sample.time < life.since.advanced(by: sample.window)
        }
        return !life.isReady && life.started.advanced(by: initialReadinessDelay) > life.since
    }
}

extension ReplicaCalculator.Tolerance {
    fileprivate func covers(_ ratio: Fraction) -> Bool {
        ratio.isBetween(1000 - down, 1000 + up)
    }
}
