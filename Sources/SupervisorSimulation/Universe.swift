import StackModel
import SupervisorCore

/// All services that a world can ever have: those of the stack that it begins with, and of the ones applied later.
struct Universe {
    /// In the order in which they are applied.
    let stacks: [StackSpec]
    /// Each as the first stack that has it says, in the order of their names.
    let services: [ServiceSpec]
    let indices: [ServiceName: Int]
    /// Revisions that are bad stay so when the world heals.
    let hasLastingFlaws: Bool
    private let replicaLimits: [ServiceName: Int]

    init(_ stacks: [StackSpec], scales: [(ServiceName, Int)] = [], hasLastingFlaws: Bool = false) {
        self.hasLastingFlaws = hasLastingFlaws
        self.stacks = stacks
        var services: [ServiceSpec] = []
        var limits: [ServiceName: Int] = [:]
        for spec in stacks.flatMap(\.services) {
            if limits[spec.name] == nil { services.append(spec) }
            limits[spec.name] = max(limits[spec.name] ?? 0, spec.replicas, spec.autoscale?.maximum ?? 0)
        }
        for (name, number) in scales { limits[name] = max(limits[name] ?? 0, number) }
        services.sort { $0.name < $1.name }
        self.services = services
        indices = Dictionary(uniqueKeysWithValues: services.enumerated().map { ($1.name, $0) })
        replicaLimits = limits
    }

    func isInFirst(_ name: ServiceName) -> Bool {
        stacks.first?.services.contains { $0.name == name } ?? false
    }

    func replicaLimit(of name: ServiceName) -> Int { replicaLimits[name] ?? 0 }

    /// More than it takes to stop and start everything one after the other, some failures included, where the world
    /// does as it should.
    var longestUpheaval: Duration {
        let specs = Dictionary(grouping: stacks.flatMap(\.services), by: \.name).values
        return specs.reduce(.seconds(60)) { sum, specs in
            sum + (specs.map(\.longestUpheaval).max() ?? .zero)
        }
    }
}

extension ServiceSpec {
    fileprivate var longestUpheaval: Duration {
        var one = max(stop.gracePeriod, .milliseconds(FaultPlan.longestGrace)) * 3
        one += stop.drain + restart.backoff.maximum + .seconds(30)
        for probe in ProbeRole.allCases.compactMap({ probes[$0] }) {
            one +=
                probe.initialDelay + (probe.period + probe.timeout) * (probe.successThreshold + probe.failureThreshold)
        }
        // As many replicas as there can be, one after the other, each of them twice.
        let rollout = rollout.progressDeadline + rollout.stepsAtLeast
        return one * 2 + rollout * 10
    }
}

extension RolloutSpec {
    /// How long its pauses and analyses take where nobody has to decide.
    fileprivate var stepsAtLeast: Duration {
        steps.reduce(.zero) { sum, step in
            switch step {
            case .replicas: sum
            case .pause(let period): sum + (period ?? .zero)
            case .analysis(let spec): sum + spec.interval * (spec.count + spec.consecutiveErrorLimit)
            }
        }
    }
}
