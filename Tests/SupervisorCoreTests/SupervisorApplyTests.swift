import StackModel
import SupervisorCore
import Testing

/// Another stack instead of the one that runs.
@Suite struct SupervisorApplyTests {
    private let api = service("api", after: [("db", .healthy)])
    private let db = service("db")
    private let other = service("other")

    /// api is #3, db #1, other #2.
    private func running() -> Driver {
        var driver = Driver([api, db, other])
        driver.start()
        driver.spawnAll()
        return driver
    }

    @Test func theSameStackTouchesNothing() {
        var driver = running()
        let before = driver.published.count
        driver.apply([api, db, other])
        #expect(driver.deeds == [])
        #expect(driver.published.dropFirst(before).map(\.reason.code) == ["stack_applied"])
        #expect(driver.last("stack_applied")?.reason.description == "the stack file was applied: nothing has changed")
    }

    @Test func aNewServiceStartsAfterWhatItNeeds() {
        var driver = running()
        driver.command(.stop(["other".asServiceName]))
        driver.exited("other/0")
        let web = service("web", after: [("other", .healthy)])
        #expect(driver.plan([api, db, other, web]) == ["api none", "db none", "other start", "web start"])
        driver.apply([api, db, other, web])
        #expect(driver.deeds == ["spawn other/0"])
        #expect(driver.last("start_required")?.reason.description == "web is to start and depends on it")
        driver.spawned("other/0")
        #expect(driver.deeds == ["spawn web/0"])
        #expect(driver.journal.contains(.desired("web".asServiceName, .running)))
    }

    @Test func aServiceThatIsGoneStopsAfterItsDependentsAndVanishes() {
        var driver = running()
        driver.apply([other])
        #expect(driver.deeds == ["signal #3 SIGTERM mainProcess"])
        #expect(!driver.supervisor.hasService("db".asServiceName))
        #expect(driver.service("db")?.wantedReplicas == 0)
        driver.exited("api/0")
        #expect(driver.deeds == ["release #3", "signal #1 SIGTERM mainProcess"])
        driver.exited("db/0")
        #expect(driver.supervisor.snapshot().services.map(\.name.text) == ["other"])
        #expect(driver.codes(about: "db").last == "service_gone")
        #expect(driver.journal.contains(.removed("db".asServiceName)))
        #expect(driver.isReady("other/0"))
        #expect(driver.supervisor.isReady)
    }

    @Test func aServiceThatIsChangedAtOnceIsStoppedAndStartedFromItsNewSpec() {
        var driver = running()
        driver.apply([api, db, service("other", revision: "r2")], atOnce: true)
        #expect(driver.deeds == ["signal #2 SIGTERM mainProcess"])
        driver.exited("other/0")
        #expect(driver.deeds == ["release #2", "spawn other/0"])
        #expect(driver.replica("other/0")?.revision == Revision("r2"))
        #expect(driver.replica("other/0")?.restarts == 0)
        #expect(driver.codes(about: "db").contains("stopping") == false)
    }

    @Test func aStopWaitsForInstancesThatDependOnItByTheirFormerSpec() {
        var driver = running()
        // api does not need db any more, and db is gone.
        driver.apply([service("api", revision: "r2"), other], atOnce: true)
        #expect(driver.deeds == ["signal #3 SIGTERM mainProcess"])
        driver.exited("api/0")
        #expect(driver.deeds == ["release #3", "signal #1 SIGTERM mainProcess", "spawn api/0"])
    }

    @Test func aDependencyThatTurnsAroundIsNoDeadlock() {
        var driver = running()
        driver.apply(
            [service("api", revision: "r2"), service("db", after: [("api", .healthy)], revision: "r2"), other],
            atOnce: true)
        driver.exited("api/0")
        driver.spawned("api/0")
        driver.exited("db/0")
        #expect(driver.deeds.last == "spawn db/0")
        driver.spawned("db/0")
        driver.command(.shutdown(immediately: false))
        #expect(driver.deeds.contains("signal #5 SIGTERM mainProcess"))
        #expect(!driver.deeds.contains("signal #4 SIGTERM mainProcess"))
    }

    @Test func whatTheOperatorStoppedStaysSoWithItsNewSpec() {
        var driver = running()
        driver.command(.stop(["other".asServiceName]))
        driver.exited("other/0")
        let changed = service("other", revision: "r2")
        #expect(driver.plan([api, db, changed]) == ["api none", "db none", "other live"])
        driver.apply([api, db, changed])
        #expect(driver.deeds == [])
        #expect(driver.phase("other/0") == .stopped)
        driver.command(.start(["other".asServiceName]))
        #expect(driver.replica("other/0")?.revision == Revision("r2"))
    }

    @Test func whatHasFailedStartsAfresh() {
        var driver = Driver([service("a", restart: RestartSpec(mode: .no))])
        driver.start()
        driver.spawned("a/0")
        driver.exited("a/0", 1)
        #expect(driver.phase("a/0") == .failed)
        driver.apply([service("a", restart: RestartSpec(mode: .no), revision: "r2")])
        #expect(driver.deeds == ["spawn a/0"])
    }

    @Test func aSecondApplyTakesOverFromTheFirst() {
        var driver = running()
        driver.apply([api, db, service("other", revision: "r2")], atOnce: true)
        driver.apply([api, db, service("other", revision: "r3")])
        #expect(driver.deeds == [])
        driver.exited("other/0")
        #expect(driver.replica("other/0")?.revision == Revision("r3"))
        #expect(driver.replica("other/0")?.state == .starting)
    }

    @Test func aServiceThatIsBackWhileItStopsStartsWhenItIsDown() {
        var driver = running()
        driver.apply([api, db])
        #expect(driver.phase("other/0") == .stopping)
        driver.apply([api, db, service("other", revision: "r2")])
        #expect(driver.deeds == [])
        driver.exited("other/0")
        #expect(driver.deeds == ["release #2", "spawn other/0"])
        #expect(driver.replica("other/0")?.revision == Revision("r2"))
    }

    @Test func aServiceThatIsBackWhileItStopsHasAsManyReplicasAsItsFileSays() {
        var driver = Driver([service("a", replicas: 2)])
        driver.start()
        driver.spawnAll()
        driver.command(.scale("a".asServiceName, 1))
        driver.exited("a/1")
        driver.apply([])
        driver.apply([service("a", replicas: 2)])
        #expect(driver.service("a")?.replicas.count == 2)
        driver.exited("a/0")
        #expect(driver.deeds == ["release #1", "spawn a/0", "spawn a/1"])
    }

    @Test func aServiceThatIsBackBeforeItStopsRunsOn() {
        var driver = running()
        driver.apply([other])
        // db waits for api, which has its signal.
        driver.apply([api, db, other])
        driver.exited("api/0")
        #expect(driver.deeds == ["release #3", "spawn api/0"])
        #expect(driver.isReady("db/0"))
    }

    @Test func aStopThatIsTakenBackAfterAChangeBecomesARestart() {
        var driver = running()
        driver.command(.stop([]))
        // db waits for api to end.
        driver.apply([api, service("db", revision: "r2"), other])
        driver.command(.start(["db".asServiceName]))
        driver.exited("api/0")
        #expect(driver.deeds == ["release #3", "signal #1 SIGTERM mainProcess"])
        driver.exited("db/0")
        #expect(driver.replica("db/0")?.revision == Revision("r2"))
        #expect(driver.replica("db/0")?.state == .starting)
    }

    @Test func nothingOfAShutdownIsTakenBack() {
        var driver = running()
        driver.command(.shutdown(immediately: false))
        driver.apply([other, service("web")])
        #expect(driver.deeds == [])
        #expect(!driver.supervisor.hasService("web".asServiceName))
    }

    @Test func aThousandAppliesLeaveNothingBehind() {
        var driver = Driver([other])
        driver.start()
        driver.spawnAll()
        func positions(_ driver: Driver) -> [Int] {
            Mirror(reflecting: driver.supervisor).children.compactMap { child in
                (child.value as? any Collection).map { $0.count }
            }
        }
        var bounds: [Int] = []
        for round in 0..<1_000 {
            driver.apply([other, service("s\(round % 7)", replicas: 1 + round % 3, revision: "r\(round)")])
            driver.spawnAll()
            driver.apply([other])
            for slot in 0..<(1 + round % 3) { driver.exited("s\(round % 7)/\(slot)") }
            if round == 100 { bounds = positions(driver) }
        }
        #expect(positions(driver) == bounds)
        #expect(driver.supervisor.snapshot().services.count == 1)
        // That of the one that was never touched, for when it will have been ready for long enough.
        #expect(driver.supervisor.nextDeadline == Instant(sinceOrigin: .seconds(60)))
        #expect(driver.instances["other/0"] == InstanceID(serial: 1))
    }
}

/// The listeners of services that change.
@Suite struct SupervisorApplyListenerTests {
    private func listener(_ port: UInt16) -> [ListenerSpec] {
        [ListenerSpec(name: "http", address: .tcp(host: "127.0.0.1", port: port))]
    }

    private func running() -> Driver {
        var driver = Driver([service("a", listeners: listener(80))])
        driver.start()
        driver.spawnAll()
        return driver
    }

    @Test func theyStayOpenOverARestart() {
        var driver = running()
        driver.apply([service("a", listeners: listener(80), revision: "r2")], atOnce: true)
        driver.exited("a/0")
        #expect(driver.deeds == ["release #1", "spawn a/0"])
    }

    @Test func theyAreOpenedAnewWhereTheirAddressesChange() {
        var driver = running()
        driver.apply([service("a", listeners: listener(81), revision: "r2")], atOnce: true)
        #expect(driver.deeds == ["signal #1 SIGTERM mainProcess"])
        driver.exited("a/0")
        #expect(driver.deeds == ["release #1", "open a", "spawn a/0"])
    }

    @Test func whatCannotBeBoundIsToldOnceAndComesBackWithTheOldAddress() {
        let failure = SpawnFailure(stage: "listener", errno: 98, message: "bind 127.0.0.1:81: Address already in use")
        var driver = running()
        driver.bindsListeners = false
        driver.apply([service("a", listeners: listener(81), revision: "r2")], atOnce: true)
        driver.exited("a/0")
        for _ in 0..<5 {
            driver.send(.listenersFailed("a".asServiceName, failure))
            driver.pass(.seconds(2))
            #expect(driver.deeds == ["open a"])
        }
        #expect(driver.codes(about: "a").filter { $0 == "listeners_failed" }.count == 1)
        #expect(driver.replica("a/0")?.reason == "\(failure); it is tried every 2s")
        driver.send(.listenersFailed("a".asServiceName, failure))
        driver.apply([service("a", listeners: listener(80), revision: "r3")])
        #expect(driver.deeds == ["open a"])
        driver.send(.listenersOpened("a".asServiceName))
        #expect(driver.deeds == ["spawn a/0"])
    }

    @Test func anAnswerToAnEarlierOrderDoesNotCount() {
        var driver = Driver([service("a", listeners: listener(80))])
        driver.bindsListeners = false
        driver.start()
        driver.apply([service("a", listeners: listener(81), revision: "r2")])
        #expect(driver.deeds == ["open a"])
        driver.send(.listenersOpened("a".asServiceName))
        #expect(driver.deeds == [])
        driver.send(.listenersOpened("a".asServiceName))
        #expect(driver.deeds == ["spawn a/0"])
    }

    @Test func theyAreClosedWithTheirService() {
        var driver = running()
        driver.apply([])
        driver.exited("a/0")
        #expect(driver.deeds == ["release #1", "close a"])
        #expect(driver.supervisor.snapshot().services.isEmpty)
    }

    @Test func aServiceThatIsGoneWaitsForTheAnswer() {
        var driver = Driver([service("a", listeners: listener(80))])
        driver.bindsListeners = false
        driver.start()
        driver.apply([])
        #expect(driver.deeds == ["close a"])
        driver.apply([service("a", listeners: listener(81))])
        #expect(driver.deeds == ["open a"])
        driver.send(.listenersOpened("a".asServiceName))
        #expect(driver.phase("a/0") == .waiting)
        driver.send(.listenersOpened("a".asServiceName))
        #expect(driver.deeds == ["spawn a/0"])
    }

    @Test func theyAreClosedWhereTheNewSpecHasNone() {
        var driver = running()
        driver.apply([service("a", revision: "r2")], atOnce: true)
        driver.exited("a/0")
        #expect(driver.deeds == ["release #1", "close a", "spawn a/0"])
    }
}
