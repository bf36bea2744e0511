import StackModel
import SupervisorCore

extension Replay {
    /// Replays a trace against a service that has an autoscaler.
    ///
    /// - Throws: `CommandFailure` where the trace tells nothing that the autoscaler decides by, or is too long.
    init(of service: ServiceSpec, trace: LoadTrace, settings: ReplaySettings) throws(CommandFailure) {
        guard let policy = service.autoscale else {
            throw CommandFailure(.usage, "\(service.name) has no autoscaler")
        }
        let end = settings.until ?? trace.duration
        guard end / policy.interval < Double(Self.mostSteps) else {
            throw CommandFailure(
                .usage, "these would be more than \(Self.mostSteps) decisions",
                advice: "shorten the trace, or end it with --until")
        }
        let sources = try Source.all(for: policy, of: service, trace, settings)
        self.service = service
        self.policy = policy
        self.trace = trace
        self.settings = settings
        leftOut = zip(policy.metrics, sources).filter { $1 == nil }.map(\.0)
        self.policy.metrics = zip(policy.metrics, sources).filter { $1 != nil }.map(\.0)
        self.service.autoscale = self.policy
        steps = []
        var run = ReplayRun(self, sources: sources.compactMap { $0 })
        steps = run.steps(until: end)
    }

    /// A month at five seconds each.
    private static let mostSteps = 1_000_000
}

// MARK: - Where the values come from

extension Replay {
    /// What a metric's value is made of.
    fileprivate enum Source: Hashable, Sendable {
        /// Of that number among those of the file.
        case column(Int)
        /// The load, in units of which so many take all that a replica has.
        case processor(capacity: Double)
        /// The load, in the metric's own unit.
        case load
    }
}

extension Replay.Source {
    /// For each metric of the policy; nil where the trace tells nothing of it.
    fileprivate static func all(
        for policy: AutoscaleSpec, of service: ServiceSpec, _ trace: LoadTrace, _ settings: ReplaySettings
    ) throws(CommandFailure) -> [Replay.Source?] {
        var sources: [Replay.Source?] = policy.metrics.enumerated().map { number, metric in
            trace.columns.contains(.metric(metric.name)) ? .column(number) : nil
        }
        if trace.columns.contains(.load), let driven = metricOfLoad(policy.metrics, sources) {
            switch (policy.metrics[driven].source, settings.capacity) {
            case (.cpu, let capacity?): sources[driven] = .processor(capacity: capacity)
            case (.cpu, nil):
                throw CommandFailure(
                    .usage, "nothing says how much load a replica can take", advice: "--capacity does")
            case (.memory, _), (.acceptQueue, _), (.connections, _), (.prometheus, _), (.route, _), (.command, _):
                sources[driven] = .load
            }
        }
        guard sources.contains(where: { $0 != nil }) else {
            let names = policy.metrics.map(\.name).joined(separator: ", ")
            throw CommandFailure(
                .failed, "the trace tells nothing by which \(service.name) is scaled",
                advice: "it needs a column \"load\", or of one of these: \(names)")
        }
        return sources
    }

    /// The processor, where it has no column of its own; else the one other metric that has none and can follow a load.
    private static func metricOfLoad(_ metrics: [LoadMetric], _ sources: [Replay.Source?]) -> Int? {
        let silent = metrics.enumerated().filter { sources[$0.offset] == nil }
        if let processor = silent.first(where: { $0.element.source == .cpu }) { return processor.offset }
        let others = silent.filter { $0.element.source != .memory && $0.element.source != .acceptQueue }
        return others.count == 1 && !metrics.contains { $0.source == .cpu } ? others[0].offset : nil
    }
}

// MARK: - The replay

/// The replicas that would be there, as the autoscaler makes them more and fewer.
private struct ReplayRun {
    private struct Replica {
        var slot: Int
        var instance: InstanceID
        var started: Instant
        /// When it becomes ready.
        var ready: Instant
    }

    private let replay: Replay
    private let sources: [Replay.Source]
    private var autoscaler: Autoscaler
    /// By their slots.
    private var replicas: [Replica] = []
    private var lastSerial: UInt64 = 0

    /// Those that are there in the beginning have been for long.
    private static let beginning = Instant.origin.advanced(by: .seconds(86_400))

    init(_ replay: Replay, sources: [Replay.Source]) {
        self.replay = replay
        self.sources = sources
        autoscaler = Autoscaler()
        let count = replay.settings.initial ?? replay.service.replicas
        for _ in 0..<count { start(at: .origin, startup: .zero) }
    }

    mutating func steps(until end: Duration) -> [Replay.Step] {
        let rows = replay.trace.rows
        var steps: [Replay.Step] = []
        var row = 0
        var due = Duration.zero
        while true {
            // The first connection is not kept waiting until the next look at the load.
            let isAwaited = replicas.isEmpty && row + 1 < rows.count && rows[row + 1].time < due
            let time = isAwaited ? rows[row + 1].time : due
            guard time <= end else { break }
            while row + 1 < rows.count, rows[row + 1].time <= time { row += 1 }
            if !isAwaited { due = time + replay.policy.interval }
            guard !isAwaited || isWanted(rows[row]) else { continue }
            if let last = steps.indices.last { steps[last].length = time - steps[last].time }
            steps.append(step(rows[row], at: time, length: end - time))
        }
        return steps
    }
}

extension ReplayRun {
    private mutating func step(_ row: LoadTrace.Row, at time: Duration, length: Duration) -> Replay.Step {
        let now = Self.beginning.advanced(by: time)
        let ready = min(row.ready ?? .max, replicas.count { $0.ready <= now })
        let slots = slots(readyCount: row.ready, at: now)
        let decision = decision(on: row, slots, at: now)
        let removed = Set(decision.removed.map(\.index))
        replicas.removeAll { removed.contains($0.slot) }
        while replicas.count < decision.desired { start(at: now, startup: replay.settings.startup) }
        return Replay.Step(time: time, length: length, load: row.load, ready: ready, decision: decision)
    }

    private mutating func decision(on row: LoadTrace.Row, _ slots: [LoadSlot], at now: Instant) -> ScalingDecision {
        if slots.isEmpty, isWanted(row) { return autoscaler.wake(replay.policy, at: now) }
        let situation = Autoscaler.Situation(replay.service, slots: slots, report: report(row, slots, at: now))
        return autoscaler.decide(situation, at: now)
            ?? ScalingDecision(time: now, current: slots.count, desired: slots.count)
    }

    /// In the lowest free slot.
    private mutating func start(at now: Instant, startup: Duration) {
        let taken = Set(replicas.map(\.slot))
        let slot = (0...replicas.count).first { !taken.contains($0) } ?? replicas.count
        lastSerial += 1
        let replica = Replica(
            slot: slot, instance: InstanceID(serial: lastSerial), started: now, ready: now.advanced(by: startup))
        replicas.insert(replica, at: replicas.firstIndex { $0.slot > slot } ?? replicas.count)
    }

    /// - Parameter readyCount: so many of them are ready, the oldest first; nil is all that have had their time.
    private func slots(readyCount: Int?, at now: Instant) -> [LoadSlot] {
        let told = readyCount.map { count in
            Set(replicas.sorted { $0.instance < $1.instance }.prefix(count).map(\.slot))
        }
        return replicas.map { replica in
            let isReady = told?.contains(replica.slot) ?? (replica.ready <= now)
            let life = LoadSlot.Life(
                started: replica.started, isReady: isReady, since: isReady ? replica.ready : replica.started)
            return LoadSlot(index: replica.slot, state: .running(life), instances: [replica.instance])
        }
    }

    private func report(_ row: LoadTrace.Row, _ slots: [LoadSlot], at now: Instant) -> LoadReport {
        let readings = zip(replay.policy.metrics, sources).map { reading(of: $0, $1, in: row, slots, at: now) }
        return LoadReport(readings: readings, connections: connections(in: row), host: row.host)
    }

    private func isWanted(_ row: LoadTrace.Row) -> Bool { connections(in: row) ?? 0 > 0 }

    /// 1 where anybody is served or wants to be, 0 where nobody does: as the load has it, else what was measured; nil
    /// where neither tells.
    private func connections(in row: LoadTrace.Row) -> Int? {
        if replay.trace.columns.contains(.load) { return row.load.map { $0 > 0 ? 1 : 0 } }
        let values = zip(replay.policy.metrics, sources).compactMap { metric, source -> Int? in
            // Memory is used by what serves nobody, too.
            guard case .column(let number) = source, metric.source != .memory else { return nil }
            return row.readings[number]
        }
        return values.isEmpty ? nil : values.contains { $0 > 0 } ? 1 : 0
    }

    private func reading(
        of metric: LoadMetric, _ source: Replay.Source, in row: LoadTrace.Row, _ slots: [LoadSlot], at now: Instant
    ) -> LoadReport.Reading {
        let ready = slots.count { $0.isReady }
        /// What each replica has of it, or all together.
        func reading(_ total: Int, _ each: (LoadSlot) -> Int) -> LoadReport.Reading {
            if case .value = metric.target { return .service(total) }
            return .instances(
                slots.flatMap { slot in
                    slot.instances.map {
                        LoadReport.Sample(
                            instance: $0, value: each(slot), time: now, window: replay.policy.interval)
                    }
                })
        }
        switch source {
        case .column(let number):
            guard let value = row.readings[number] else { return .failed("the trace has no value") }
            return reading(value) { _ in value }
        case .processor(let capacity):
            guard let load = row.load else { return .failed("the trace has no load") }
            let resources = replay.service.resources
            let share = load / Double(max(1, ready)) / capacity
            let used = min(share * Double(resources.cpuRequest.thousandths), 1e15)
            let each = min(Int(used.rounded()), resources.cpus?.thousandths ?? .max)
            return reading(each * ready) { $0.isReady ? each : 0 }
        case .load:
            guard let load = row.load else { return .failed("the trace has no load") }
            let value = Int((load * 1000).rounded())
            return reading(value) { $0.isReady ? value / max(1, ready) : 0 }
        }
    }
}
