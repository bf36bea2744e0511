import StackModel
import SupervisorCore
import Testing

@testable import SupervisorSimulation

/// The ledger finds what is wrong with decisions.
@Suite struct ScalingLedgerTests {
    /// The invariant that a decision for so many replicas breaks. Each replica is as busy as right where `load` is 100.
    private func broken(
        _ ledger: inout ScalingLedger, from current: Int, to desired: Int, load: Int, at seconds: Double = 100,
        host: HostRoom = HostRoom(), minimum: Int = 1, connections: Int? = nil,
        _ change: (inout AutoscaleSpec) -> Void = { _ in }
    ) throws -> Invariant? {
        let situation = try situation(
            [.queue], [.service(load * current)], Array(repeating: .ready, count: current), at: .at(seconds),
            minimum: minimum, host: host, connections: connections, change)
        let recommended = (load * current + 99) / 100
        let isTolerated = (90...110).contains(load)
        let decision = ScalingDecision(
            time: .at(seconds), current: current, desired: desired, recommendation: isTolerated ? current : recommended)
        return ledger.judge(decision, of: situation)?.invariant
    }

    private func broken(
        from current: Int, to desired: Int, load: Int, host: HostRoom = HostRoom(),
        _ change: (inout AutoscaleSpec) -> Void = { _ in }
    ) throws -> Invariant? {
        var ledger = ScalingLedger()
        return try broken(&ledger, from: current, to: desired, load: load, host: host, change)
    }

    private func atOnce(_ spec: inout AutoscaleSpec) { spec.scaleDown.stabilizationWindow = .zero }

    @Test func whatFollowsTheLoadBreaksNothing() throws {
        #expect(try broken(from: 2, to: 4, load: 200) == nil)
        #expect(try broken(from: 4, to: 2, load: 50, atOnce) == nil)
        #expect(try broken(from: 3, to: 3, load: 105) == nil)
    }

    @Test func changesThatNothingAsksFor() throws {
        #expect(try broken(from: 3, to: 4, load: 105) == .pace)
        #expect(try broken(from: 3, to: 2, load: 100, atOnce) == .pace)
        #expect(try broken(from: 2, to: 2, load: 200) == .pace)
    }

    @Test func boundsThatAreNotKept() throws {
        #expect(try broken(from: 12, to: 12, load: 100) == .bounds)
        #expect(try broken(from: 12, to: 10, load: 100) == nil)
        #expect(try broken(from: 8, to: 16, load: 200) == .pace)
        #expect(try broken(from: 8, to: 10, load: 200) == nil)
    }

    @Test func aRiseBeyondItsPolicy() throws {
        let one = { (spec: inout AutoscaleSpec) in
            spec.scaleUp.policies = [.init(.replicas(1), period: .seconds(30))]
        }
        var ledger = ScalingLedger()
        #expect(try broken(&ledger, from: 2, to: 3, load: 200, at: 100, one) == nil)
        var early = ledger
        #expect(try broken(&early, from: 3, to: 4, load: 200, at: 120, one) == .pace)
        #expect(try broken(&ledger, from: 3, to: 4, load: 200, at: 131, one) == nil)
    }

    @Test func aFallWithinItsWindow() throws {
        var ledger = ScalingLedger()
        #expect(try broken(&ledger, from: 4, to: 4, load: 100, at: 100) == nil)
        #expect(try broken(&ledger, from: 4, to: 2, load: 50, at: 200) == .pace)
        #expect(try broken(&ledger, from: 4, to: 2, load: 50, at: 401) == nil)
    }

    @Test func aRiseThatTheHostHasNoRoomFor() throws {
        let pressed = HostRoom(cpuPressure: 950)
        #expect(try broken(from: 2, to: 4, load: 200, host: pressed) == .room)
        #expect(try broken(from: 2, to: 2, load: 200, host: pressed) == nil)
        let short = HostRoom(availableMemory: ByteCount(3 << 29))
        #expect(try broken(from: 2, to: 4, load: 200, host: short) == .room)
        #expect(try broken(from: 2, to: 3, load: 200, host: short) == nil)
        let promised = HostRoom(memory: ByteCount(3 << 30))
        #expect(try broken(from: 2, to: 4, load: 200, host: promised) == .room)
    }

    @Test func noneTooEarlyAndNoneTooLate() throws {
        func step(_ ledger: inout ScalingLedger, to desired: Int, at seconds: Double, _ connections: Int) throws
            -> Invariant?
        {
            try broken(
                &ledger, from: 1, to: desired, load: 0, at: seconds, minimum: 0, connections: connections
            ) { $0.idleAfter = .seconds(60) }
        }
        var ledger = ScalingLedger()
        #expect(try step(&ledger, to: 1, at: 100, 1) == nil)
        #expect(try step(&ledger, to: 1, at: 110, 0) == nil)
        var early = ledger
        #expect(try step(&early, to: 0, at: 160, 0) == .idle)
        var late = ledger
        #expect(try step(&late, to: 1, at: 171, 0) == .idle)
        #expect(try step(&ledger, to: 0, at: 171, 0) == nil)
    }

    @Test func aRecommendationThatIsNotTheMetrics() throws {
        let situation = try situation([.inflight], [.ofReplicas([200, 200])], [.ready, .ready])
        let decision = ScalingDecision(time: .at(100), current: 2, desired: 3, recommendation: 3)
        var ledger = ScalingLedger()
        #expect(ledger.judge(decision, of: situation)?.invariant == .recommendation)
    }

    @Test func aSurgeThatCounts() throws {
        let situation = try situation([.inflight], [.ofReplicas([100, 100])], [.ready, .ready])
        let verdict = MetricVerdict(
            metric: .inflight, outcome: .proposal(replicas: 2, value: 100, ratio: 1_000, .init(ready: 3)))
        let decision = ScalingDecision(time: .at(100), current: 2, desired: 2, metrics: [verdict], recommendation: 2)
        var ledger = ScalingLedger()
        #expect(ledger.judge(decision, of: situation)?.invariant == .recommendation)
    }

    @Test func whoeverGoes() throws {
        func broken(_ phases: [ScaledSlot.Phase], _ values: [Int], without index: Int) throws -> Invariant? {
            let situation = try situation([.inflight], [.ofReplicas(values)], phases)
            let gone = situation.slots[index].replica
            let decision = ScalingDecision(time: .at(100), current: 3, desired: 2, removed: [gone])
            return RemovalOracle(situation: situation).objection(to: decision)?.invariant
        }
        let ready = [ScaledSlot.Phase](repeating: .ready, count: 3)
        #expect(try broken(ready, [50, 10, 50], without: 1) == nil)
        #expect(try broken(ready, [50, 10, 50], without: 0) == .leastLoaded)
        #expect(try broken([.ready, .ready, .unready], [50, 10, 60], without: 2) == nil)
        #expect(try broken([.ready, .ready, .unready], [50, 10, 60], without: 1) == .leastLoaded)
    }
}
