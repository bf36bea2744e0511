import StackModel
import SupervisorCore
import Testing

@testable import SupervisorSimulation

@Suite struct StackGeneratorTests {
    private static let stacks: [StackSpec] = (1...500 as ClosedRange<UInt64>).map { seed in
        var generator = StackGenerator(random: SplitMix64(seed: seed))
        return generator.stack()
    }

    /// Each a few edits away from one of the above.
    private static let successors: [StackSpec] = stacks.enumerated().map { seed, stack in
        var generator = StackGenerator(random: SplitMix64(seed: UInt64(seed)))
        return generator.successor(of: stack, number: 2)
    }

    @Test func everyDependencyExistsAndNoneIsInACycle() {
        for stack in Self.stacks + Self.successors {
            var open = stack.services
            var started: Set<ServiceName> = []
            // In each round at least one service has all of its dependencies: so there is no cycle and none is missing.
            while !open.isEmpty {
                let startable = open.filter { $0.dependencies.allSatisfy { started.contains($0.service) } }
                #expect(!startable.isEmpty)
                guard !startable.isEmpty else { break }
                started.formUnion(startable.map(\.name))
                open.removeAll { started.contains($0.name) }
            }
            #expect(started.count == stack.services.count)
        }
    }

    @Test func numbersAreSound() {
        for service in (Self.stacks + Self.successors).flatMap(\.services) {
            #expect((1...4).contains(service.replicas))
            #expect(service.restart.backoff.initial <= service.restart.backoff.maximum)
            for role in ProbeRole.allCases {
                guard let probe = service.probes[role] else { continue }
                #expect(probe.period > .zero && probe.timeout > .zero && probe.initialDelay >= .zero)
                #expect(probe.successThreshold >= 1 && probe.failureThreshold >= 1)
            }
        }
    }

    @Test func whatIsAwaitedToCompleteCan() {
        for stack in Self.stacks + Self.successors {
            for dependency in stack.services.flatMap(\.dependencies) {
                let service = stack.services.first { $0.name == dependency.service }
                let isAwaited = dependency.condition == .completedSuccessfully
                if isAwaited { #expect(service?.isAwaitedToComplete == true && service?.shouldStayUp == false) }
            }
        }
    }

    @Test func aRevisionStandsForWhatInstancesAreMadeOf() {
        for (stack, next) in zip(Self.stacks, Self.successors) {
            for service in next.services {
                guard let before = stack.services.first(where: { $0.name == service.name }) else { continue }
                guard before.revision == service.revision else { continue }
                var same = service
                same.replicas = before.replicas
                same.schedule = before.schedule
                same.resources = before.resources
                same.autoscale = before.autoscale
                #expect(same == before)
            }
        }
        #expect(zip(Self.stacks, Self.successors).contains { $0 == $1 })
        #expect(Self.successors.flatMap(\.services).contains { $0.revision == Revision("r2") })
    }

    @Test func whatIsScaledByItsLoadCanBe() {
        let services = (Self.stacks + Self.successors).flatMap(\.services)
        for service in services {
            guard let autoscale = service.autoscale else { continue }
            #expect(service.shouldStayUp && autoscale.minimum <= autoscale.maximum && !autoscale.metrics.isEmpty)
            #expect(autoscale.minimum > 0 || service.canComeBack(by: autoscale.metrics))
            #expect(autoscale.interval >= .seconds(1))
        }
        let all = services.compactMap(\.autoscale)
        #expect(all.contains { $0.minimum == 0 } && all.contains { $0.metrics.count > 1 })
        #expect(Set(all.map(\.scaleUp.select)).count == AutoscaleSpec.PolicyChoice.allCases.count)
        let shared = all.flatMap(\.metrics).filter { if case .value = $0.target { true } else { false } }
        #expect(!shared.isEmpty)
    }

    @Test func everythingOccurs() {
        let services = Self.stacks.flatMap(\.services)
        let conditions = Set(services.flatMap(\.dependencies).map(\.condition))
        #expect(conditions.count == DependencySpec.Condition.allCases.count)
        #expect(
            Self.stacks.contains { stack in
                let oneShots = Set(stack.services.filter(\.isAwaitedToComplete).map(\.name))
                return stack.services.flatMap(\.dependencies).contains {
                    $0.condition == .healthy && oneShots.contains($0.service)
                }
            })
        #expect(Set(Self.stacks.map(\.services.count)) == Set(1...8))
        #expect(services.contains { $0.restart.mode == .no } && services.contains { $0.restart.mode == .unlessStopped })
        #expect(services.contains { $0.restart.mode == .onFailure(maximumRetries: nil) })
        #expect(services.contains { $0.restart.budget != nil } && services.contains { $0.watchdog != nil })
        #expect(services.contains { $0.notify } && services.contains { !$0.listeners.isEmpty })
        #expect(services.contains { $0.startTimeout != nil } && services.contains { $0.stop.preStop != nil })
        #expect(services.contains { $0.stop.drain > .zero } && services.contains { $0.stop.gracePeriod == .zero })
        #expect(Set(services.compactMap(\.schedule?.overlap)).count == ScheduleSpec.Overlap.allCases.count)
        for role in ProbeRole.allCases { #expect(services.contains { $0.probes[role] != nil }) }
        #expect(services.contains { $0.probes.startup?.isToldOnce == true })
        #expect(services.contains { $0.probes.readiness?.isAsked == false })
    }
}
