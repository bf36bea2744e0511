import Testing

@testable import SupervisorSimulation

@Suite struct ScalingWorldTests {
    @Test func everyInvariantHoldsInTheFirstTraces() {
        for seed in 1...200 as ClosedRange<UInt64> {
            var trace: Trace?
            let violation = ScalingWorld.run(seed: seed, trace: &trace).violation
            #expect(violation == nil, "seed \(seed)")
        }
    }

    @Test func aTraceComesOutTheSameEveryTimeAndOthersDiffer() {
        let digests = (1...20 as ClosedRange<UInt64>).map { seed in
            var (first, second): (Trace?, Trace?) = (nil, nil)
            let outcome = ScalingWorld.run(seed: seed, trace: &first)
            #expect(outcome.digest == ScalingWorld.run(seed: seed, trace: &second).digest)
            return outcome.digest
        }
        #expect(Set(digests).count > 15)
    }
}
