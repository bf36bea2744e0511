import StackModel
import SupervisorCore

/// One seed's load trace for the core's autoscaler alone: a service whose replicas come up late or never, whose metrics
/// die and come back, on a host that has room or not; in the end its load is constant, and nothing goes wrong any more.
struct ScalingWorld {
    /// A replica, and what becomes of it.
    private struct Replica {
        let index: Int
        let instance: InstanceID
        let startsAt: Instant
        /// Nil is never.
        let readyAt: Instant?
        /// Another stands beside it, which is to take its place.
        var surge: InstanceID?
    }

    private let spec: ServiceSpec
    private let autoscale: AutoscaleSpec
    private let load: OfferedLoad
    private let calm: OfferedLoad
    private var autoscaler = Autoscaler()
    private var ledger = ScalingLedger()
    private var replicas: [Replica] = []
    private var now = Instant.origin
    private var random: SplitMix64
    private var lastInstance: UInt64 = 0
    private var steps = 0
    private var digest = Digest()
    private var tracing: Trace?

    /// Decisions while anything may happen.
    private static let wildSteps = 40
    /// Decisions in which a number that has settled must not change any more.
    private static let stillSteps = 10

    private init(seed: UInt64, trace: Trace?) {
        tracing = trace
        var random = SplitMix64(seed: ~seed)
        var generator = StackGenerator(random: random.split())
        spec = generator.scaledService()
        autoscale = spec.autoscale ?? AutoscaleSpec(maximum: 1, metrics: [])
        load = OfferedLoad(random: &random)
        calm = OfferedLoad(
            .constant, base: random.chance(percent: 15) ? 0 : random.number(in: 100...6_000), peak: 0,
            period: .seconds(1))
        self.random = random
    }

    /// `trace`: where a line for each decision goes.
    static func run(seed: UInt64, trace: inout Trace?) -> Simulation.Outcome {
        var world = ScalingWorld(seed: seed, trace: trace)
        let objection = world.play()
        trace = world.tracing
        let violation = objection.map { Violation($0.invariant, at: world.now, "the service \($0.detail)") }
        return Simulation.Outcome(seed: seed, steps: world.steps, violation: violation, digest: world.digest.value)
    }

    // MARK: Acts

    private mutating func play() -> Objection? {
        fit(to: max(autoscale.minimum, min(random.below(5), autoscale.maximum)), removing: [])
        for _ in 0..<Self.wildSteps {
            if let objection = decide(on: load, isWild: true) { return objection }
        }
        for index in replicas.indices { replicas[index] = renewed(replicas[index]) }
        // No window and no policy goes on for longer, with as many steps as there can be.
        let calmFrom = now
        while now < calmFrom.advanced(by: longestWay) {
            if let objection = decide(on: calm, isWild: false) { return objection }
        }
        let settled = replicas.count
        for _ in 0..<Self.stillSteps {
            if let objection = decide(on: calm, isWild: false) { return objection }
            guard isSteady, replicas.count != settled else { continue }
            return Objection(.stability, "goes from \(settled) to \(replicas.count) replicas under constant load")
        }
        return isSteady ? checkConvergence() : nil
    }

    /// Until every replica is ready and every policy has let it go all the way.
    private var longestWay: Duration {
        let directions = [autoscale.scaleUp, autoscale.scaleDown]
        let policies = directions.flatMap(\.policies).map(\.period).max() ?? .zero
        let windows = directions.map(\.stabilizationWindow).max() ?? .zero
        let starts = Self.longestStart + autoscale.processorInitializationPeriod + .seconds(5)
        return windows * 2 + (policies + autoscale.interval) * (autoscale.maximum + 1) + starts * 2
            + autoscale.idleAfter
    }

    private static let longestStart = Duration.seconds(5)

    /// Rounding moves the load of a replica by less than its tolerance, and what starts, whose processor does not count on
    /// the way down, is not taken away at once: Kubernetes' own flapping, which its window is for.
    private var isSteady: Bool {
        let tolerance = min(autoscale.scaleUp.tolerance, autoscale.scaleDown.tolerance)
        let start = Self.longestStart + autoscale.interval * 2
        let isPatient = autoscale.scaleDown.stabilizationWindow >= start
        return tolerance >= 100 && (isPatient || !autoscale.metrics.contains { $0.source == .cpu })
    }

    // MARK: One decision

    private mutating func decide(on load: OfferedLoad, isWild: Bool) -> Objection? {
        steps += 1
        now = now.advanced(by: autoscale.interval + (isWild ? random.milliseconds(0...300) : .zero))
        if isWild { disturb() }
        if replicas.isEmpty, load.value(at: now) > 0, isReachable { wake() }
        // What is down is asked only where it can tell something.
        if replicas.isEmpty, !autoscale.metrics.contains(where: \.tellsDemand) { return nil }
        let report = report(on: load, isWild: isWild)
        let situation = Autoscaler.Situation(spec, slots: replicas.map { slot(of: $0) }, report: report)
        guard let decision = autoscaler.decide(situation, at: now) else {
            let isOff = replicas.isEmpty && autoscale.minimum > 0
            return isOff ? nil : Objection(.recommendation, "is not decided about")
        }
        digest.add(UInt64(decision.desired))
        tracing?.append("\(report.summary)  ->  \(decision)", at: now)
        let judged = ScalingCase(
            autoscale: autoscale, resources: spec.resources, slots: replicas.map { judgedSlot(of: $0) },
            report: report, now: now, isReachable: isReachable)
        let objection = ledger.judge(decision, of: judged) ?? RemovalOracle(situation: judged).objection(to: decision)
        if let objection { return objection }
        fit(to: decision.desired, removing: decision.removed.map(\.index))
        return nil
    }

    /// Replicas crash, are replaced, and somebody scales by hand.
    private mutating func disturb() {
        for index in replicas.indices {
            if random.chance(percent: 2) { replicas[index] = renewed(replicas[index]) }
            if random.chance(percent: 5) { replicas[index].surge = replicas[index].surge == nil ? nextInstance() : nil }
        }
        guard random.chance(percent: 3), !replicas.isEmpty else { return }
        let number = random.number(in: 1...autoscale.maximum + 1)
        fit(to: number, removing: [])
    }

    private mutating func wake() {
        _ = autoscaler.wake(autoscale, at: now)
        ledger.wake(at: now)
        fit(to: 1, removing: [])
    }

    private mutating func fit(to number: Int, removing removed: [Int]) {
        replicas.removeAll { removed.contains($0.index) }
        while replicas.count > number { replicas.removeLast() }
        while replicas.count < number {
            let index = (0...number).first { index in !replicas.contains { $0.index == index } } ?? number
            replicas.append(replica(index, mayFail: steps < Self.wildSteps))
            replicas.sort { $0.index < $1.index }
        }
    }

    private mutating func nextInstance() -> InstanceID {
        lastInstance += 1
        return InstanceID(serial: lastInstance)
    }

    private mutating func replica(_ index: Int, mayFail: Bool) -> Replica {
        let startsAt = now.advanced(by: random.milliseconds(0...2_000))
        let isLate = mayFail && random.chance(percent: 10)
        let readyAt = startsAt.advanced(by: random.milliseconds(0...(isLate ? 30_000 : 3_000)))
        let isNever = mayFail && random.chance(percent: 5)
        return Replica(index: index, instance: nextInstance(), startsAt: startsAt, readyAt: isNever ? nil : readyAt)
    }

    /// The same slot with another instance.
    private mutating func renewed(_ former: Replica) -> Replica {
        replica(former.index, mayFail: steps < Self.wildSteps)
    }

    // MARK: What is seen

    private var isReachable: Bool { !spec.listeners.isEmpty || !spec.routes.isEmpty }

    private func isReady(_ replica: Replica) -> Bool { replica.readyAt.map { $0 <= now } ?? false }

    private func instances(of replica: Replica) -> [InstanceID] {
        replica.startsAt <= now ? [replica.instance] + [replica.surge].compactMap { $0 } : []
    }

    private func slot(of replica: Replica) -> LoadSlot {
        let life = LoadSlot.Life(
            started: replica.startsAt, isReady: isReady(replica),
            since: isReady(replica) ? replica.readyAt ?? replica.startsAt : replica.startsAt)
        return LoadSlot(
            index: replica.index, state: replica.startsAt <= now ? .running(life) : .pending,
            instances: instances(of: replica))
    }

    private func judgedSlot(of replica: Replica) -> ScaledSlot {
        var slot = ScaledSlot(
            replica: ReplicaID(service: spec.name, index: replica.index),
            phase: replica.startsAt > now ? .pending : isReady(replica) ? .ready : .unready)
        slot.instances = instances(of: replica)
        slot.instance = replica.instance
        slot.startedAt = replica.startsAt
        slot.turnedAt = isReady(replica) ? replica.readyAt ?? replica.startsAt : replica.startsAt
        return slot
    }

    private mutating func report(on load: OfferedLoad, isWild: Bool) -> LoadReport {
        let offered = load.value(at: now)
        let serving = replicas.filter { isReady($0) }.flatMap { instances(of: $0) }
        let each = offered / max(1, serving.count)
        let running = replicas.flatMap { instances(of: $0) }
        let readings = autoscale.metrics.enumerated().map { number, metric -> LoadReport.Reading in
            if isWild, random.chance(percent: 5) { return .failed("connection refused") }
            let reading = LoadReading(metric: metric, resources: spec.resources, strength: 1_000 - 300 * number)
            guard metric.isOfReplicas else { return .service(reading.value(of: reading.isShared ? each : offered)) }
            let known = isWild ? running.filter { _ in random.chance(percent: 95) } : running
            return .instances(
                known.map { id in
                    let value = reading.value(of: serving.contains(id) ? each : 0)
                    return LoadReport.Sample(
                        instance: id, value: load.reading(of: value, at: now, id.serial), time: now,
                        window: autoscale.interval)
                })
        }
        let processor = running.map { LoadReport.Sample(instance: $0, value: each + Int($0.serial % 5), time: now) }
        return LoadReport(
            readings: readings, processor: processor, connections: isReachable ? (offered + 999) / 1_000 : nil,
            host: isWild ? wildHost() : HostRoom())
    }

    private mutating func wildHost() -> HostRoom {
        guard random.chance(percent: 20) else { return HostRoom(cpuPressure: 100, memoryPressure: 0) }
        return HostRoom(
            cpuPressure: random.below(1_000), memoryPressure: random.below(400),
            availableMemory: ByteCount(Int64(random.below(8_000)) << 20), memory: ByteCount(16 << 30),
            cpus: Millicores(random.number(in: 1...16) * 1_000))
    }

    // MARK: The end

    /// There are as many as the load takes, but for what the tolerance, the bounds and what is forbidden leave.
    private func checkConvergence() -> Objection? {
        let offered = calm.base
        let isFrozen = [autoscale.scaleUp, autoscale.scaleDown].contains { $0.select == .disabled }
        guard !isFrozen, offered > 0 || !isReachable || autoscale.minimum > 0 else {
            let isIdle = offered == 0 && autoscale.scaleDown.select != .disabled && autoscale.minimum == 0
            return isIdle && !replicas.isEmpty
                ? Objection(.stability, "has \(replicas.count) replicas, and nobody needs it") : nil
        }
        let needs = autoscale.metrics.enumerated().map { number, metric in
            LoadReading(metric: metric, resources: spec.resources, strength: 1_000 - 300 * number)
                .need(for: offered)
        }
        let need = needs.max() ?? 0
        // What rounding down may take from a reading.
        let slack = 0.15
        let (up, down) = (Double(autoscale.scaleUp.tolerance) / 1_000, Double(autoscale.scaleDown.tolerance) / 1_000)
        let bounded = { (number: Double) in max(autoscale.minimum, min(autoscale.maximum, Int(number.rounded(.up)))) }
        let least = bounded(need / (1 + up) - slack)
        let most = max(1, bounded(need / (1 - down) + slack))
        guard replicas.count < least || replicas.count > most else { return nil }
        return Objection(
            .stability, "settles at \(replicas.count) replicas, and its load takes \(least) to \(most)")
    }
}
