import StackModel
import SupervisorCore
import Testing

/// What operators ask for, at any moment.
@Suite struct SupervisorCommandTests {
    private let stack = [service("api", after: [("db", .healthy)]), service("db"), service("other")]

    private func running() -> Driver {
        var driver = Driver(stack)
        driver.start()
        for replica in ["db/0", "other/0", "api/0"] { driver.spawned(replica) }
        return driver
    }

    @Test func aRestartForFilesSaysSo() {
        var driver = Driver([service("a")])
        driver.start()
        driver.spawned("a/0")
        driver.command(.restart(["a".asServiceName], RestartOptions(because: .filesChanged(2))))
        let explain = { (driver: Driver) in
            driver.supervisor.explain(ReplicaID(service: "a".asServiceName, index: 0)).map(\.reason.description)
        }
        #expect(
            explain(driver).prefix(4) == [
                "is started, revision r1", "is replaced by revision number 2",
                "its replicas are replaced by revision r1 (number 2): 2 of its watched files have changed",
                "2 watched files have changed",
            ])
        driver.spawned("a/0")
        #expect(driver.last("stopping")?.reason.description == "is being stopped: 2 of its watched files have changed")
        driver.exited("#1")
        #expect(driver.replica("a/0")?.instance == InstanceID(serial: 2))
        #expect(driver.replica("a/0")?.restarts == 0)
    }

    @Test func startOfOneStartsWhatItNeedsAndNothingElse() {
        var driver = Driver(stack)
        driver.start(["api".asServiceName])
        #expect(driver.deeds == ["spawn db/0"])
        driver.spawned("db/0")
        #expect(driver.deeds == ["spawn api/0"])
        #expect(driver.phase("other/0") == .stopped)
    }

    @Test func startOfOneWithARouteStartsWhatStandsInFrontOfIt() {
        let route = RouteSpec(name: "http", listen: .tcp(host: "127.0.0.1", port: 8080), port: "http")
        let router = ServiceName.router.text
        var driver = Driver([service("web", routes: [route]), service("other"), service(router)])
        driver.start(["other".asServiceName])
        #expect(driver.deeds == ["spawn other/0"])
        driver.command(.start(["web".asServiceName]))
        #expect(driver.deeds == ["spawn \(router)/0", "spawn web/0"])

        driver = Driver([service("web", routes: [route]), service(router)])
        driver.start(["web".asServiceName])
        #expect(driver.deeds == ["spawn \(router)/0", "spawn web/0"])
    }

    @Test func startOfWhatRunsChangesNothing() {
        var driver = running()
        driver.command(.start([]))
        #expect(driver.deeds == [])
        #expect(driver.isReady("api/0"))
    }

    @Test func stopOfOneLeavesTheOthersAndIsRemembered() {
        var driver = running()
        driver.command(.stop(["other".asServiceName]))
        #expect(driver.deeds == ["signal #2 SIGTERM mainProcess"])
        #expect(driver.journal.last == .desired("other".asServiceName, .stopped))
        driver.exited("other/0", 0)
        #expect(driver.phase("other/0") == .stopped)
        #expect(driver.deeds == ["release #2"])
    }

    @Test func restartOfEverythingAtOnceIsStopInOrderThenStartInOrder() {
        var driver = running()
        driver.command(.restart([], RestartOptions(atOnce: true)))
        // api is #3, db #1, other #2: db waits for api to end.
        #expect(driver.deeds == ["signal #3 SIGTERM mainProcess", "signal #2 SIGTERM mainProcess"])
        driver.exited("api/0")
        #expect(driver.deeds == ["release #3", "signal #1 SIGTERM mainProcess"])
        #expect(driver.phase("api/0") == .waiting)
        driver.exited("db/0")
        #expect(driver.deeds == ["release #1", "spawn db/0"])
        driver.spawned("db/0")
        #expect(driver.deeds == ["spawn api/0"])
        #expect(driver.replica("db/0")?.restarts == 0)
    }

    @Test func aStartInTheMiddleOfAStopComesAfterIt() {
        var driver = running()
        driver.command(.stop(["other".asServiceName]))
        driver.command(.start(["other".asServiceName]))
        #expect(driver.deeds == [])
        driver.exited("other/0")
        #expect(driver.deeds == ["release #2", "spawn other/0"])
    }

    @Test func aStartTakesBackAStopThatHasNotBegun() {
        var driver = running()
        driver.command(.stop([]))
        // db waits for api; nothing has been done to it yet.
        driver.command(.start(["db".asServiceName]))
        driver.exited("api/0")
        #expect(driver.phase("api/0") == .stopped)
        #expect(driver.isReady("db/0"))
    }

    @Test func aStopEndsADelayBeforeARestart() {
        var driver = Driver([service("a", probes: ProbeSet(readiness: tcpProbe))])
        driver.start()
        driver.spawned("a/0")
        driver.exited("a/0", 1)
        #expect(driver.phase("a/0") == .backoff)
        driver.command(.stop([]))
        #expect(driver.phase("a/0") == .stopped)
        driver.pass(.seconds(1000))
        #expect(driver.deeds == [])
    }

    @Test func nothingStartsOnceAShutdownHasBegun() {
        var driver = running()
        driver.command(.shutdown(immediately: false))
        driver.command(.start([]))
        driver.command(.restart([]))
        driver.exited("api/0")
        driver.exited("other/0")
        driver.exited("db/0")
        #expect(driver.deeds.last == "stackStopped")
        #expect(driver.supervisor.nextDeadline == nil)
    }

    @Test func aShutdownOfNothingEndsAtOnce() {
        var driver = Driver([service("a")])
        driver.command(.shutdown(immediately: false))
        #expect(driver.deeds == ["stackStopped"])
    }

    @Test func whatTheOperatorStoppedStaysSoOnlyUnlessStopped() {
        let services = [
            service("a", restart: RestartSpec(mode: .unlessStopped)), service("b", restart: RestartSpec(mode: .always)),
        ]
        var driver = Driver(
            services,
            restoring: .init(
                nextInstance: 41, desired: ["a".asServiceName: .stopped, "b".asServiceName: .stopped]))
        driver.start()
        #expect(driver.deeds == ["spawn b/0"])
        #expect(driver.instances["b/0"] == InstanceID(serial: 41))
        #expect(driver.phase("a/0") == .stopped)
    }
}
