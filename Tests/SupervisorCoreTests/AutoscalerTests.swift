import StackModel
import Testing

@testable import SupervisorCore

/// What becomes of several metrics, of the host's room, and of a service that may have none.
@Suite struct AutoscalerTests {
    private static let now = Instant(sinceOrigin: .seconds(24 * 3600))
    private let now = Self.now

    private func cpu(_ percent: Int) -> LoadMetric {
        LoadMetric(name: "cpu", source: .cpu, target: .utilization(percent: percent))
    }

    private let queue = LoadMetric(name: "accept_queue", source: .acceptQueue, target: .average(16000))
    private let orders = LoadMetric(
        name: "orders", source: .command(["x"], timeout: .seconds(1)), target: .value(10000))

    /// What was decided of replicas that are all ready for long, and have no window to wait for unless `spec` says so.
    private struct Scene {
        var autoscaler = Autoscaler()
        var spec: AutoscaleSpec
        var resources = ResourceSpec()
        var slots: [LoadSlot]
        var committed = CommittedLimits()
        var now = AutoscalerTests.now

        init(_ replicas: Int, _ metrics: [LoadMetric], _ minimum: Int = 1, _ maximum: Int = 10) {
            spec = AutoscaleSpec(
                minimum: minimum, maximum: maximum, metrics: metrics, scaleUp: Scene.free, scaleDown: Scene.free)
            slots = (0..<replicas).map { Scene.slot($0) }
        }

        /// At once, and as far as need be.
        static let free = AutoscaleSpec.Direction(
            stabilizationWindow: .zero,
            policies: [.init(.replicas(1000), period: .seconds(1)), .init(.percent(1000), period: .seconds(1))])

        static func slot(_ index: Int, beside: Int? = nil) -> LoadSlot {
            LoadSlot(
                index: index,
                state: .running(.init(started: .origin, isReady: true, since: .origin)),
                instances: [Scene.id(index)] + (beside.map { [Scene.id($0)] } ?? []))
        }

        static func id(_ index: Int) -> InstanceID { InstanceID(serial: UInt64(index + 1)) }

        func samples(_ values: [Int?]) -> [LoadReport.Sample] {
            values.enumerated().compactMap { index, value in
                value.map { LoadReport.Sample(instance: Scene.id(index), value: $0, time: now) }
            }
        }

        func each(_ values: Int?...) -> LoadReport.Reading { .instances(samples(values)) }

        mutating func decide(
            _ readings: LoadReport.Reading..., processor: [Int?] = [], memory: [Int?] = [], connections: Int? = nil,
            host: HostRoom = HostRoom()
        ) -> ScalingDecision? {
            let service = ServiceSpec(
                name: "a".asServiceName, revision: Revision("r"), process: ProcessSpec(command: ["x"]),
                resources: resources, autoscale: spec)
            let report = LoadReport(
                readings: readings, processor: samples(processor), memory: samples(memory), connections: connections,
                host: host)
            return autoscaler.decide(
                Autoscaler.Situation(service, slots: slots, report: report, committed: committed), at: now)
        }
    }

    // MARK: As Kubernetes' horizontal_test.go

    @Test func theMetricThatAsksForMostCounts() {
        var scene = Scene(3, [cpu(30), queue])
        // TestScaleUp: 300, 500 and 700 of 1000 at a target of 30 % ask for five.
        let decision = scene.decide(scene.each(300, 500, 700), .service(20000))
        #expect(decision?.desired == 5)
        #expect(decision?.metrics.map(\.proposal) == [5, 2])
        #expect(decision?.reason == "cpu is 50%, 1.66 times its target of 30%: 5 instead of 3")
    }

    @Test func oneThatFailsIsNoReasonNotToHaveMore() {
        // TestScaleUpOneMetricEmpty
        var scene = Scene(3, [cpu(30), orders], 2, 6)
        let decision = scene.decide(scene.each(300, 400, 500), .failed("something went wrong"))
        #expect(decision?.desired == 4)
        #expect(decision?.limits == [])
    }

    @Test func oneThatFailsForbidsToHaveFewer() {
        // TestNoScaleDownOneMetricInvalid, TestNoScaleDownOneMetricEmpty
        var scene = Scene(5, [cpu(50), orders], 2, 6)
        let decision = scene.decide(scene.each(100, 300, 500, 250, 250), .failed("something went wrong"))
        #expect(decision?.desired == 5 && decision?.recommendation == 3)
        #expect(decision?.limits == [.missingMetrics])
        #expect(
            decision?.reason == """
                cpu is 28%, 0.56 times its target of 50%, which asks for 3: 5 stay, as a metric is missing, and the \
                others alone are no reason to have fewer
                """)
    }

    @Test func whereAllFailNothingChanges() {
        var scene = Scene(3, [cpu(50), orders])
        let decision = scene.decide(.failed("no answer"), .failed("exit status 1"))
        #expect(decision?.desired == 3 && decision?.recommendation == nil && decision?.limits == [.noMetrics])
        #expect(decision?.reason == "no metric tells anything; cpu: no answer; orders: exit status 1")
    }

    @Test func theBoundsHoldWhateverTheLoadIs() {
        // TestScaleUpRCImmediately, TestScaleDownRCImmediately
        var few = Scene(1, [cpu(50)], 2, 6)
        #expect(few.decide()?.desired == 2)
        #expect(few.decide()?.reason == "2 instead of 1: 2 is the minimum")
        var many = Scene(6, [cpu(50)], 2, 5)
        #expect(many.decide()?.desired == 5)
        #expect(many.decide()?.metrics == [])
    }

    @Test func noMoreThanThePolicyOrTheMaximum() {
        // TestUpscaleCap, TestUpscaleCapGreaterThanMaxReplicas
        for (maximum, desired, limit) in [(100, 24, ScalingLimit.policy(.up)), (20, 20, .maximum(20))] {
            var scene = Scene(3, [cpu(10)], 1, maximum)
            scene.resources.cpuReservation = Millicores(100)
            scene.spec.scaleUp.policies = [.init(.percent(700), period: .seconds(60))]
            let decision = scene.decide(scene.each(100, 200, 300))
            #expect(decision?.desired == desired && decision?.limits == [limit])
        }
    }

    @Test func surgeIsNoCapacity() {
        // TestMoreReplicasThanSpecNoScale: one of four has its successor beside it, and all are at their target.
        var scene = Scene(4, [cpu(50)], 1, 8)
        scene.slots[3] = Scene.slot(3, beside: 4)
        #expect(scene.decide(scene.each(500, 500, 500, 250, 250))?.desired == 4)
        // What both do is load of one.
        let busy = scene.decide(scene.each(500, 500, 500, 500, 500))
        #expect(busy?.metrics.first?.outcome == .proposal(replicas: 5, value: 62, ratio: 1240, .init(ready: 4)))
        #expect(busy?.desired == 5)
    }

    @Test func whatWasWhenItBeganCountsAsRecommended() {
        // TestStabilizeDownscale
        var scene = Scene(4, [cpu(100)])
        scene.spec.scaleDown.stabilizationWindow = .seconds(300)
        let first = scene.decide(scene.each(100, 100, 100, 100))
        #expect(first?.desired == 4 && first?.recommendation == 1 && first?.stabilized == 4)
        #expect(first?.limits == [.stabilization(.down, since: now)])
        scene.now = now.advanced(by: .seconds(300))
        #expect(scene.decide(scene.each(100, 100, 100, 100))?.desired == 1)
    }

    @Test func scaledDownToNoneByHandItIsSwitchedOff() {
        var scene = Scene(0, [orders])
        #expect(scene.decide(.service(50000)) == nil)
    }

    // MARK: Kinds of metrics

    @Test func aWholeIsOfEachWantedReplicaOrOfAll() {
        var scene = Scene(2, [queue, orders])
        let decision = scene.decide(.service(64000), .service(25000))
        // 64 in the queue, 16 for each: 4; 25 orders where 10 are right for all: two and a half times as many.
        #expect(decision?.metrics.map(\.proposal) == [4, 5])
        // Where each replica has its own queue, it is the same.
        var ports = Scene(2, [queue])
        #expect(ports.decide(ports.each(60000, 4000))?.metrics.map(\.proposal) == [4])
    }

    @Test func memoryCountsInBytesAndByItsRequest() {
        let share = LoadMetric(name: "memory", source: .memory, target: .utilization(percent: 50))
        var scene = Scene(2, [share, LoadMetric(name: "memory", source: .memory, target: .average(100 << 20))])
        let used = scene.each(200 << 20, 100 << 20)
        let unlimited = scene.decide(used, used)
        #expect(unlimited?.metrics.first?.outcome == .failed("nothing says what its utilization is a percentage of"))
        #expect(unlimited?.metrics.last?.proposal == 3)
        scene.resources.memory = ByteCount(150 << 20)
        #expect(scene.decide(used, used)?.metrics.map(\.proposal) == [4, 3])
    }

    @Test func whatIsOfNobodyIsLeftOut() {
        // TestReplicaCalcSuperfluousMetrics
        var scene = Scene(4, [cpu(100)], 1, 100)
        #expect(scene.decide(scene.each(4000, 9500, 3000, 7000, 3200, 2000))?.desired == 24)
    }

    @Test func whatStartsAndWhatIsMissingHoldsBack() {
        var scene = Scene(3, [cpu(50)])
        scene.slots[1].state = .pending
        scene.slots[2].state = .restarting
        // One is twice as busy as it should be: with the two others idle, all is well.
        let up = scene.decide(scene.each(1000))
        #expect(up?.desired == 3)
        #expect(
            up?.reason == """
                cpu is 100%, 0.66 times its target of 50% with those that do not tell yet: 3 are right
                """)
        // It does nothing: the one that is missing is taken to do all that it may.
        let down = scene.decide(scene.each(0))
        #expect(down?.desired == 3)
        #expect(
            down?.metrics.first?.outcome
                == .proposal(replicas: 3, value: 0, ratio: 1000, .init(ready: 1, unready: 1, missing: 1)))
    }

    // MARK: Who goes

    @Test func theLeastLoadedGoesFirst() {
        var scene = Scene(4, [cpu(100)])
        let decision = scene.decide(scene.each(300, 100, 400, 200))
        #expect(decision?.desired == 1)
        #expect(decision?.removed.map(\.index) == [1, 3, 0])
    }

    @Test func whatServesNobodyGoesBeforeAndOfEqualsTheHighest() {
        var scene = Scene(4, [queue])
        scene.slots[1].state = .pending
        let decision = scene.decide(.service(16000), processor: [5, 0, 5, 5])
        #expect(decision?.removed.map(\.index) == [1, 3, 2])
    }

    // MARK: The host's room

    @Test(arguments: [
        (HostRoom(cpuPressure: 901), ScalingLimit.pressure(.cpu, 901, limit: 900)),
        (HostRoom(memoryPressure: 250), .pressure(.memory, 250, limit: 200)),
        (HostRoom(ioPressure: 700), .pressure(.io, 700, limit: 600)),
    ]) func underPressureThereAreNoMore(_ host: HostRoom, _ limit: ScalingLimit) {
        var scene = Scene(2, [cpu(50)])
        let decision = scene.decide(scene.each(1000, 1000), host: host)
        #expect(decision?.desired == 2 && decision?.limits == [limit])
        // Fewer there may be.
        #expect(scene.decide(scene.each(100, 100), host: host)?.desired == 1)
    }

    @Test func pressureAtItsLimitAndNotLookedAtIsNone() {
        var scene = Scene(2, [cpu(50)])
        scene.spec.pressure.memory = nil
        let host = HostRoom(cpuPressure: 900, memoryPressure: 1000)
        #expect(scene.decide(scene.each(1000, 1000), host: host)?.desired == 4)
    }

    @Test func noMoreThanTheMemoryTakes() {
        var scene = Scene(2, [cpu(50)])
        let host = HostRoom(availableMemory: ByteCount(1100 << 20))
        // As much as the largest has.
        let decision = scene.decide(scene.each(2000, 2000), memory: [100 << 20, 400 << 20], host: host)
        #expect(decision?.desired == 4)
        #expect(decision?.limits == [.memory(needed: ByteCount(400 << 20), available: ByteCount(1100 << 20))])
        // As much as it may have; and what starts will take its own yet.
        scene.resources.memory = ByteCount(500 << 20)
        #expect(scene.decide(scene.each(2000, 2000), host: host)?.desired == 4)
        scene.slots[1].state = .running(.init(started: now, isReady: false, since: now))
        let starting = scene.decide(scene.each(2000), memory: [400 << 20, 100 << 20], host: host)
        #expect(starting?.desired == 3)
        #expect(
            starting?.limits.first?.description
                == "another replica takes about 500MiB of memory, and the host has 1GiB")
    }

    @Test func noMoreThanMayBePromised() {
        var scene = Scene(2, [cpu(50)])
        scene.resources.cpus = Millicores(1000)
        scene.committed.cpus = Millicores(500)
        let host = HostRoom(cpus: Millicores(4000))
        let decision = scene.decide(scene.each(2000, 2000), host: host)
        #expect(decision?.desired == 3)
        #expect(decision?.limits == [.overcommit(.cpu, committed: 8500, capacity: 4000)])
        scene.spec.overcommit.cpus = 2000
        #expect(scene.decide(scene.each(2000, 2000), host: host)?.desired == 7)
        // What is promised already stays.
        scene.committed.cpus = Millicores(50000)
        #expect(scene.decide(scene.each(2000, 2000), host: host)?.desired == 2)
        scene.resources = ResourceSpec(memory: ByteCount(1 << 30))
        #expect(scene.decide(scene.each(2000, 2000), host: HostRoom(memory: ByteCount(3 << 30)))?.desired == 3)
    }

    // MARK: None

    @Test func theLastOneGoesWhenNobodyHasBeenConnectedForLongEnough() {
        var scene = Scene(2, [cpu(50)], 0)
        scene.spec.idleAfter = .seconds(10)
        // Somebody is connected, however little that is.
        let busy = scene.decide(scene.each(0, 0), connections: 1)
        #expect(busy?.desired == 1 && busy?.limits == [.notIdle(until: nil)])
        let first = scene.decide(scene.each(0, 0), connections: 0)
        #expect(first?.desired == 1)
        #expect(first?.limits == [.notIdle(until: now.advanced(by: .seconds(10)))])
        scene.now = now.advanced(by: .seconds(9))
        #expect(scene.decide(scene.each(0, 0), connections: 0)?.desired == 1)
        scene.now = now.advanced(by: .seconds(10))
        let last = scene.decide(scene.each(0, 0), connections: 0)
        #expect(last?.desired == 0 && last?.limits == [])
        #expect(last?.removed.map(\.index) == [1, 0])
        #expect(last?.reason == "nobody needs it any more: none is kept")
    }

    @Test func aRequestInBetweenBeginsTheTimeAnew() {
        var scene = Scene(1, [cpu(50)], 0)
        scene.spec.idleAfter = .seconds(10)
        _ = scene.decide(scene.each(0), connections: 0)
        scene.now = now.advanced(by: .seconds(5))
        _ = scene.decide(scene.each(0), connections: 1)
        scene.now = now.advanced(by: .seconds(10))
        #expect(scene.decide(scene.each(0), connections: 0)?.desired == 1)
        // So does a metric that wants more than one, and one that tells nothing.
        scene.now = now.advanced(by: .seconds(19))
        #expect(scene.decide(scene.each(1000), connections: 0)?.desired == 2)
        scene.now = now.advanced(by: .seconds(25))
        #expect(scene.decide(scene.each(0), connections: 0)?.desired == 1)
        scene.now = now.advanced(by: .seconds(30))
        #expect(scene.decide(.failed("no answer"), connections: 0)?.desired == 1)
        scene.now = now.advanced(by: .seconds(36))
        #expect(scene.decide(scene.each(0), connections: 0)?.desired == 1)
    }

    @Test func whereNobodyCanConnectTheWholeSaysWhetherItIsNeeded() {
        var scene = Scene(1, [cpu(50), orders], 0)
        scene.spec.idleAfter = .zero
        #expect(scene.decide(scene.each(0), .service(1))?.desired == 1)
        #expect(scene.decide(scene.each(0), .service(0))?.desired == 0)
        scene.slots = []
        #expect(scene.decide(scene.each(), .service(0))?.desired == 0)
        #expect(scene.decide(scene.each(), .service(25000))?.desired == 3)
        #expect(scene.decide(scene.each(), .service(25000))?.reason.hasSuffix("3 instead of none") == true)
    }

    @Test func whatWouldBringItBackKeepsIt() {
        var scene = Scene(1, [orders], 0)
        scene.spec.idleAfter = .zero
        #expect(scene.decide(.service(1), connections: 0)?.desired == 1)
        #expect(scene.decide(.service(0), connections: 0)?.desired == 0)
    }

    @Test func theTimeOfFormerAnswersBringsNothingBack() {
        let latency = LoadMetric(name: "latency", source: .route(name: "web", .latency), target: .value(250))
        var scene = Scene(1, [latency], 0)
        scene.spec.idleAfter = .zero
        #expect(scene.decide(.service(400), connections: 1)?.desired == 2)
        scene.slots = []
        #expect(scene.decide(.service(400), connections: 0)?.desired == 0)
    }

    @Test func whoMayNotScaleDownKeepsTheLast() {
        var scene = Scene(1, [cpu(50)], 0)
        scene.spec.idleAfter = .zero
        scene.spec.scaleDown.select = .disabled
        let decision = scene.decide(scene.each(0), connections: 0)
        #expect(decision?.desired == 1 && decision?.limits == [.disabled(.down)])
    }

    @Test func aConnectionBringsOne() {
        var scene = Scene(0, [cpu(50)], 0)
        let decision = scene.autoscaler.wake(scene.spec, at: now)
        #expect(decision.current == 0 && decision.desired == 1)
        #expect(decision.reason == "somebody wants to connect")
    }
}
