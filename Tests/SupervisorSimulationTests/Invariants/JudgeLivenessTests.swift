import StackModel
import Testing

@testable import SupervisorCore
@testable import SupervisorSimulation

/// The judge knows when a stack is where it was asked to be, and until when it has to get there.
@Suite struct JudgeLivenessTests {
    @Test func aStackThatDoesNotComeUp() throws {
        let alpha = try service("alpha", notify: true)
        var bench = Bench(alpha)
        try bench.run(1, .of(alpha))
        #expect(try !bench.judge.hasRisen(by: .at(10)))
        try bench.tell(.timePassed, at: 11)
        #expect(brokenInvariant { () throws(Violation) in _ = try bench.judge.hasRisen(by: .at(10)) } == .liveness)
        try bench.tell(.notified(.number(1), .ready), at: 12)
        #expect(try bench.judge.hasRisen(by: .at(10)))
    }

    @Test func aStackThatDoesNotEnd() throws {
        let alpha = try service("alpha")
        var bench = Bench(alpha)
        try bench.run(1, .of(alpha))
        try bench.stop(1, alpha, at: 1)
        #expect(try !bench.judge.hasFallen(by: .at(10)))
        try bench.tell(.timePassed, at: 11)
        #expect(brokenInvariant { () throws(Violation) in _ = try bench.judge.hasFallen(by: .at(10)) } == .liveness)
        #expect(brokenInvariant { () throws(Violation) in try bench.judge.checkEnd() } == .liveness)
    }

    @Test func aStackThatHasEnded() throws {
        var bench = Bench()
        try bench.tell(.command(.shutdown(immediately: false)), at: 1, [.stackStopped])
        #expect(try bench.judge.hasFallen(by: .origin))
        #expect(brokenInvariant { () throws(Violation) in try bench.judge.checkEnd() } == nil)
    }

    /// It was ready, it has completed, and its dependent came too late: nothing is to be waited for.
    @Test func whatWaitsForTheReadinessOfWhatHasCompleted() throws {
        let alpha = try service("alpha", restart: RestartSpec(mode: .no))
        let bravo = try service("bravo", notify: true, restart: RestartSpec(mode: .always))
        let charlie = try service("charlie", dependsOn: [(alpha, .healthy), (bravo, .healthy)])
        var bench = Bench(alpha, bravo, charlie)
        try bench.start(bench.make(1, .of(alpha)) + bench.make(2, .of(bravo)))
        try bench.tell(.spawned(.number(1), pid: 100))
        try bench.tell(.spawned(.number(2), pid: 101))
        try bench.tell(
            .exited(.number(1), .exited(code: 0), leftovers: false), at: 1,
            bench.finish(1) + [.publish(.completed, about: .replica(.of(alpha)))])
        #expect(try !bench.judge.hasRisen(by: .at(10)))
        try bench.tell(.notified(.number(2), .ready), at: 2)
        #expect(try bench.judge.hasRisen(by: .at(10)))
        #expect(!bench.judge.told.isAsDesired)
        #expect(brokenInvariant { () throws(Violation) in try bench.show(charlie, .failed) } == nil)
        #expect(brokenInvariant { () throws(Violation) in try bench.show(charlie, .waiting) } == .readiness)
    }
}

extension Bench {
    /// The core shows a service of one replica, which has no instance, in that state.
    fileprivate func show(_ service: ServiceSpec, _ state: ReplicaPhase) throws(Violation) {
        let replica = ReplicaSnapshot(
            id: .of(service), state: state, isReady: false, instance: nil, pid: nil, restarts: 0,
            restartCauses: [], revision: Revision(""), since: .origin, reason: "", status: nil)
        let shown = ServiceSnapshot(
            name: service.name, desired: .running, revision: Revision(""), dependencies: [], wantedReplicas: 1,
            replicas: [replica], runs: [], history: [])
        try judge.checkReplicas(of: [shown])
    }
}
