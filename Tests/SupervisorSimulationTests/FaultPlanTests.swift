import StackModel
import SupervisorCore
import Testing

@testable import SupervisorSimulation

@Suite struct FaultPlanTests {
    private func plans() throws -> [FaultPlan] {
        let stack = StackSpec(name: "two", directory: "/", services: [try service("alpha"), try service("bravo")])
        return (1...500 as ClosedRange<UInt64>).map { seed in
            var random = SplitMix64(seed: seed)
            return FaultPlan(for: stack, random: &random)
        }
    }

    @Test func nothingGoesWrongOnceTheWorldIsHealed() throws {
        for plan in try plans() {
            for service in 0..<2 { #expect(plan.faults(of: service, at: plan.healsAt).isEmpty) }
        }
    }

    @Test func everyFaultOccurs() throws {
        let all = try plans().flatMap(\.windows).reduce(into: FaultSet()) { $0.formUnion($1.faults) }
        for fault in Fault.allCases { #expect(all.contains(fault)) }
    }

    @Test func commandsComeInOrderAndOnlyLateOnesAfterAShutdown() throws {
        for plan in try plans() {
            let times = plan.orders.map(\.time)
            #expect(times == times.sorted())
            let hasShutdown = plan.orders.contains { $0.command.isShutdown }
            #expect(hasShutdown == (plan.ending != .everythingStarts))
        }
    }

    @Test func stacksAreAppliedInTheirOrderAndEveryOrderOccurs() throws {
        let plans = try plans()
        for plan in plans {
            let applied = plan.orders.compactMap { order in
                if case .apply(let stack, _) = order.command { stack } else { nil }
            }
            // A shutdown may come before the last of them.
            #expect(applied == Array(plan.stacks.dropFirst().prefix(applied.count)))
        }
        #expect(plans.contains { $0.stacks.count > 3 })
        #expect(plans.contains { $0.scales.contains { $0.1 == 0 } })
        let hasSignal = plans.flatMap(\.orders).contains { order in
            if case .signal = order.command { true } else { false }
        }
        #expect(hasSignal)
    }

    @Test func aWindowConcernsItsServiceAndItsTime() throws {
        var plan = try #require(plans().first)
        plan.healsAt = .at(100)
        plan.windows = [FaultPlan.Window(start: .at(1), end: .at(2), service: 1, faults: FaultSet(.crashing))]
        #expect(plan.faults(of: 1, at: .at(1)).contains(.crashing))
        #expect(plan.faults(of: 0, at: .at(1)).isEmpty)
        #expect(plan.faults(of: 1, at: .at(2)).isEmpty)
    }
}
