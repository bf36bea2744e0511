import StackModel
import SupervisorCore
import Testing

/// What else happens to a service while it is rolled out.
@Suite struct SupervisorRolloutLifecycleTests {
    private let a = "a".asServiceName

    /// a/0 is #1, a/1 #2; a rollout has replaced neither, and #3 comes beside a/1.
    private func replacing(_ spec: ServiceSpec? = nil) -> Driver {
        var driver = Driver([service("a", replicas: 2)])
        driver.start()
        driver.spawnAll()
        driver.apply([spec ?? service("a", replicas: 2, revision: "r2")])
        return driver
    }

    @Test func aStopEndsItAndAllThatIsThere() {
        var driver = replacing()
        driver.spawned("#3")
        driver.exited("#2")
        driver.spawned("#4")
        // #3 and #4 are new, #1 ends.
        driver.command(.stop([a]))
        #expect(driver.service("a")?.rollout == nil)
        #expect(driver.deeds == ["signal #4 SIGTERM mainProcess", "signal #3 SIGTERM mainProcess"])
        for instance in ["#1", "#3", "#4"] { driver.exited(instance) }
        #expect(driver.service("a")?.replicas.map(\.state) == [.stopped, .stopped])
        driver.command(.start([a]))
        driver.spawnAll()
        #expect(driver.service("a")?.replicas.map(\.revision.text) == ["r2", "r2"])
        #expect(driver.service("a")?.history.map(\.outcome) == [.good, .good])
    }

    @Test func aStopInTheMiddleStopsWhatComesToo() {
        var driver = replacing()
        driver.command(.stop([a]))
        #expect(driver.last("rollout_ended") != nil)
        #expect(driver.deeds == ["signal #1 SIGTERM mainProcess", "signal #2 SIGTERM mainProcess"])
        driver.spawned("#3")
        #expect(driver.deeds == ["signal #3 SIGTERM mainProcess"])
        for instance in ["#1", "#2"] { driver.exited(instance) }
        #expect(!driver.supervisor.isStopped)
        driver.exited("#3")
        #expect(driver.supervisor.isStopped)
        #expect(driver.service("a")?.replicas.count == 2)
        // What counts is what it was to become.
        driver.command(.start([a]))
        #expect(driver.deeds == ["spawn a/0", "spawn a/1"])
        #expect(driver.service("a")?.replicas.map(\.revision.text) == ["r2", "r2"])
    }

    @Test func aStopThatIsTakenBackBringsAllToTheRevisionThatCounts() {
        var driver = Driver([service("a"), service("web", after: [("a", .started)])])
        driver.start()
        driver.spawnAll()
        driver.apply([service("a", revision: "r2"), service("web", after: [("a", .started)])])
        driver.command(.stop([]))
        // a waits for web, and is wanted again before that has ended.
        driver.command(.start([a]))
        driver.exited("web/0")
        driver.spawned("#3")
        driver.exited("#1")
        driver.exited("#3")
        #expect(driver.deeds == ["release #3", "spawn a/0"])
        driver.spawned("a/0")
        #expect(driver.service("a")?.replicas.map(\.revision.text) == ["r2"])
    }

    @Test func aShutdownWaitsForAllOfIt() {
        var driver = replacing()
        driver.spawned("#3")
        driver.command(.shutdown(immediately: false))
        driver.exited("#1")
        driver.exited("#3")
        #expect(!driver.deeds.contains("stackStopped"))
        driver.exited("#2")
        #expect(driver.deeds == ["release #2", "stackStopped"])
        #expect(driver.supervisor.nextDeadline == nil)
    }

    @Test func aRevisionThatHasNotShownThatItIsGoodYetKeepsNothingAwake() {
        let patient = RolloutSpec(pace: .init(maxSurge: .count(1), maxUnavailable: .count(0), minReady: .seconds(5)))
        var driver = Driver([service("a", rollout: patient)])
        driver.start()
        driver.spawnAll()
        driver.command(.shutdown(immediately: false))
        driver.exited("a/0")
        #expect(driver.deeds.last == "stackStopped")
        #expect(driver.supervisor.nextDeadline == nil)
    }

    @Test func aServiceThatIsGoneLeavesNothingOfItsRolloutBehind() {
        var driver = replacing()
        driver.spawned("#3")
        driver.apply([])
        for instance in ["#1", "#2", "#3"] { driver.exited(instance) }
        #expect(driver.supervisor.snapshot().services.isEmpty)
        #expect(driver.supervisor.nextDeadline == nil)
        #expect(driver.kept["a"] == [])
    }

    @Test func restartedAtOnceItIsStoppedAndStarted() {
        var driver = replacing()
        driver.command(.restart([a], RestartOptions(atOnce: true)))
        driver.spawned("#3")
        for instance in ["#1", "#2", "#3"] { driver.exited(instance) }
        driver.spawnAll()
        #expect(driver.service("a")?.replicas.map(\.revision.text) == ["r2", "r2"])
        #expect(driver.service("a")?.history.map(\.outcome) == [.good, .superseded, .good])
        #expect(driver.service("a")?.rollout == nil)
    }

    @Test func moreReplicasAreNewOnes() {
        var driver = replacing()
        driver.command(.scale(a, 3))
        #expect(driver.deeds == ["spawn a/2"])
        #expect(driver.replica("a/2")?.revision == Revision("r2"))
        #expect(driver.service("a")?.rollout?.wanted == 3)
    }

    @Test func fewerReplicasTakeWhatComesInTheirPlacesWithThem() {
        var driver = replacing()
        driver.command(.scale(a, 1))
        #expect(driver.deeds == ["signal #2 SIGTERM mainProcess"])
        driver.spawned("#3")
        #expect(driver.deeds == ["signal #3 SIGTERM mainProcess"])
        driver.exited("#3")
        #expect(driver.deeds == ["release #3"])
        driver.exited("#2")
        #expect(driver.deeds == ["release #2", "spawn a/0"])
        driver.spawned("a/0")
        driver.exited("#1")
        #expect(driver.service("a")?.rollout == nil)
    }

    @Test func scaledToNothingItIsOver() {
        var driver = replacing()
        driver.command(.scale(a, 0))
        #expect(driver.service("a")?.rollout == nil)
        driver.spawned("#3")
        for instance in ["#1", "#2", "#3"] { driver.exited(instance) }
        // Nothing has been shown of the new revision yet.
        #expect(driver.service("a")?.history.map(\.outcome) == [.underWay, .good])
        driver.command(.scale(a, 1))
        driver.spawned("a/0")
        #expect(driver.service("a")?.history.map(\.outcome) == [.good, .good])
    }

    @Test func aSignalGoesToAllThatRuns() {
        var driver = replacing()
        driver.spawned("#3")
        driver.command(.signal(a, replica: 1, .hangup))
        #expect(driver.deeds == ["signal #3 SIGHUP mainProcess", "signal #2 SIGHUP mainProcess"])
    }

    @Test func aGraceThatWasAskedForIsThatOfWhatIsReplaced() {
        var driver = Driver([service("a")])
        driver.start()
        driver.spawnAll()
        driver.command(.restart([a], RestartOptions(grace: .seconds(2))))
        driver.spawned("#2")
        #expect(driver.deeds == ["signal #1 SIGTERM mainProcess"])
        driver.pass(.seconds(2))
        #expect(driver.deeds == ["kill #1"])
    }

    @Test func aHundredRestartsLeaveNothingBehind() {
        var driver = Driver([service("a", replicas: 2)])
        driver.start()
        driver.spawnAll()
        var serial = 2
        for _ in 0..<100 {
            driver.command(.restart([a]))
            for old in [driver.replica("a/1"), driver.replica("a/0")] {
                serial += 1
                driver.spawned("#\(serial)")
                driver.exited(old?.instance?.description ?? "")
            }
        }
        #expect(driver.service("a")?.rollout == nil)
        #expect(driver.service("a")?.replicas.count == 2)
        #expect(driver.service("a")?.history.count == 10)
        let tables = Mirror(reflecting: driver.supervisor).children.compactMap { ($0.value as? any Collection)?.count }
        #expect(tables.allSatisfy { $0 < 10 }, "\(tables)")
    }
}

/// The sockets of a service that listens elsewhere from now on.
@Suite struct SupervisorRolloutListenerTests {
    private let a = "a".asServiceName

    private func spec(_ revision: String, _ port: UInt16, _ rollout: RolloutSpec = RolloutSpec()) -> ServiceSpec {
        let listener = ListenerSpec(name: "http", address: .tcp(host: "127.0.0.1", port: port))
        return service("a", listeners: [listener], revision: revision, rollout: rollout)
    }

    private let taken = SpawnFailure(stage: "listener", errno: 98, message: "bind 127.0.0.1:81: Address already in use")

    private func running() -> Driver {
        var driver = Driver([spec("r1", 80)])
        driver.start()
        driver.spawnAll()
        return driver
    }

    @Test func bothAreOpenWhileOneReplacesTheOther() {
        var driver = running()
        driver.apply([spec("r2", 81)])
        #expect(driver.deeds == ["open a a", "spawn a/0"])
        driver.spawned("a/0")
        #expect(driver.deeds == ["signal #1 SIGTERM mainProcess", "open a"])
    }

    @Test func aTakeOverKeepsThoseOfWhatStillRuns() {
        var driver = Driver([spec("r1", 80, RolloutSpec(steps: [.pause(nil)]))])
        driver.start()
        // It has not shown yet that it is good when the next one comes, of which nothing is made.
        driver.apply([spec("r2", 81, RolloutSpec(steps: [.pause(nil)]))])
        driver.spawned("#1")
        driver.bindsListeners = false
        driver.command(.restart([a]))
        #expect(!driver.deeds.contains("open a"))
    }

    @Test func anotherTakeOverKeepsThoseOfAllThatRuns() {
        let canary = RolloutSpec(steps: [.replicas(.count(1)), .pause(nil)])
        var driver = running()
        driver.command(.scale(a, 2))
        driver.spawnAll()
        driver.apply([spec("r2", 81, canary)])
        driver.spawned("#3")
        driver.exited("#2")
        #expect(driver.service("a")?.replicas.map(\.revision.text) == ["r1", "r2"])
        driver.apply([spec("r3", 82, canary)])
        #expect(driver.deeds == ["open a a a", "spawn a/1"])
        // What was good has the same as what comes.
        driver.apply([spec("r4", 80, canary)])
        #expect(driver.deeds.contains("open a a"))
    }

    @Test func whatNeverRanIsNotListenedFor() {
        var driver = Driver([spec("r1", 80, RolloutSpec(steps: [.pause(nil)]))])
        driver.bindsListeners = false
        driver.start()
        driver.send(.listenersFailed(a, taken))
        driver.apply([spec("r2", 81, RolloutSpec(steps: [.pause(nil)]))])
        #expect(driver.deeds == ["open a"])
        driver.send(.listenersOpened(a))
        // There is nothing that a canary could spare.
        #expect(driver.deeds == ["spawn a/0"])
        #expect(driver.replica("a/0")?.revision == Revision("r2"))
    }

    @Test func theSameOnesAreLeftAlone() {
        var driver = running()
        driver.apply([spec("r2", 80)])
        #expect(driver.deeds == ["spawn a/0"])
        driver.spawned("a/0")
        #expect(driver.deeds == ["signal #1 SIGTERM mainProcess"])
    }

    @Test func whereTheNewOnesCannotBeBoundNothingIsReplaced() {
        var driver = running()
        driver.bindsListeners = false
        driver.apply([spec("r2", 81)])
        #expect(driver.service("a")?.rollout?.reason == "its rollout waits for its listeners to be bound")
        driver.send(.listenersFailed(a, taken))
        // The address that it had is as it was.
        #expect(driver.deeds == ["open a"])
        driver.send(.listenersOpened(a))
        #expect(driver.codes(about: "a").last { $0.contains("roll") } == "rolled_back")
        #expect(driver.last("rollout_failed")?.reason.description.contains("Address already in use") == true)
        #expect(driver.isReady("a/0"))
        #expect(driver.instances["a/0"] == InstanceID(serial: 1))
    }

    @Test func resumedItTriesToBindThemAgain() {
        var driver = running()
        driver.bindsListeners = false
        driver.apply([spec("r2", 81, RolloutSpec(onFailure: .continue))])
        driver.send(.listenersFailed(a, taken))
        #expect(driver.service("a")?.rollout?.phase == .failed)
        driver.send(.listenersOpened(a))
        driver.exited("#1", 1)
        // The old one comes back at its old address.
        #expect(driver.deeds == ["release #1", "spawn a/0"])
        driver.spawned("a/0")
        driver.command(.rollout(a, .resume))
        #expect(driver.deeds == ["open a a"])
        driver.send(.listenersOpened(a))
        #expect(driver.deeds == ["spawn a/0"])
    }

    @Test func theyAreClosedAtTheEndWhereTheNewOneHasNone() {
        var driver = running()
        driver.apply([service("a", revision: "r2")])
        driver.spawned("a/0")
        #expect(driver.deeds.contains("close a"))
    }
}
