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
        #expect(plan == ["api restart", "db live", "new start", "web stop"])
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

    @Test func itIsWhatApplyCountsInItsEvent() {
        var driver = running()
        driver.apply([service("db", revision: "r2"), service("new")])
        #expect(
            driver.last("stack_applied")?.reason.description
                == "the stack file was applied: 1 to start, 1 to restart, 2 to stop")
    }

    @Test func dependentsAreDirectOrNot() {
        let supervisor = running().supervisor
        #expect(supervisor.dependents(of: "db".asServiceName).map(\.text) == ["api", "web"])
        #expect(supervisor.dependents(of: "web".asServiceName) == [])
        #expect(supervisor.dependents(of: "nobody".asServiceName) == [])
    }
}
