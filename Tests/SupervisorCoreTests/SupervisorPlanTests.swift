import StackModel
import SupervisorCore
import Testing

/// What an apply would do.
@Suite struct SupervisorPlanTests {
    private func running() -> Driver {
        var driver = Driver([
            service("api", after: [("db", .healthy)]), service("db"), service("web", after: [("api", .started)]),
        ])
        driver.start()
        driver.spawnAll()
        return driver
    }

    @Test func everyServiceOfBothStacksIsInItByName() {
        let plan = running().plan([
            service("api", after: [("db", .healthy)], revision: "r2"), service("db", replicas: 2), service("new"),
        ])
        #expect(plan == ["api rolling", "db live", "new start", "web stop"])
    }

    @Test func aChangeOfTheScheduleOrOfWatchesNeedsNoRestart() {
        let every = { (seconds: Int) in ScheduleSpec(trigger: .interval(.seconds(seconds))) }
        var driver = Driver([service("job", schedule: every(60)), service("a")])
        driver.start()
        driver.spawnAll()
        var watched = service("a")
        watched.watches = [WatchSpec(path: "/x")]
        #expect(driver.plan([service("job", schedule: every(30)), watched]) == ["a live", "job live"])
        #expect(driver.plan([service("job"), service("a")]) == ["a none", "job restart"])
    }

    @Test func whatIsNeededFromNowOnStarts() {
        var driver = Driver([service("a"), service("b", after: [("c", .started)]), service("c"), service("d")])
        driver.start(["a".asServiceName])
        driver.spawnAll()
        let rest = [service("b", after: [("c", .started)]), service("c"), service("d")]
        let next = service("a", after: [("b", .healthy)], revision: "r2")
        #expect(driver.plan([next] + rest) == ["a rolling", "b start", "c start", "d none"])
        driver.apply([next] + rest)
        #expect(driver.last("start_required")?.reason.description == "a is to start and depends on it")
        driver.spawned("c/0")
        driver.spawned("b/0")
        #expect(driver.deeds == ["spawn a/0"])
        // What it depended on before and somebody has stopped stays so.
        driver.spawned("a/0")
        driver.command(.stop(["b".asServiceName]))
        let again = service("a", after: [("b", .healthy), ("d", .started)], revision: "r3")
        #expect(driver.plan([again] + rest) == ["a rolling", "b none", "c none", "d start"])
    }

    @Test func whoeverWaitsForTheEndOfAServiceDoesNotHaveItRunAgain() {
        let migrate = service("migrate", restart: RestartSpec(mode: .no))
        var driver = Driver([migrate])
        driver.start()
        driver.spawned("migrate/0")
        driver.exited("migrate/0")
        var awaited = migrate
        awaited.isAwaitedToComplete = true
        let worker = service("worker", after: [("migrate", .completedSuccessfully)])
        #expect(driver.plan([awaited, worker]) == ["migrate live", "worker start"])
        driver.apply([awaited, worker])
        #expect(driver.deeds == ["spawn worker/0"])
    }

    @Test func itIsWhatApplyCountsInItsEvent() {
        var driver = running()
        driver.apply([service("db", revision: "r2"), service("new")])
        #expect(
            driver.last("stack_applied")?.reason.description
                == "the stack file was applied: 1 to start, 1 to replace, 2 to stop")
    }

    @Test func dependentsAreDirectOrNot() {
        let supervisor = running().supervisor
        #expect(supervisor.dependents(of: "db".asServiceName).map(\.text) == ["api", "web"])
        #expect(supervisor.dependents(of: "web".asServiceName) == [])
        #expect(supervisor.dependents(of: "nobody".asServiceName) == [])
    }

    @Test func aFirstRouteStartsWhatStandsInFrontOfIt() {
        let route = RouteSpec(name: "http", listen: .tcp(host: "127.0.0.1", port: 8080), port: "http")
        let router = service(ServiceName.router.text)
        var driver = Driver([service("web"), router])
        driver.start(["web".asServiceName])
        #expect(driver.plan([service("web"), router]) == ["\(router.name) none", "web none"])
        #expect(driver.plan([service("web", routes: [route]), router]) == ["\(router.name) start", "web live"])
    }
}
