import StackModel
import SupervisorCore
import Testing

/// While a dependency is down, its dependents' crashes do not count, and one event stands for them all.
@Suite struct RootCauseTests {
    private func running() -> Driver {
        let strict = RestartSpec(
            mode: .onFailure(maximumRetries: 1), budget: .init(restarts: 1, within: .seconds(1000)))
        var driver = Driver([
            service("api", after: [("db", .healthy)], replicas: 2, restart: strict),
            service("db", probes: ProbeSet(readiness: tcpProbe)),
        ])
        driver.start()
        driver.spawned("db/0")
        driver.answer("db/0", .readiness, .passed)
        driver.spawned("api/0")
        driver.spawned("api/1")
        return driver
    }

    @Test func crashesBesideADeadDependencyDoNotCount() {
        var driver = running()
        driver.exited("db/0", 1)
        for _ in 0..<5 {
            driver.exited("api/0", 1)
            #expect(driver.phase("api/0") == .waiting)
            driver.spawned("db/0")
            driver.answer("db/0", .readiness, .passed)
            #expect(driver.phase("api/0") == .starting)
            driver.spawned("api/0")
            driver.exited("db/0", 1)
            driver.pass(.seconds(120))
        }
        #expect(!driver.published.contains { $0.reason.code == "gave_up" && $0.subject.service?.text == "api" })
    }

    @Test func oneRootCauseEventStandsForAll() {
        var driver = running()
        driver.exited("db/0", 1)
        let root = driver.last("service_down")
        #expect(root?.subject == .service("db".asServiceName))
        driver.exited("api/0", 1)
        driver.exited("api/1", 1)
        #expect(driver.published.filter { $0.reason.code == "service_down" }.count == 1)
        let consequences = driver.published.filter { $0.reason.code == "restarts_with_dependency" }
        #expect(consequences.count == 2)
        #expect(consequences.allSatisfy { $0.cause == root?.id })
    }

    @Test func itIsToldWhenTheServiceIsAvailableAgain() {
        var driver = running()
        driver.exited("db/0", 1)
        #expect(driver.last("service_available_again") == nil)
        driver.spawned("db/0")
        driver.answer("db/0", .readiness, .passed)
        #expect(driver.last("service_available_again")?.cause == driver.last("service_down")?.id)
    }

    @Test func aCrashBesideAHealthyDependencyCounts() {
        var driver = running()
        driver.exited("api/0", 1)
        driver.spawned("api/0")
        driver.exited("api/0", 1)
        #expect(driver.phase("api/0") == .failed)
    }

    @Test func whatAnOperatorStoppedIsTheRootCauseToo() {
        var driver = running()
        driver.command(.stop(["db".asServiceName]))
        driver.exited("api/0", 1)
        #expect(driver.phase("api/0") == .waiting)
        #expect(driver.last("restarts_with_dependency")?.cause == driver.last("stop_requested")?.id)
    }
}
