import StackModel
import SupervisorCore
import Testing

/// What a replica does between two instances.
@Suite struct ReplicaTests {
    private func crash(_ driver: inout Driver, _ code: Int32 = 1) {
        driver.spawned("a/0")
        driver.exited("a/0", code)
    }

    @Test func theFirstCrashIsFollowedAtOnceTheSecondAfterADelay() {
        var driver = Driver([service("a")])
        driver.start()
        crash(&driver)
        #expect(driver.deeds == ["release #1", "spawn a/0"])
        crash(&driver)
        #expect(driver.phase("a/0") == .backoff)
        driver.pass(.milliseconds(500))
        #expect(driver.deeds == ["spawn a/0"])
        #expect(driver.replica("a/0")?.restarts == 2)
    }

    @Test func aMinuteOfReadinessForgivesTheCrashes() {
        var driver = Driver([service("a")])
        driver.start()
        crash(&driver)
        driver.spawned("a/0")
        driver.pass(.seconds(59))
        driver.exited("a/0", 1)
        #expect(driver.phase("a/0") == .backoff)
        driver.pass(.milliseconds(500))
        driver.spawned("a/0")
        driver.pass(.seconds(60))
        driver.exited("a/0", 1)
        #expect(driver.phase("a/0") == .starting)
    }

    @Test(arguments: [
        (RestartSpec.Mode.no, Int32(0), ReplicaPhase.completed), (.no, 1, .failed),
        (.onFailure(maximumRetries: nil), 0, .completed), (.onFailure(maximumRetries: nil), 1, .starting),
        (.onFailure(maximumRetries: 0), 1, .failed), (.always, 1, .starting), (.always, 0, .starting),
        (.unlessStopped, 0, .starting),
    ])
    func thePolicyTellsWhatFollowsAnExit(mode: RestartSpec.Mode, code: Int32, expected: ReplicaPhase) {
        var driver = Driver([service("a", restart: RestartSpec(mode: mode))])
        driver.start()
        driver.spawned("a/0")
        // Beyond the time in which exit status 0 would be a failed start.
        driver.pass(.seconds(2))
        driver.exited("a/0", code)
        #expect(driver.phase("a/0") == expected)
    }

    @Test func anUsedUpBudgetIsFailure() {
        let budget = RestartSpec.Budget(restarts: 2, within: .seconds(100))
        var driver = Driver([service("a", restart: RestartSpec(mode: .always, budget: budget))])
        driver.start()
        for _ in 0..<3 {
            crash(&driver)
            driver.pass(.seconds(1))
        }
        #expect(driver.phase("a/0") == .failed)
        #expect(driver.last("gave_up")?.reason == .gaveUp(.budgetUsed(budget)))
    }

    @Test func aMissingBinaryIsRetriedWithDelaysAndSaysSo() {
        var driver = Driver([service("a")])
        driver.start()
        driver.spawnFailed("a/0")
        #expect(driver.phase("a/0") == .backoff)
        let reasons = driver.supervisor.explain(ReplicaID(service: "a".asServiceName, index: 0)).map {
            $0.reason.description
        }
        #expect(reasons.contains("could not be started: exec ./x: No such file or directory"))
    }

    @Test func theHostsFailureIsNotTheServices() {
        let spec = RestartSpec(
            mode: .onFailure(maximumRetries: 1), budget: .init(restarts: 1, within: .seconds(1000)))
        var driver = Driver([service("a", restart: spec)])
        driver.start()
        for _ in 0..<8 {
            driver.spawnFailed("a/0", isTransient: true)
            #expect(driver.phase("a/0") == .backoff)
            driver.pass(.seconds(60))
        }
        #expect(driver.replica("a/0")?.restarts == 0)
        driver.spawned("a/0")
        #expect(driver.isReady("a/0"))
    }

    @Test func aStartThatComesWhileItEndsByItselfIsNotLost() {
        var probe = tcpProbe
        probe.failureThreshold = 1
        var driver = Driver([
            service("a", restart: RestartSpec(mode: .no), probes: ProbeSet(liveness: probe))
        ])
        driver.start()
        driver.spawned("a/0")
        driver.answer("a/0", .liveness, .failed("x"))
        driver.command(.start([]))
        driver.exited("a/0")
        #expect(driver.deeds == ["release #1", "spawn a/0"])
        // Only the once: the next failure is final again.
        driver.spawned("a/0")
        driver.exited("a/0", 1)
        #expect(driver.phase("a/0") == .failed)
    }

    @Test func anOperatorsStartEndsADelayAndForgives() {
        var driver = Driver([service("a", restart: RestartSpec(mode: .onFailure(maximumRetries: 1)))])
        driver.start()
        crash(&driver)
        crash(&driver)
        #expect(driver.phase("a/0") == .failed)
        driver.command(.start([]))
        #expect(driver.deeds == ["spawn a/0"])
        crash(&driver)
        #expect(driver.phase("a/0") == .starting)
    }
}
