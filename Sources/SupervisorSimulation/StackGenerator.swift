import StackModel
import SupervisorCore

/// Makes random stacks that the stack file's checks would let through: no cycles, nothing dangling, sound numbers.
struct StackGenerator {
    var random: SplitMix64

    init(random: SplitMix64) {
        self.random = random
    }

    static let names = ["alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel"]
        .compactMap { ServiceName($0) }

    /// One to eight services, the most often two or three. A service depends only on those made before it.
    mutating func stack() -> StackSpec {
        let count = min(1 + random.below(4) + random.below(5) * random.below(2), Self.names.count)
        var names = Self.names
        names.shuffle(using: &random)
        var services: [ServiceSpec] = []
        for name in names.prefix(count) {
            let dependencies = dependencies(among: services)
            for dependency in dependencies where dependency.condition == .completedSuccessfully {
                guard let index = services.firstIndex(where: { $0.name == dependency.service }) else { continue }
                services[index].isAwaitedToComplete = true
            }
            services.append(service(name, dependencies: dependencies))
        }
        return StackSpec(name: "world", directory: "/", services: services)
    }

    mutating func dependencies(among services: [ServiceSpec]) -> [DependencySpec] {
        services.compactMap { service in
            guard random.chance(percent: service.schedule == nil ? 45 : 15) else { return nil }
            // What is awaited to complete is seldom waited for as something that serves, and the other way round: such
            // a dependent starts in time, or never.
            if service.isAwaitedToComplete || service.schedule != nil {
                let condition: DependencySpec.Condition =
                    random.chance(percent: 15) ? .healthy : .completedSuccessfully
                return DependencySpec(service: service.name, condition: condition)
            }
            let condition: DependencySpec.Condition =
                switch random.below(10) {
                case 0..<3: .started
                case 3..<8: .healthy
                default: mayComplete(service, among: services) ? .completedSuccessfully : .healthy
                }
            return DependencySpec(
                service: service.name, condition: condition,
                restart: condition != .completedSuccessfully && random.chance(percent: 30))
        }
    }

    /// A later service can wait for its end, which is seldom done where another relies on it to serve.
    private mutating func mayComplete(_ service: ServiceSpec, among services: [ServiceSpec]) -> Bool {
        let isReliedOn = services.contains { other in
            other.dependencies.contains { $0.service == service.name && $0.condition == .healthy }
        }
        return !service.shouldStayUp && service.autoscale == nil && random.chance(percent: isReliedOn ? 15 : 100)
    }

    mutating func service(_ name: ServiceName, dependencies: [DependencySpec]) -> ServiceSpec {
        let isBare = random.chance(percent: 40)
        let probes = isBare ? ProbeSet() : probes()
        let isRouted = !isBare && random.chance(percent: 25)
        var spec = ServiceSpec(
            name: name, revision: Revision("r1"), process: ProcessSpec(command: command(flawed: 5)),
            replicas: random.chance(percent: 60) ? 1 : random.number(in: 2...4), dependencies: dependencies,
            listeners: !isBare && random.chance(percent: 25) ? listeners() : [],
            ports: isRouted ? [PortSpec(name: "http", assignment: .automatic)] : [],
            notify: !isBare && random.chance(percent: 35), probes: probes,
            startTimeout: random.chance(percent: 30) ? startTimeout(for: probes.startup) : nil,
            watchdog: !isBare && random.chance(percent: 15) ? random.milliseconds(2_000...10_000) : nil,
            restart: restart(isBare: isBare), stop: stop(),
            schedule: random.chance(percent: 15) ? schedule() : nil, routes: isRouted ? routes() : [],
            rollout: rollout(for: probes), secrets: random.chance(percent: 15) ? secrets() : [],
            onSecretChange: random.pick([.rollout, .signal(.hangup), .nothing]),
            executable: random.chance(percent: 50) ? executable() : nil)
        if random.chance(percent: 30) { spec.resources = resources() }
        if random.chance(percent: 25) { spec.autoscale = autoscale(for: spec) }
        return spec
    }

    /// When runs are due is the world's affair.
    mutating func schedule() -> ScheduleSpec {
        ScheduleSpec(
            trigger: .interval(.seconds(60)), overlap: random.pick(ScheduleSpec.Overlap.allCases),
            runsOnStart: random.chance(percent: 40), history: random.below(4))
    }

    mutating func listeners() -> [ListenerSpec] {
        [ListenerSpec(name: "http", address: .tcp(host: "127.0.0.1", port: UInt16(8_000 + random.below(1_000))))]
    }

    private mutating func probes() -> ProbeSet {
        ProbeSet(
            startup: random.chance(percent: 30) ? probe(anyHandler(), period: 250...2_000) : nil,
            readiness: random.chance(percent: 50) ? probe(anyHandler(), period: 1_000...15_000) : nil,
            liveness: random.chance(percent: 30) ? probe(.exec(command: ["probe"]), period: 2_000...15_000) : nil)
    }

    /// One that is asked again and again, or one of those that are told once.
    private mutating func anyHandler() -> ProbeHandler {
        switch random.below(10) {
        case 0: .notify
        case 1: .log(pattern: "started")
        default: .exec(command: ["probe"])
        }
    }

    /// Enough for a process that does as it should, or a start could never succeed.
    private mutating func startTimeout(for probe: ProbeSpec?) -> Duration {
        let least = probe.map { $0.initialDelay + ($0.period + $0.timeout) * $0.successThreshold } ?? .zero
        return least + random.milliseconds(1_000...15_000)
    }

    private mutating func probe(_ handler: ProbeHandler, period: ClosedRange<Int>) -> ProbeSpec {
        let isRepeated = if case .exec = handler { true } else { false }
        return ProbeSpec(
            handler: handler,
            initialDelay: random.chance(percent: 30) ? random.milliseconds(0...3_000) : .zero,
            period: random.milliseconds(period), timeout: random.milliseconds(100...2_000),
            successThreshold: isRepeated && random.chance(percent: 20) ? 2 : 1,
            failureThreshold: random.number(in: 1...4))
    }

    private mutating func restart(isBare: Bool) -> RestartSpec {
        let mode: RestartSpec.Mode =
            switch random.below(10) {
            case 0..<2: .no
            case 2..<5: .onFailure(maximumRetries: random.chance(percent: 50) ? random.number(in: 0...4) : nil)
            case 5..<8: .always
            default: .unlessStopped
            }
        let initial = random.number(in: 50...2_000)
        return RestartSpec(
            mode: mode,
            backoff: .init(
                initial: .milliseconds(initial), factorThousandths: random.pick([1_000, 1_500, 2_000, 3_000]),
                maximum: random.milliseconds(initial...30_000)),
            budget: random.chance(percent: 35)
                ? .init(restarts: random.number(in: 0...4), within: random.milliseconds(5_000...90_000)) : nil)
    }

    private mutating func stop() -> StopSpec {
        StopSpec(
            preStop: random.chance(percent: 20) ? ["hook"] : nil,
            drain: random.chance(percent: 25) ? random.milliseconds(100...3_000) : .zero,
            signal: random.chance(percent: 80) ? .terminate : .interrupt,
            gracePeriod: random.chance(percent: 10) ? .zero : random.milliseconds(200...10_000))
    }
}
