import StackModel
import SupervisorCore
import Testing

/// Four times as fast as the load, and at once.
private let free = AutoscaleSpec.Direction(
    stabilizationWindow: .zero, policies: [.init(.replicas(100), period: .seconds(1))])

/// Half a processor for each, looked at every 5 s, without windows.
func scaled(_ minimum: Int = 1, _ maximum: Int = 5, _ metrics: [LoadMetric]? = nil) -> AutoscaleSpec {
    AutoscaleSpec(
        minimum: minimum, maximum: maximum,
        metrics: metrics ?? [LoadMetric(name: "cpu", source: .cpu, target: .average(500))], scaleUp: free,
        scaleDown: free, processorInitializationPeriod: .zero, initialReadinessDelay: .zero,
        idleAfter: .seconds(10))
}

/// How many replicas a service has under its load.
@Suite struct SupervisorAutoscaleTests {
    private let a = "a".asServiceName

    private func running(_ replicas: Int = 1, _ spec: AutoscaleSpec = scaled(), beside: [ServiceSpec] = []) -> Driver {
        var driver = Driver([service("a", replicas: replicas, autoscale: spec)] + beside)
        driver.start()
        driver.spawnAll()
        driver.pass(.seconds(5))
        return driver
    }

    private func wanted(_ driver: Driver) -> [Int] {
        driver.service("a")?.replicas.filter(\.isWanted).map(\.id.index) ?? []
    }

    // MARK: Asking

    @Test func theLoadIsAskedForEachInterval() {
        var driver = Driver([service("a", replicas: 2, autoscale: scaled()), service("b")])
        driver.start()
        driver.spawnAll()
        driver.pass(.seconds(4))
        #expect(driver.loads == [])
        driver.pass(.seconds(1))
        #expect(driver.loads.map(\.service) == [a])
        #expect(driver.loads.first?.instances == [InstanceID(serial: 1), InstanceID(serial: 2)])
        driver.pass(.seconds(10))
        #expect(driver.loads.count == 3)
        #expect(driver.loads.map(\.run) == driver.loads.map(\.run).sorted())
    }

    @Test func withoutAnAutoscalerThereIsNothingToAsk() {
        var driver = Driver([
            service("a"),
            service("job", restart: RestartSpec(mode: .no), isAwaitedToComplete: true, autoscale: scaled()),
        ])
        driver.start()
        driver.spawnAll()
        driver.pass(.seconds(60))
        #expect(driver.loads == [])
        #expect(driver.service("a")?.scaling == ScalingSnapshot(rule: nil))
        #expect(driver.service("job")?.scaling.policy == nil)
    }

    @Test func whatStandsBesideASlotIsAskedForAndIsNoSlot() {
        var driver = running(2)
        driver.apply([service("a", replicas: 2, revision: "r2", autoscale: scaled())])
        driver.spawned("a/1")
        driver.notify("a/1", .ready)
        driver.pass(.seconds(5))
        let request = driver.loads.last
        #expect(request?.instances.count == 2)
        var surging = Driver([service("a", replicas: 2, notify: true, autoscale: scaled())])
        surging.start()
        surging.spawnAll()
        surging.notify("a/0", .ready)
        surging.notify("a/1", .ready)
        surging.apply([service("a", replicas: 2, notify: true, revision: "r2", autoscale: scaled())])
        surging.spawned("a/1")
        surging.pass(.seconds(5))
        #expect(surging.loads.last?.instances == [1, 2, 3].map { InstanceID(serial: $0) })
    }

    @Test func anAnswerThatNeverComesDoesNotStopIt() {
        var driver = running()
        driver.pass(.seconds(5))
        #expect(driver.loads.count == 2)
        // The first comes late, and counts; once a later one has come, it does not any more.
        let (first, second) = (driver.loads[0], driver.loads[1])
        func report(_ value: Int) -> LoadReport {
            LoadReport(readings: [.instances([.init(instance: InstanceID(serial: 1), value: value, time: driver.now)])])
        }
        let (busy, idle) = (report(1000), report(0))
        driver.send(.loadMeasured(a, run: second.run, busy))
        #expect(driver.service("a")?.wantedReplicas == 2)
        driver.send(.loadMeasured(a, run: first.run, idle))
        driver.send(.loadMeasured(a, run: second.run, idle))
        driver.send(.loadMeasured(a, run: second.run + 1, idle))
        #expect(driver.service("a")?.wantedReplicas == 2)
    }

    // MARK: More and fewer

    /// What it does while it starts is not its load, however long that takes.
    @Test func aLongStartIsNoReadinessThatWasLost() {
        var policy = scaled()
        policy.initialReadinessDelay = .seconds(30)
        var startup = tcpProbe
        startup.failureThreshold = 100
        let probes = ProbeSet(startup: startup, readiness: tcpProbe)
        var driver = Driver([service("a", probes: probes, autoscale: policy)])
        driver.start()
        driver.spawned("a/0")
        driver.pass(.milliseconds(40_500))
        driver.answer("a/0", .startup, .passed)
        driver.pass(.milliseconds(4_500))
        driver.load(["a/0": 1000])
        #expect(driver.service("a")?.scaling.decisions.first?.limits == [.noMetrics])
        // The next run of its readiness probe has just begun.
        driver.pass(.milliseconds(5_600))
        driver.answer("a/0", .readiness, .passed)
        driver.pass(.milliseconds(4_400))
        driver.load(["a/0": 1000])
        #expect(driver.service("a")?.wantedReplicas == 2)
    }

    @Test func theLoadSaysHowMany() {
        var driver = running()
        driver.load(["a/0": 1400])
        #expect(driver.deeds == ["spawn a/1", "spawn a/2"])
        #expect(driver.journal.contains(.scaled(a, Scale(3, by: .autoscaler))))
        #expect(
            driver.last("scaled")?.reason.description == """
                is scaled from 1 to 3 replicas: cpu is 1.4, 2.80 times its target of 0.5: 3 instead of 1
                """)
        let scaling = driver.service("a")?.scaling
        #expect(scaling?.rule == .autoscaler && scaling?.isActive == true)
        #expect(scaling?.decisions.first?.desired == 3)
        let chain = driver.supervisor.explain(ReplicaID(service: a, index: 2)).map(\.reason.code)
        #expect(chain == ["spawning", "scaled"])
        #expect(driver.supervisor.explain(a).map(\.reason.code) == ["scaled"])
    }

    @Test func theLeastLoadedGoesAndItsPlaceIsTheNextToBeTaken() {
        var driver = running(3)
        driver.load(["a/0": 300, "a/1": 100, "a/2": 500])
        #expect(driver.deeds == ["signal #2 SIGTERM mainProcess"])
        #expect(wanted(driver) == [0, 2])
        #expect(driver.service("a")?.replicas.map(\.id.index) == [0, 1, 2])
        #expect(driver.service("a")?.isAsDesired == true)
        #expect(driver.supervisor.explain(ReplicaID(service: a, index: 1)).map(\.reason.code).contains("scaled"))
        driver.exited("a/1")
        driver.pass(.seconds(5))
        driver.load(["a/0": 600, "a/2": 600])
        #expect(driver.deeds == ["spawn a/1"])
        #expect(wanted(driver) == [0, 1, 2])
    }

    @Test func whatStillEndsIsNotWaitedForWhereAnotherPlaceIsFree() {
        var driver = running(2)
        driver.load(["a/0": 100, "a/1": 200])
        #expect(driver.deeds == ["signal #1 SIGTERM mainProcess"])
        driver.pass(.seconds(5))
        driver.load(["a/1": 1000])
        #expect(driver.deeds == ["spawn a/2"])
        driver.pass(.seconds(5))
        // As many as there may be: what ends is waited for.
        driver.spawned("a/2")
        driver.pass(.seconds(5))
        driver.load(["a/1": 1250, "a/2": 1250])
        #expect(wanted(driver) == [0, 1, 2, 3, 4])
        #expect(driver.deeds == ["spawn a/3", "spawn a/4"])
        driver.exited("a/0")
        #expect(driver.deeds == ["release #1", "spawn a/0"])
    }

    @Test func whatIsOutOfBoundsIsBroughtBackWithoutAskingAnybody() {
        var driver = Driver([service("a", replicas: 1, autoscale: scaled(2))])
        driver.start()
        driver.spawnAll()
        driver.pass(.seconds(5))
        #expect(driver.deeds == ["spawn a/1"])
        #expect(driver.loads == [])
        driver.spawnAll()
        driver.command(.scale(a, 9))
        driver.spawnAll()
        driver.pass(.seconds(5))
        #expect(driver.service("a")?.wantedReplicas == 5)
        #expect(driver.service("a")?.scaling.decisions.first?.limits == [.maximum(5)])
    }

    /// One that crashes again and again is there, and tells nothing: the others alone are no reason to have fewer.
    @Test func whatIsDownForAMomentHoldsTheOthers() {
        var driver = running(3)
        driver.exited("a/2", 1)
        driver.spawned("a/2")
        driver.exited("a/2", 1)
        #expect(driver.phase("a/2") == .backoff)
        driver.load(["a/0": 250, "a/1": 250])
        #expect(driver.service("a")?.scaling.decisions.first?.desired == 2)
        // It is taken to be at its target, and serves nobody: it is the one that goes.
        #expect(wanted(driver) == [0, 1])
    }

    @Test func decisionsAreKeptAndThoseThatAreTheSameOnce() {
        var driver = running(2)
        for _ in 0..<3 {
            driver.load(["a/0": 500, "a/1": 500])
            driver.pass(.seconds(5))
        }
        #expect(driver.service("a")?.scaling.decisions.count == 1)
        for value in 0..<20 {
            driver.load(["a/0": 480 + 2 * value, "a/1": 500])
            driver.pass(.seconds(5))
        }
        #expect(driver.service("a")?.scaling.decisions.count == 16)
        #expect(driver.service("a")?.scaling.decisions.first?.time == driver.now.advanced(by: .seconds(-5)))
    }

    // MARK: Who rules

    @Test func whoScalesByHandIsFollowedFromThere() {
        var driver = running()
        driver.command(.scale(a, 4))
        driver.spawnAll()
        #expect(driver.service("a")?.scaling.rule == .manual)
        driver.pass(.seconds(5))
        driver.load(["a/0": 500, "a/1": 500, "a/2": 500, "a/3": 500])
        #expect(driver.service("a")?.scaling.rule == .manual)
        driver.pass(.seconds(5))
        driver.load(["a/0": 250, "a/1": 250, "a/2": 250, "a/3": 250])
        #expect(driver.service("a")?.wantedReplicas == 2)
        #expect(driver.service("a")?.scaling.rule == .autoscaler)
    }

    @Test func scaledToNoneItIsSwitchedOffUntilSomebodyScalesItUp() {
        var driver = running()
        driver.command(.scale(a, 0))
        driver.exited("a/0")
        #expect(driver.service("a")?.scaling.isActive == false)
        let asked = driver.loads.count
        driver.load([:])
        driver.pass(.seconds(60))
        #expect(driver.loads.count == asked)
        #expect(driver.service("a")?.wantedReplicas == 0)
        driver.command(.scale(a, 1))
        driver.spawnAll()
        driver.pass(.seconds(5))
        #expect(driver.loads.count == asked + 1)
    }

    @Test func theFileSaysWhereItBeginsAndEndsItByHavingNoAutoscaler() {
        var driver = running()
        driver.load(["a/0": 1000])
        driver.spawnAll()
        driver.apply([service("a", replicas: 4, autoscale: scaled())])
        #expect(driver.service("a")?.wantedReplicas == 2 && driver.service("a")?.scaling.rule == .autoscaler)
        driver.apply([service("a", replicas: 4)])
        #expect(driver.service("a")?.wantedReplicas == 4 && driver.service("a")?.scaling.rule == nil)
        #expect(driver.journal.contains(.scaled(a, nil)))
        driver.spawnAll()
        // It begins with what runs: nobody has asked whether that is needed.
        driver.apply([service("a", replicas: 0, autoscale: scaled(0))])
        #expect(driver.service("a")?.wantedReplicas == 4 && driver.service("a")?.scaling.rule == .autoscaler)
        #expect(driver.journal.contains(.scaled(a, Scale(4, by: .autoscaler))))
        driver.apply([service("a", replicas: 4)])
        // What somebody has said by hand stays.
        driver.command(.scale(a, 2))
        driver.apply([service("a", replicas: 4, autoscale: scaled())])
        driver.apply([service("a", replicas: 4)])
        #expect(driver.service("a")?.wantedReplicas == 2 && driver.service("a")?.scaling.rule == .manual)
    }

    @Test func theNextDaemonGoesOnWithItsNumber() {
        let scale = Scale(3, by: .autoscaler)
        var driver = Driver([service("a", autoscale: scaled())], restoring: .init(scales: [a: scale]))
        driver.start()
        #expect(driver.service("a")?.wantedReplicas == 3)
        var without = Driver([service("a")], restoring: .init(scales: [a: scale]))
        without.start()
        #expect(without.service("a")?.wantedReplicas == 1)
        #expect(without.journal.contains(.scaled(a, nil)))
        #expect(!driver.journal.contains(.scaled(a, nil)))
    }

    // MARK: The file changes

    @Test func itsPolicyAndItsResourcesChangeWithoutARestart() {
        var driver = running(2)
        var spec = scaled(1, 9)
        spec.interval = .seconds(60)
        let resources = ResourceSpec(memory: ByteCount(64 << 20))
        #expect(driver.plan([service("a", replicas: 2, resources: resources, autoscale: spec)]) == ["a live"])
        driver.apply([service("a", replicas: 2, resources: resources, autoscale: spec)])
        #expect(driver.deeds == ["adopt #1", "adopt #2"])
        // What was asked by the former policy is of no interest.
        driver.load(["a/0": 1000, "a/1": 1000])
        #expect(driver.service("a")?.wantedReplicas == 2)
        let asked = driver.loads.count
        driver.pass(.seconds(59))
        #expect(driver.loads.count == asked)
        driver.pass(.seconds(1))
        driver.load(["a/0": 2000, "a/1": 2000])
        #expect(driver.service("a")?.wantedReplicas == 8)
    }

    @Test func aRolloutAndItsAutoscalerDoNotDisturbEachOther() {
        func stack(_ revision: String) -> [ServiceSpec] {
            let pace = RolloutSpec(pace: .init(maxSurge: .count(1), maxUnavailable: .count(0)))
            return [service("a", replicas: 2, revision: revision, rollout: pace, autoscale: scaled())]
        }
        var driver = Driver(stack("r1"))
        driver.start()
        driver.spawnAll()
        driver.apply(stack("r2"))
        #expect(driver.deeds == ["spawn a/1"])
        driver.pass(.seconds(5))
        // In the middle of it: #3 is beside a/1, and one slot more is wanted.
        driver.send(
            .loadMeasured(
                a, run: driver.loads.last?.run ?? 0,
                LoadReport(readings: [
                    .instances([1, 2].map { .init(instance: InstanceID(serial: $0), value: 750, time: driver.now) })
                ])))
        #expect(driver.service("a")?.wantedReplicas == 3)
        #expect(driver.service("a")?.rollout?.wanted == 3)
        for replica in ["#3", "#4", "#5", "#6", "#7"] {
            driver.spawned(replica)
            for ended in ["#1", "#2"] where driver.deeds.contains("signal \(ended) SIGTERM mainProcess") {
                driver.exited(ended)
            }
        }
        #expect(driver.service("a")?.rollout == nil)
        #expect(wanted(driver) == [0, 1, 2])
        #expect(driver.service("a")?.isAsDesired == true)
    }

    // MARK: What holds it

    @Test func pressureIsToldWhenItBeginsAndWhenItEnds() {
        var driver = running()
        let host = HostRoom(cpuPressure: 950)
        for pressure in [950, 970] {
            driver.load(["a/0": 1000], host: HostRoom(cpuPressure: pressure))
            driver.pass(.seconds(5))
        }
        #expect(driver.service("a")?.wantedReplicas == 1)
        #expect(driver.service("a")?.scaling.decisions.first?.limits == [.pressure(.cpu, 970, limit: 900)])
        #expect(driver.codes(about: "a").filter { $0.hasPrefix("scaling") } == ["scaling_held"])
        #expect(
            driver.last("scaling_held")?.reason.description == """
                is not scaled as its load asks: the host's cpu pressure is 95%, above 90%
                """)
        #expect(driver.supervisor.explain(a).map(\.reason.code) == ["scaling_held", "stack_starting"])
        // It is not told at every ebb.
        driver.load(["a/0": 500], host: host)
        #expect(driver.codes(about: "a").filter { $0.hasPrefix("scaling") } == ["scaling_held"])
        driver.pass(.seconds(60))
        driver.load(["a/0": 500], host: host)
        #expect(driver.codes(about: "a").filter { $0.hasPrefix("scaling") } == ["scaling_held", "scaling_free"])
    }

    @Test func whatComesOfTheLoadIsToldAtOnceWhereItDoes() {
        var driver = running()
        driver.load(["a/0": 1000], host: HostRoom(ioPressure: 999))
        driver.pass(.seconds(5))
        driver.load(["a/0": 1000])
        #expect(driver.codes(about: "a").suffix(3) == ["scaling_held", "scaling_free", "scaled"])
        #expect(driver.supervisor.explain(a).map(\.reason.code) == ["scaled"])
    }

    @Test func deadMetricsAreToldAndChangeNothing() {
        var driver = running(2)
        for _ in 0..<3 {
            driver.answerLoad { LoadReport(readings: $0.map { _ in .failed("connection refused") }) }
            driver.pass(.seconds(5))
        }
        #expect(driver.service("a")?.wantedReplicas == 2)
        #expect(driver.codes(about: "a").filter { $0 == "scaling_held" } == ["scaling_held"])
        #expect(driver.last("scaling_held")?.reason.description.hasSuffix("cpu: connection refused") == true)
    }

    @Test func limitsOfAllServicesThatAreUpCount() {
        let other = service("b", replicas: 3, resources: ResourceSpec(cpus: Millicores(1000)))
        func stack() -> [ServiceSpec] {
            [
                service("a", resources: ResourceSpec(cpus: Millicores(1000)), autoscale: scaled()), other,
            ]
        }
        var driver = Driver(stack())
        driver.start()
        driver.spawnAll()
        driver.pass(.seconds(5))
        driver.load(["a/0": 1500], host: HostRoom(cpus: Millicores(5000)))
        #expect(driver.service("a")?.wantedReplicas == 2)
        driver.command(.stop(["b".asServiceName]))
        driver.spawned("a/1")
        driver.pass(.seconds(5))
        driver.load(["a/0": 750, "a/1": 750], host: HostRoom(cpus: Millicores(5000)))
        #expect(driver.service("a")?.wantedReplicas == 3)
    }

    // MARK: Up and down

    @Test func itSleepsWhileItsServiceIsDown() {
        var driver = running(2)
        driver.command(.stop([]))
        driver.load(["a/0": 1000, "a/1": 1000])
        #expect(driver.service("a")?.wantedReplicas == 2)
        #expect(driver.service("a")?.scaling.isActive == false)
        driver.exited("a/0")
        driver.exited("a/1")
        let asked = driver.loads.count
        driver.pass(.seconds(60))
        #expect(driver.loads.count == asked)
        driver.command(.start([]))
        driver.spawnAll()
        driver.pass(.seconds(5))
        #expect(driver.loads.count == asked + 1)
        driver.command(.shutdown(immediately: false))
        #expect(driver.service("a")?.scaling.isActive == false)
    }
}
