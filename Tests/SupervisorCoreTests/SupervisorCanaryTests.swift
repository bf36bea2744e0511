import StackModel
import SupervisorCore
import Testing

/// Rollouts that go in steps.
@Suite struct SupervisorCanaryTests {
    private let a = "a".asServiceName
    private let errors = AnalysisMetric(
        name: "errors", source: .route(name: "http", .errorRate), success: .init(.less, 0.05))

    private func analysis(_ count: Int = 2, limit: Int = 0) -> RolloutSpec.Step {
        .analysis(AnalysisSpec(interval: .seconds(10), count: count, failureLimit: limit, metrics: [errors]))
    }

    /// Of four replicas, one is replaced already: a/3 is #5.
    private func canary(_ steps: [RolloutSpec.Step], _ action: RolloutSpec.FailureAction = .rollback) -> Driver {
        let rollout = RolloutSpec(onFailure: action, steps: steps)
        var driver = Driver([service("a", replicas: 4, rollout: rollout)])
        driver.start()
        driver.spawnAll()
        driver.apply([service("a", replicas: 4, revision: "r2", rollout: rollout)])
        driver.spawned("#5")
        driver.exited("#4")
        return driver
    }

    private func revisions(_ driver: Driver) -> [String] {
        driver.service("a")?.replicas.map(\.revision.text) ?? []
    }

    /// The next measurement, and its answer.
    private func measure(_ driver: inout Driver, _ value: Measurement.Value) {
        driver.pass(.seconds(10))
        guard let last = driver.measurements.last else { return }
        driver.send(.measured(a, run: last.run, [value]))
    }

    @Test func aPauseEndsByItself() {
        var driver = canary([.replicas(.count(1)), .pause(.seconds(60)), .replicas(.percent(50)), .pause(nil)])
        #expect(driver.service("a")?.rollout?.phase == .paused)
        #expect(driver.service("a")?.rollout?.step == 1)
        #expect(driver.service("a")?.rollout?.until == Instant(sinceOrigin: .seconds(60)))
        driver.pass(.seconds(59))
        #expect(driver.deeds == [])
        driver.pass(.seconds(1))
        #expect(driver.deeds == ["spawn a/2"])
        driver.spawned("a/2")
        driver.exited("#3")
        #expect(revisions(driver) == ["r1", "r1", "r2", "r2"])
        #expect(driver.service("a")?.rollout?.until == nil)
        driver.pass(.seconds(86_400))
        #expect(revisions(driver) == ["r1", "r1", "r2", "r2"])
        driver.command(.rollout(a, .promote(fully: false)))
        #expect(driver.deeds == ["spawn a/1"])
    }

    @Test func promotedFullyItLeavesOutItsSteps() {
        var driver = canary([.replicas(.count(1)), .pause(nil), .replicas(.count(2)), .pause(nil)])
        driver.command(.rollout(a, .promote(fully: true)))
        for (new, old) in [("#6", "#3"), ("#7", "#2"), ("#8", "#1")] {
            driver.spawned(new)
            driver.exited(old)
        }
        #expect(driver.service("a")?.rollout == nil)
        #expect(revisions(driver) == ["r2", "r2", "r2", "r2"])
    }

    @Test func aPauseByHandHoldsEveryStepUntilItIsResumed() {
        var driver = canary([.replicas(.count(1)), .pause(.seconds(60))])
        driver.command(.rollout(a, .pause))
        driver.pass(.seconds(600))
        #expect(revisions(driver) == ["r1", "r1", "r1", "r2"])
        driver.command(.rollout(a, .resume))
        #expect(driver.deeds == ["spawn a/2"])
    }

    @Test func aGoodAnalysisLetsItGoOn() {
        var driver = canary([.replicas(.count(1)), analysis()])
        #expect(driver.service("a")?.rollout?.phase == .analysing)
        #expect(driver.measurements.isEmpty)
        measure(&driver, .number(0.01))
        #expect(driver.measurements.map(\.instances) == [[InstanceID(serial: 5)]])
        #expect(driver.measurements.first?.metrics == [errors])
        #expect(driver.deeds == [])
        measure(&driver, .number(0.02))
        #expect(driver.measurements.map(\.run) == [1, 2])
        #expect(driver.deeds == ["spawn a/2"])
        #expect(driver.service("a")?.rollout?.measurements.map(\.verdict) == [.successful, .successful])
    }

    @Test func aBadAnalysisGoesBack() {
        var driver = canary([.replicas(.count(1)), analysis()])
        measure(&driver, .number(0.5))
        #expect(driver.deeds.contains("spawn a/3"))
        #expect(
            driver.last("rollout_failed")?.reason.description
                == "its rollout to number 2 has failed: errors failed once, and may never; it is 0.5; "
                + "it goes back to what number 1 was")
        #expect(driver.last("rollout_failed")?.cause == driver.last("rollout_analysis")?.id)
        driver.spawned("a/3")
        driver.exited("#5")
        #expect(revisions(driver) == ["r1", "r1", "r1", "r1"])
        #expect(driver.last("rolled_back") != nil)
    }

    @Test func aFailedAnalysisIsMadeOnceMoreWhenItIsResumed() {
        var driver = canary([.replicas(.count(1)), analysis(1)], .pause)
        measure(&driver, .number(0.5))
        #expect(driver.service("a")?.rollout?.phase == .failed)
        driver.command(.rollout(a, .resume))
        #expect(driver.service("a")?.rollout?.phase == .analysing)
        measure(&driver, .number(0.01))
        #expect(driver.deeds == ["spawn a/2"])
    }

    @Test func aFailedAnalysisIsPassedWhereFailuresDoNotMatter() {
        var driver = canary([.replicas(.count(1)), analysis(1)], .continue)
        measure(&driver, .number(0.5))
        #expect(driver.deeds == ["spawn a/2"])
    }

    @Test func anInconclusiveOneWaitsForSomebodyToDecide() {
        for action in [RolloutAction.resume, .promote(fully: false)] {
            var driver = canary([.replicas(.count(1)), analysis()])
            measure(&driver, .none)
            #expect(driver.service("a")?.rollout?.phase == .paused)
            #expect(
                driver.service("a")?.rollout?.reason
                    == "its rollout pauses, for somebody to decide: errors said neither yes nor no once, and may never; "
                    + "it is without a value")
            driver.pass(.seconds(3600))
            #expect(revisions(driver) == ["r1", "r1", "r1", "r2"])
            driver.command(.rollout(a, action))
            #expect(driver.deeds == ["spawn a/2"])
        }
    }

    @Test func errorsAreMeasuredAgain() {
        var driver = canary([.replicas(.count(1)), analysis(1)])
        for _ in 0..<4 {
            measure(&driver, .failed("connection refused"))
            #expect(driver.service("a")?.rollout?.phase == .analysing)
        }
        measure(&driver, .failed("connection refused"))
        #expect(driver.last("rollback_began") != nil)
        #expect(driver.measurements.count == 5)
    }

    @Test func aLateAnswerSaysNothing() {
        var driver = canary([.replicas(.count(1)), analysis(1)])
        driver.pass(.seconds(10))
        driver.send(.measured(a, run: 9, [.number(0.5)]))
        #expect(driver.last("rollout_analysis") == nil)
        driver.command(.rollout(a, .promote(fully: false)))
        driver.send(.measured(a, run: 1, [.number(0.5)]))
        #expect(driver.last("rollout_analysis") == nil)
        #expect(driver.last("rollout_failed") == nil)
    }

    @Test func aCrashOfTheCanaryGoesBackFromAPauseToo() {
        var driver = canary([.replicas(.count(1)), .pause(nil)])
        driver.exited("#5", 139)
        #expect(driver.last("rollback_began") != nil)
        driver.spawned("a/3")
        #expect(revisions(driver) == ["r1", "r1", "r1", "r1"])
        #expect(driver.service("a")?.rollout == nil)
    }

    @Test func newSlotsBeyondTheStepAreOld() {
        var driver = canary([.replicas(.count(1)), .pause(nil)])
        driver.command(.scale(a, 6))
        driver.spawnAll()
        #expect(revisions(driver) == ["r1", "r1", "r1", "r2", "r1", "r1"])
        driver.command(.scale(a, 2))
        for instance in ["#5", "#3", "#6", "#7"] { driver.exited(instance) }
        // The canary was among those that went: another takes its part when the step comes to it again.
        #expect(revisions(driver) == ["r1", "r1"])
        driver.command(.rollout(a, .promote(fully: true)))
        #expect(driver.deeds == ["spawn a/1"])
    }
}
