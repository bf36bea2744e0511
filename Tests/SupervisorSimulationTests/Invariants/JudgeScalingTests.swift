import StackModel
import SupervisorCore
import Testing

@testable import SupervisorSimulation

/// The judge finds what is wrong with services that are scaled by their load.
@Suite struct JudgeScalingTests {
    private func scaled(minimum: Int, replicas: Int = 1, isReachable: Bool = false) throws -> ServiceSpec {
        let listener = ListenerSpec(name: "http", address: .tcp(host: "127.0.0.1", port: 8_000))
        var spec = try service("alpha", replicas: replicas, listeners: isReachable ? [listener] : [])
        spec.autoscale = AutoscaleSpec(minimum: minimum, maximum: 4, metrics: [.queue], interval: .seconds(5))
        return spec
    }

    private func written(_ spec: ServiceSpec, _ replicas: Int) -> Effect {
        .record(.scaled(spec.name, Scale(replicas, by: .autoscaler)))
    }

    private func request(_ spec: ServiceSpec, run: UInt64, _ instances: [UInt64]) -> Effect {
        .measureLoad(
            LoadRequest(
                service: spec.name, run: run, metrics: spec.autoscale?.metrics ?? [],
                instances: instances.map { .number($0) }))
    }

    /// One that runs, and has been measured once: it takes two.
    private func measured(_ spec: ServiceSpec) throws -> Bench {
        var bench = Bench(spec)
        try bench.run(1, .of(spec))
        try bench.tell(.timePassed, at: 5, [request(spec, run: 1, [1])])
        return bench
    }

    private func decision(_ desired: Int) -> ScalingDecision {
        ScalingDecision(time: .at(6), current: 1, desired: desired, recommendation: 2)
    }

    private func answer(_ spec: ServiceSpec) -> Event {
        .loadMeasured(spec.name, run: 1, LoadReport(readings: [.service(200)]))
    }

    @Test func aRiseByTheRulesBreaksNothing() throws {
        let spec = try scaled(minimum: 1)
        var bench = try measured(spec)
        #expect(
            brokenInvariant { () throws(Violation) in
                try bench.judge.take(answer(spec), at: .at(6))
                try bench.judge.check(decision(2), of: spec.name)
                try bench.judge.take([written(spec, 2)] + bench.make(2, .of(spec, 1)), nextDeadline: nil)
            } == nil)
        #expect(bench.judge.told.services[0].wanted == 2)
    }

    @Test func aDecisionThatNothingBecomesOf() throws {
        let spec = try scaled(minimum: 1)
        var bench = try measured(spec)
        #expect(
            brokenInvariant { () throws(Violation) in
                try bench.judge.take(answer(spec), at: .at(6))
                try bench.judge.check(decision(2), of: spec.name)
                try bench.judge.take([], nextDeadline: nil)
            } == .scale)
    }

    @Test func aChangeThatNothingHasAskedFor() throws {
        let spec = try scaled(minimum: 1)
        var bench = try measured(spec)
        #expect(
            brokenInvariant { () throws(Violation) in
                try bench.tell(.timePassed, at: 6, [written(spec, 2)] + bench.make(2, .of(spec, 1)))
            } == .scale)
    }

    @Test func loadThatIsMeasuredOfTheWrongOnesOrNotAtAll() throws {
        let spec = try scaled(minimum: 1)
        var bench = try measured(spec)
        let other = request(spec, run: 2, [7])
        #expect(
            brokenInvariant { () throws(Violation) in try bench.tell(.timePassed, at: 10, [other]) } == .recommendation)
        bench = try measured(spec)
        #expect(brokenInvariant { () throws(Violation) in try bench.tell(.timePassed, at: 11) } == .recommendation)
    }

    /// It has its listener and no replica.
    private func down(_ spec: ServiceSpec, _ effects: [Effect]) throws(Violation) -> Bench {
        var bench = Bench(spec)
        try bench.start([.openListeners([ServiceRevision(spec)])])
        try bench.tell(.listenersOpened(spec.name), effects)
        return bench
    }

    @Test func aConnectionThatIsNotAwaitedOrAwaitedTwice() throws {
        let spec = try scaled(minimum: 0, replicas: 0, isReachable: true)
        #expect(brokenInvariant { () throws(Violation) in _ = try down(spec, []) } == .idle)
        let twice = [Effect](repeating: .awaitConnection(spec.name), count: 2)
        #expect(brokenInvariant { () throws(Violation) in _ = try down(spec, twice) } == .idle)
        #expect(
            brokenInvariant { () throws(Violation) in
                var bench = try down(spec, [.awaitConnection(spec.name)])
                try bench.tell(.timePassed, at: 1, [.ignoreConnections(spec.name)])
            } == .idle)
    }

    @Test func aConnectionThatNobodyAnswers() throws {
        let spec = try scaled(minimum: 0, replicas: 0, isReachable: true)
        #expect(
            brokenInvariant { () throws(Violation) in
                var bench = try down(spec, [.awaitConnection(spec.name)])
                try bench.tell(.connectionWaiting(spec.name), at: 1)
            } == .idle)
        #expect(
            brokenInvariant { () throws(Violation) in
                var bench = try down(spec, [.awaitConnection(spec.name)])
                try bench.tell(.connectionWaiting(spec.name), at: 1, [written(spec, 1)] + bench.make(1, .of(spec)))
                // A second one finds nobody who waits for it.
                try bench.tell(.connectionWaiting(spec.name), at: 2)
            } == nil)
    }

    @Test func whatNeedsAServiceThatIsDownOnDemandIsStarted() throws {
        let spec = try scaled(minimum: 0, replicas: 0, isReachable: true)
        let bravo = try service("bravo", dependsOn: [(spec, .healthy)])
        var bench = Bench(spec, bravo)
        try bench.start([.openListeners([ServiceRevision(spec)])])
        #expect(
            brokenInvariant { () throws(Violation) in
                try bench.tell(.listenersOpened(spec.name), [.awaitConnection(spec.name)])
            } == .promptness)
    }

    @Test func growingFillsTheLowestThatIsFree() throws {
        let spec = try scaled(minimum: 1, replicas: 3)
        var bench = Bench(spec)
        bench.judge.told.services[0].scale = Scale(2, by: .autoscaler)
        bench.judge.told.fit(0, removing: [0])
        #expect(bench.judge.told.services[0].wantedReplicas == [1, 2])
        bench.judge.told.scale(spec.name, to: 3)
        #expect(bench.judge.told.services[0].wantedReplicas == [0, 1, 2])
        bench.judge.told.scale(spec.name, to: 1)
        #expect(bench.judge.told.services[0].wantedReplicas == [0])
    }
}
