import StackModel
import SupervisorCore
import Testing

/// The order of starts and stops, and what conditions mean.
@Suite struct SupervisorOrderTests {
    private let ready = ProbeSet(readiness: tcpProbe)

    @Test func independentServicesStartTogetherAndDependentsAfter() {
        var driver = Driver([
            service("api", after: [("db", .healthy), ("cache", .started)]),
            service("cache"), service("db", probes: ready),
        ])
        driver.start()
        #expect(driver.deeds == ["spawn cache/0", "spawn db/0"])
        #expect(driver.phase("api/0") == .waiting)
        driver.spawned("db/0")
        driver.spawned("cache/0")
        #expect(driver.deeds == [])
        driver.answer("db/0", .readiness, .passed)
        #expect(driver.deeds == ["spawn api/0"])
    }

    @Test func startedHoldsAsSoonAsTheProcessRuns() {
        var driver = Driver([service("a", after: [("b", .started)]), service("b", probes: ready)])
        driver.start()
        #expect(driver.deeds == ["spawn b/0"])
        driver.spawned("b/0")
        #expect(driver.deeds == ["probe #1 readiness 1", "spawn a/0"])
    }

    @Test func oneReadyReplicaIsEnoughForItsDependents() {
        var driver = Driver([service("a", after: [("b", .healthy)]), service("b", replicas: 3)])
        driver.start()
        driver.spawned("b/1")
        #expect(driver.deeds == ["spawn a/0"])
    }

    @Test func completionIsOfAllReplicas() {
        var driver = Driver([
            service("a", after: [("job", .completedSuccessfully)]),
            service("job", replicas: 2, restart: RestartSpec(mode: .no), isAwaitedToComplete: true),
        ])
        driver.start()
        driver.spawned("job/0")
        driver.spawned("job/1")
        driver.exited("job/0")
        #expect(driver.deeds == ["release #1"])
        driver.exited("job/1")
        #expect(driver.deeds == ["release #2", "spawn a/0"])
    }

    @Test func whatWasNeverAskedToRunHasNotCompletedForWantOfReplicas() {
        let migrate = service("migrate", restart: RestartSpec(mode: .unlessStopped))
        var driver = Driver(
            [service("api", after: [("migrate", .completedSuccessfully)]), migrate],
            restoring: .init(desired: [migrate.name: .stopped], scales: [migrate.name: Scale(0, by: .manual)]))
        driver.start()
        #expect(driver.deeds == [])
        #expect(driver.phase("api/0") == .waiting)
    }

    @Test func aDependencyThatCanNeverHoldFailsItsWaitersAtOnceWithTheChain() {
        var driver = Driver([
            service("a", after: [("b", .healthy)]), service("b", after: [("job", .completedSuccessfully)]),
            service("job", restart: RestartSpec(mode: .no), isAwaitedToComplete: true),
        ])
        driver.start()
        driver.spawned("job/0")
        driver.exited("job/0", 3)
        #expect(driver.phase("b/0") == .failed)
        #expect(driver.phase("a/0") == .failed)
        let chain = driver.supervisor.explain(ReplicaID(service: "a".asServiceName, index: 0)).map(\.reason)
        #expect(chain.first == .dependencyCannotHold("b".asServiceName, .healthy))
        #expect(chain.contains(.dependencyCannotHold("job".asServiceName, .completedSuccessfully)))
        #expect(chain.contains(.exited(.exited(code: 3), isPremature: false)))
    }

    @Test func itsWaitersAreReconsideredWhenItBecomesPossibleAgain() {
        var driver = Driver([
            service("a", after: [("job", .completedSuccessfully)]),
            service("job", restart: RestartSpec(mode: .no), isAwaitedToComplete: true),
        ])
        driver.start()
        driver.spawned("job/0")
        driver.exited("job/0", 3)
        #expect(driver.phase("a/0") == .failed)
        driver.command(.start(["job".asServiceName]))
        #expect(driver.phase("a/0") == .waiting)
        driver.spawned("job/0")
        driver.exited("job/0")
        #expect(driver.phase("a/0") == .starting)
    }

    @Test func aRunningDependentIsLeftAloneWhenItsDependencyGoes() {
        var driver = Driver([service("a", after: [("b", .healthy)]), service("b")])
        driver.start()
        driver.spawned("b/0")
        driver.spawned("a/0")
        driver.command(.stop(["b".asServiceName]))
        #expect(driver.deeds == ["signal #1 SIGTERM mainProcess"])
        driver.exited("b/0")
        #expect(driver.isReady("a/0"))
    }

    @Test func stopIsInReverseOrderAndParallel() {
        var driver = Driver([
            service("db"), service("api", after: [("db", .healthy)]), service("web", after: [("api", .healthy)]),
            service("job", after: [("db", .healthy)]),
        ])
        driver.start()
        for replica in ["db/0", "api/0", "job/0", "web/0"] { driver.spawned(replica) }
        driver.command(.shutdown(immediately: false))
        // db is #1, api #2, job #3, web #4.
        #expect(driver.deeds.sorted() == ["signal #3 SIGTERM mainProcess", "signal #4 SIGTERM mainProcess"])
        #expect(driver.replica("db/0")?.reason == "is stopped after api, which depends on it")
        driver.exited("web/0")
        #expect(driver.deeds == ["release #4", "signal #2 SIGTERM mainProcess"])
        driver.exited("api/0")
        #expect(driver.deeds == ["release #2"])
        driver.exited("job/0")
        #expect(driver.deeds == ["release #3", "signal #1 SIGTERM mainProcess"])
        driver.exited("db/0")
        #expect(driver.deeds == ["release #1", "stackStopped"])
    }

    @Test func listenersAreBoundFirstAndClosedLast() {
        let listener = ListenerSpec(name: "http", address: .tcp(host: "127.0.0.1", port: 80))
        var driver = Driver([service("a", listeners: [listener])])
        driver.bindsListeners = false
        driver.start()
        #expect(driver.deeds == ["open a"])
        #expect(driver.phase("a/0") == .waiting)
        let failure = SpawnFailure(stage: "listener", errno: 98, message: "bind 127.0.0.1:80: Address already in use")
        driver.send(.listenersFailed("a".asServiceName, failure))
        #expect(driver.deeds == [])
        #expect(driver.replica("a/0")?.reason == "bind 127.0.0.1:80: Address already in use; it is tried every 2s")
        let chain = driver.supervisor.explain(ReplicaID(service: "a".asServiceName, index: 0))
        #expect(chain.map(\.reason.code).prefix(2) == ["listeners_failed", "waits_for_listeners"])
        driver.pass(.seconds(2))
        #expect(driver.deeds == ["open a"])
        driver.send(.listenersOpened("a".asServiceName))
        #expect(driver.deeds == ["spawn a/0"])
        driver.spawned("a/0")
        driver.command(.shutdown(immediately: false))
        driver.exited("a/0")
        #expect(driver.deeds == ["release #1", "close a", "stackStopped"])
    }
}
