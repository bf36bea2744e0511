import StackModel
import SupervisorCore
import Testing

/// Rollouts that go wrong, and what becomes of them.
@Suite struct SupervisorRolloutFailureTests {
    private let a = "a".asServiceName
    private let probes = ProbeSet(readiness: tcpProbe)

    private func spec(_ revision: String, _ replicas: Int = 2, _ rollout: RolloutSpec = RolloutSpec()) -> ServiceSpec {
        service("a", replicas: replicas, probes: probes, revision: revision, rollout: rollout)
    }

    /// a/0 is #1, a/1 #2, all ready.
    private func running(_ replicas: Int = 2, _ rollout: RolloutSpec = RolloutSpec()) -> Driver {
        var driver = Driver([spec("r1", replicas, rollout)])
        driver.start()
        driver.spawnAll()
        for slot in 0..<replicas { driver.answer("a/\(slot)", .readiness, .passed) }
        return driver
    }

    private func up(_ driver: inout Driver, _ instance: String) {
        driver.spawned(instance)
        driver.answer(instance, .readiness, .passed)
    }

    private func codes(_ driver: Driver) -> [String] {
        driver.codes(about: "a").filter { $0.contains("roll") }
    }

    /// What is asked of the latest instances, without their probes.
    private func deeds(_ driver: Driver) -> [String] {
        driver.deeds.filter { !$0.hasPrefix("probe") && !$0.hasPrefix("cancel") }
    }

    @Test func aCrashOfTheNewOneGoesBackAndSaysWhy() {
        var driver = running()
        driver.apply([spec("r2")])
        up(&driver, "#3")
        driver.exited("#2")
        #expect(deeds(driver) == ["release #2", "spawn a/0"])
        driver.spawned("#4")
        driver.exited("#4", 7)
        // a/0 was never touched; a/1 goes back.
        #expect(deeds(driver) == ["release #4", "spawn a/1"])
        #expect(driver.service("a")?.rollout?.isRollback == true)
        #expect(driver.service("a")?.revision == Revision("r1"))
        #expect(driver.supervisor.spec(of: a)?.revision == Revision("r1"))
        up(&driver, "#5")
        driver.exited("#3")
        #expect(codes(driver) == ["rollout_began", "rollout_failed", "rollback_began", "rolled_back"])
        #expect(driver.service("a")?.replicas.map(\.instance?.serial) == [1, 5])
        #expect(
            driver.service("a")?.history.map(\.outcome) == [
                .good, .failed("a/0 #4: exited with status 7"), .good,
            ])
        #expect(driver.service("a")?.history.first?.cause == .rolledBack(from: 2))
        let chain = driver.supervisor.explain(ReplicaID(service: a, index: 1)).map(\.reason.code)
        for code in ["rollback_began", "rollout_failed", "exited", "rollout_began", "service_changed"] {
            #expect(chain.contains(code), "\(code) in \(chain)")
        }
    }

    @Test func nothingOfTheGoodOneIsMadeTwiceForOneSlot() {
        var driver = running()
        driver.apply([spec("r2")])
        up(&driver, "#3")
        driver.exited("#2")
        driver.spawned("#4")
        driver.exited("#4", 7)
        // #5 comes beside #3, which is of what has failed, and takes its place when it is ready.
        driver.exited("#3", 1)
        #expect(deeds(driver) == ["release #3", "spawn a/1"])
        #expect(driver.service("a")?.replicas.map(\.revision.text) == ["r1", "r2", "r1"])
        up(&driver, "#5")
        driver.spawned("#6")
        driver.exited("#6")
        #expect(driver.service("a")?.replicas.map(\.instance?.serial) == [1, 5])
    }

    @Test func applyingTheSameFileAgainTriesAgain() {
        var driver = running(1)
        driver.apply([spec("r2", 1)])
        driver.spawnFailed("#2")
        #expect(codes(driver).last == "rolled_back")
        #expect(driver.plan([spec("r2", 1)]) == ["a rolling"])
        driver.apply([spec("r2", 1)])
        #expect(deeds(driver) == ["spawn a/0"])
    }

    @Test func aHostWithoutRoomIsNobodysFailure() {
        var driver = running(1)
        driver.apply([spec("r2", 1)])
        driver.spawnFailed("#2", isTransient: true)
        #expect(driver.service("a")?.rollout?.failures == 0)
        driver.pass(.seconds(5))
        up(&driver, "a/0")
        #expect(driver.service("a")?.rollout == nil)
    }

    @Test func whatNeverGetsReadyFailsByTheProgressDeadline() {
        let quick = RolloutSpec(progressDeadline: .seconds(60))
        var driver = running(2, quick)
        driver.apply([spec("r2", 2, quick)])
        up(&driver, "#3")
        driver.exited("#2")
        driver.pass(.seconds(50))
        driver.spawned("#4")
        for _ in 0..<12 {
            driver.answer("#4", .readiness, .failed("HTTP status 500"))
            driver.answer("#1", .readiness, .passed)
            driver.answer("#3", .readiness, .passed)
            driver.pass(.seconds(5))
        }
        #expect(
            driver.last("rollout_failed")?.reason.description
                == "its rollout to number 2 has failed: no progress for 1m; "
                + "a/0: its readiness probe says: HTTP status 500; it goes back to what number 1 was")
        #expect(driver.service("a")?.rollout?.isRollback == true)
    }

    @Test func aPausedRolloutHasAllTheTimeItWants() {
        let quick = RolloutSpec(progressDeadline: .seconds(60))
        var driver = running(1, quick)
        driver.apply([spec("r2", 1, quick)])
        driver.command(.rollout(a, .pause))
        driver.pass(.seconds(600))
        #expect(driver.service("a")?.rollout?.phase == .paused)
        driver.command(.rollout(a, .resume))
        driver.pass(.seconds(59))
        #expect(driver.last("rollout_failed") == nil)
        driver.pass(.seconds(2))
        #expect(driver.last("rollout_failed") != nil)
    }

    @Test func whatTakesLongToEndIsNoLackOfProgress() {
        let quick = RolloutSpec(progressDeadline: .seconds(60))
        let slow = { (revision: String) in
            service(
                "a", replicas: 2, stop: StopSpec(gracePeriod: .seconds(300)), revision: revision, rollout: quick)
        }
        var driver = Driver([slow("r1")])
        driver.start()
        driver.spawnAll()
        driver.apply([slow("r2")])
        driver.spawned("#3")
        driver.pass(.seconds(200))
        #expect(driver.last("rollout_failed") == nil)
        driver.exited("#2")
        #expect(driver.deeds == ["release #2", "spawn a/0"])
        driver.pass(.seconds(60))
        #expect(driver.last("rollout_failed") != nil)
    }

    @Test func aFailureWhileItIsPausedByHandCountsWhenItIsResumed() {
        var driver = running(1)
        driver.apply([spec("r2", 1)])
        driver.command(.rollout(a, .pause))
        driver.spawned("#2")
        driver.exited("#2", 1)
        #expect(driver.service("a")?.rollout?.failures == 1)
        #expect(driver.service("a")?.rollout?.phase == .paused)
        driver.command(.rollout(a, .resume))
        #expect(codes(driver).suffix(3) == ["rollout_failed", "rollback_began", "rolled_back"])
    }

    @Test func aShareOfThemMayFail() {
        let tolerant = RolloutSpec(failureTolerance: 500)
        var driver = running(2, tolerant)
        driver.apply([spec("r2", 2, tolerant)])
        driver.spawned("#3")
        driver.exited("#3", 1)
        #expect(driver.last("rollout_failed") == nil)
        driver.pass(.seconds(1))
        driver.spawned("a/1")
        driver.exited("a/1", 1)
        #expect(driver.last("rollout_failed") != nil)
    }

    @Test func whereThereIsNothingGoodItStandsStill() {
        var driver = Driver([spec("r1", 1)])
        driver.start()
        driver.spawned("a/0")
        driver.apply([spec("r2", 1)])
        driver.exited("#1")
        driver.spawned("#2")
        driver.exited("#2", 1)
        #expect(driver.service("a")?.rollout?.phase == .failed)
        #expect(driver.service("a")?.history.map(\.outcome) == [.failed("a/0 #2: exited with status 1"), .superseded])
        // It comes to be ready nevertheless: then it is done.
        driver.pass(.seconds(1))
        up(&driver, "a/0")
        #expect(driver.service("a")?.rollout == nil)
        #expect(driver.service("a")?.history.first?.outcome == .good)
    }

    @Test func itPausesWhereThatIsAsked() {
        let pausing = RolloutSpec(onFailure: .pause)
        var driver = running(2, pausing)
        driver.apply([spec("r2", 2, pausing)])
        driver.spawned("#3")
        driver.exited("#3", 1)
        #expect(driver.service("a")?.rollout?.phase == .failed)
        #expect(driver.service("a")?.replicas.map(\.revision.text) == ["r1", "r1", "r2"])
        #expect(driver.isReady("a/0"))
        driver.command(.rollout(a, .resume))
        #expect(driver.service("a")?.rollout?.failures == 0)
        #expect(driver.service("a")?.history.first?.outcome == .underWay)
        driver.pass(.seconds(1))
        up(&driver, "a/1")
        #expect(deeds(driver).contains("signal #2 SIGTERM mainProcess"))
    }

    @Test func itGoesOnWhereThatIsAsked() {
        let careless = RolloutSpec(onFailure: .continue)
        var driver = running(1, careless)
        driver.apply([spec("r2", 1, careless)])
        driver.spawned("#2")
        driver.exited("#2", 1)
        driver.pass(.seconds(1))
        driver.spawned("a/0")
        driver.exited("a/0", 1)
        #expect(codes(driver) == ["rollout_began", "rollout_failed"])
        driver.pass(.seconds(5))
        up(&driver, "a/0")
        #expect(driver.service("a")?.rollout == nil)
    }

    @Test func aRollbackIsNotRolledBack() {
        var driver = running(1)
        driver.apply([spec("r2", 1, RolloutSpec(pace: .stopFirst))])
        driver.exited("#1")
        driver.spawned("#2")
        driver.exited("#2", 1)
        #expect(driver.service("a")?.rollout?.isRollback == true)
        driver.spawned("a/0")
        driver.exited("a/0", 1)
        #expect(codes(driver).count { $0 == "rollout_failed" } == 1)
        driver.pass(.seconds(1))
        driver.spawned("a/0")
        driver.exited("a/0", 1)
        #expect(codes(driver).count { $0 == "rollout_failed" } == 1)
        driver.pass(.seconds(5))
        up(&driver, "a/0")
        #expect(codes(driver).last == "rolled_back")
    }

    @Test func aBrokenDependencyIsNoFailureOfTheRollout() {
        let api = { (revision: String) in service("api", after: [("db", .healthy)], revision: revision) }
        var driver = Driver([api("r1"), service("db")])
        driver.start()
        driver.spawnAll()
        driver.apply([api("r2"), service("db")])
        driver.exited("db/0", 1)
        driver.spawned("api/0")
        driver.exited("api/0", 1)
        #expect(driver.service("api")?.rollout?.failures == 0)
        #expect(driver.last("rollout_failed") == nil)
    }

    @Test func whatCanNeverStartGoesBackBeforeAnythingIsReplaced() {
        let migrate = service("migrate", restart: RestartSpec(mode: .no), isAwaitedToComplete: true)
        var driver = Driver([service("api")])
        driver.start()
        driver.spawnAll()
        driver.apply([service("api", after: [("migrate", .completedSuccessfully)], revision: "r2"), migrate])
        driver.spawned("migrate/0")
        driver.exited("migrate/0", 1)
        #expect(driver.last("rollout_failed")?.subject == .service("api".asServiceName))
        #expect(driver.codes(about: "api").last == "rolled_back")
        #expect(driver.isReady("api/0"))
        #expect(driver.supervisor.spec(of: "api".asServiceName)?.revision == Revision("r1"))
    }
}

/// A change of mind.
@Suite struct SupervisorTakeOverTests {
    private let a = "a".asServiceName

    private func running(_ replicas: Int, _ rollout: RolloutSpec = RolloutSpec()) -> Driver {
        var driver = Driver([service("a", replicas: replicas, rollout: rollout)])
        driver.start()
        driver.spawnAll()
        return driver
    }

    @Test func aNewerChangeTakesOverFromWhereTheOlderStands() {
        var driver = running(3)
        driver.apply([service("a", replicas: 3, revision: "r2")])
        driver.spawned("#4")
        driver.exited("#3")
        #expect(driver.deeds == ["release #3", "spawn a/1"])
        driver.apply([service("a", replicas: 3, revision: "r3")])
        // What was about to come is not wanted any more; while it ends there is no room for another.
        #expect(driver.deeds == [])
        driver.spawned("#5")
        driver.exited("#5")
        #expect(driver.deeds == ["release #5", "spawn a/2"])
        #expect(
            driver.last("rollout_superseded")?.reason.description == "its rollout to number 2 is taken over by number 3"
        )
        for (new, old) in [("#6", "#4"), ("#7", "#2"), ("#8", "#1")] {
            driver.spawned(new)
            driver.exited(old)
        }
        #expect(driver.service("a")?.rollout == nil)
        #expect(driver.service("a")?.replicas.map(\.revision.text) == ["r3", "r3", "r3"])
        #expect(driver.service("a")?.history.map(\.outcome) == [.good, .superseded, .good])
    }

    @Test func aChangeBackReplacesOnlyWhatMustBe() {
        var driver = running(3)
        driver.apply([service("a", replicas: 3, revision: "r2")])
        driver.spawned("#4")
        driver.exited("#3")
        driver.apply([service("a", replicas: 3)])
        driver.spawned("#5")
        driver.exited("#5")
        #expect(driver.deeds == ["release #5", "spawn a/2"])
        driver.spawned("#6")
        driver.exited("#4")
        #expect(driver.service("a")?.rollout == nil)
        #expect(driver.service("a")?.replicas.map(\.instance?.serial) == [1, 2, 6])
    }

    @Test func aChangeBackBeforeAnythingIsReplacedTouchesNothing() {
        var driver = running(1)
        driver.apply([service("a", revision: "r2")])
        driver.spawned("#2")
        #expect(driver.replica("a/0")?.instance == InstanceID(serial: 2))
        driver.exited("#1")
        driver.apply([service("a", revision: "r3")])
        driver.apply([service("a", revision: "r2")])
        #expect(driver.service("a")?.rollout == nil)
        #expect(driver.isReady("a/0"))
    }

    /// What was to come, is not to come any more and ends before it can be taken away is not waited for when its
    /// revision counts once more.
    @Test func whatEndedBeforeItsRevisionCameBackIsMadeAnew() {
        let slow = RolloutSpec(pace: .init(maxSurge: .count(1), maxUnavailable: .count(0), minReady: .seconds(10)))
        func stack(_ a: String, _ db: String) -> [ServiceSpec] {
            [
                service("a", after: [("db", .started)], revision: a, rollout: slow),
                service("db", revision: db, rollout: slow),
            ]
        }
        var driver = Driver(stack("r1", "r1"))
        driver.start()
        driver.spawnAll()
        driver.pass(.seconds(10))
        driver.apply(stack("r2", "r1"))
        driver.spawned("#3")
        // It goes on when db is replaced.
        driver.apply(stack("r3", "r2"))
        driver.exited("#3", 1)
        driver.apply(stack("r2", "r2"))
        driver.spawned("db/0")
        driver.pass(.seconds(10))
        #expect(driver.deeds == ["signal #1 SIGTERM mainProcess", "spawn a/0"])
    }

    @Test func stopFirstTheNextInstanceIsOfTheNewest() {
        let stopFirst = RolloutSpec(pace: .stopFirst)
        var driver = running(1, stopFirst)
        driver.apply([service("a", revision: "r2", rollout: stopFirst)])
        driver.apply([service("a", revision: "r3", rollout: stopFirst)])
        driver.exited("#1")
        #expect(driver.deeds == ["release #1", "spawn a/0"])
        #expect(driver.replica("a/0")?.revision == Revision("r3"))
    }

    @Test func undoGoesBackWithoutSteps() {
        let careful = RolloutSpec(steps: [.replicas(.count(1)), .pause(nil)])
        var driver = running(2, careful)
        driver.apply([service("a", replicas: 2, revision: "r2", rollout: careful)])
        driver.spawned("#3")
        driver.exited("#2")
        #expect(driver.service("a")?.rollout?.phase == .paused)
        driver.command(.rollout(a, .undo(to: nil)))
        #expect(driver.deeds.contains("spawn a/1"))
        driver.spawned("#4")
        driver.exited("#3")
        #expect(driver.service("a")?.rollout == nil)
        #expect(driver.service("a")?.history.map(\.cause) == [.undone(to: 1), .changed, .started])
        #expect(driver.last("rollout_superseded") != nil)
    }

    @Test func goingBackKeepsTheNumberOfReplicas() {
        var driver = running(2)
        driver.apply([service("a", replicas: 1, revision: "r2")])
        driver.exited("#2")
        driver.spawned("a/0")
        driver.exited("#1")
        driver.command(.rollout(a, .undo(to: nil)))
        driver.spawned("a/0")
        driver.exited("#3")
        #expect(driver.service("a")?.rollout == nil)
        #expect(driver.service("a")?.replicas.map(\.revision.text) == ["r1"])
        #expect(driver.service("a")?.wantedReplicas == 1)
    }

    @Test func nothingIsUndoneToWhatWasScheduled() {
        var driver = Driver([service("a", schedule: ScheduleSpec(trigger: .interval(.seconds(60))))])
        driver.start()
        driver.apply([service("a", revision: "r2")])
        driver.spawned("a/0")
        let before = driver.published.count
        driver.command(.rollout(a, .undo(to: 1)))
        #expect(driver.published.count == before)
    }

    @Test func undoAfterwardsGoesToTheOneBeforeOrToANumber() {
        var driver = running(1)
        for revision in ["r2", "r3"] {
            driver.apply([service("a", revision: revision)])
            driver.spawned("a/0")
            driver.exited(revision == "r2" ? "#1" : "#2")
        }
        driver.command(.rollout(a, .undo(to: 1)))
        #expect(driver.supervisor.spec(of: a)?.revision == Revision("r1"))
        driver.spawned("a/0")
        driver.exited("#3")
        driver.command(.rollout(a, .undo(to: nil)))
        #expect(driver.supervisor.spec(of: a)?.revision == Revision("r3"))
        #expect(driver.service("a")?.history.map(\.number) == [5, 4, 3, 2, 1])
        // What is not there is not gone back to.
        let before = driver.published.count
        driver.command(.rollout(a, .undo(to: 9)))
        driver.command(.rollout(a, .undo(to: 5)))
        #expect(driver.published.count == before)
    }
}
