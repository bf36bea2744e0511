import StackModel
import SupervisorCore
import Testing

/// Replacing the instances of one revision by another's.
@Suite struct SupervisorRolloutTests {
    private let a = "a".asServiceName
    private let stopFirst = RolloutSpec(pace: .stopFirst)

    /// a/0 is #1, a/1 #2, …
    private func running(_ replicas: Int, _ rollout: RolloutSpec = RolloutSpec()) -> Driver {
        var driver = Driver([service("a", replicas: replicas, rollout: rollout)])
        driver.start()
        driver.spawnAll()
        return driver
    }

    private func release(_ driver: inout Driver, _ revision: String, _ replicas: Int, _ rollout: RolloutSpec = .init())
    {
        driver.apply([service("a", replicas: replicas, revision: revision, rollout: rollout)])
    }

    @Test func startFirstGoesOneByOneFromTheHighestIndex() {
        var driver = running(2)
        release(&driver, "r2", 2)
        #expect(driver.deeds == ["spawn a/1"])
        #expect(driver.service("a")?.replicas.map(\.revision.text) == ["r1", "r1", "r2"])
        #expect(driver.service("a")?.rollout?.phase == .progressing)
        driver.spawned("#3")
        #expect(driver.deeds == ["signal #2 SIGTERM mainProcess"])
        // The old one still ends, and counts.
        #expect(driver.service("a")?.replicas.map(\.revision.text) == ["r1", "r2", "r1"])
        driver.exited("#2")
        #expect(driver.deeds == ["release #2", "spawn a/0"])
        driver.spawned("#4")
        #expect(driver.service("a")?.rollout == nil)
        #expect(driver.service("a")?.isAsDesired == false)
        driver.exited("#1")
        #expect(driver.service("a")?.replicas.map(\.instance?.serial) == [4, 3])
        #expect(driver.service("a")?.isAsDesired == true)
        #expect(
            driver.codes(about: "a").filter { $0.hasPrefix("rollout") } == ["rollout_began", "rollout_completed"])
    }

    @Test func stopFirstEndsTheOldOneFirst() {
        var driver = running(2, stopFirst)
        release(&driver, "r2", 2, stopFirst)
        #expect(driver.deeds == ["signal #2 SIGTERM mainProcess"])
        driver.exited("#2")
        #expect(driver.deeds == ["release #2", "spawn a/1"])
        driver.spawned("#3")
        #expect(driver.deeds == ["signal #1 SIGTERM mainProcess"])
        driver.exited("#1")
        driver.spawned("#4")
        #expect(driver.service("a")?.rollout == nil)
        #expect(driver.replica("a/0")?.restarts == 0)
    }

    @Test func aRestartIsARolloutOfTheSameSpec() {
        var driver = running(1)
        driver.command(.restart([a]))
        #expect(driver.deeds == ["spawn a/0"])
        driver.spawned("#2")
        driver.exited("#1")
        #expect(driver.service("a")?.history.map(\.cause) == [.restartRequested, .started])
        #expect(driver.service("a")?.history.map(\.outcome) == [.good, .good])
        #expect(driver.journal.contains(.desired(a, .running)))
        driver.command(.restart([a]))
        #expect(driver.deeds == ["spawn a/0"])
    }

    @Test func aRestartTakesTheExecutableThatIsOnTheDisk() {
        var driver = running(1)
        let new = ExecutableFile(path: "/x", digest: "r9")
        driver.command(.restart([a], RestartOptions(executables: [a: new])))
        #expect(driver.supervisor.spec(of: a)?.executable == new)
        #expect(driver.service("a")?.history.first?.executable == new)
        #expect(driver.service("a")?.history.first?.revision != Revision("r1"))
        // The file that says the same is no other revision.
        driver.spawned("#2")
        driver.exited("#1")
        var same = service("a")
        same.executable = new
        #expect(driver.plan([same]) == ["a none"])
        // An executable that is overwritten is one.
        same.executable?.digest = "r10"
        #expect(driver.plan([same]) == ["a rolling"])
    }

    @Test func newOnesMustBeReadyForLongEnough() {
        let patient = RolloutSpec(pace: .init(maxSurge: .count(1), maxUnavailable: .count(0), minReady: .seconds(5)))
        var driver = running(2, patient)
        driver.pass(.seconds(5))
        release(&driver, "r2", 2, patient)
        driver.spawned("#3")
        #expect(driver.deeds == [])
        #expect(driver.service("a")?.rollout?.available == 0)
        driver.pass(.seconds(4))
        #expect(driver.deeds == [])
        driver.pass(.seconds(1))
        #expect(driver.deeds == ["signal #2 SIGTERM mainProcess"])
    }

    @Test func theFirstStartIsGoodWhenAllHaveBeenReadyForLongEnough() {
        let patient = RolloutSpec(pace: .init(maxSurge: .count(1), maxUnavailable: .count(0), minReady: .seconds(5)))
        var driver = running(2, patient)
        #expect(driver.service("a")?.history.map(\.outcome) == [.underWay])
        driver.pass(.seconds(5))
        #expect(driver.service("a")?.history.map(\.outcome) == [.good])
        #expect(driver.service("a")?.rollout == nil)
        #expect(driver.kept["a"] == ["r1"])
    }

    @Test func aDelayComesBetweenTwo() {
        let slow = RolloutSpec(pace: .init(maxSurge: .count(0), maxUnavailable: .count(1), delay: .seconds(10)))
        var driver = running(2, slow)
        release(&driver, "r2", 2, slow)
        driver.exited("#2")
        driver.spawned("#3")
        #expect(driver.deeds == [])
        driver.pass(.seconds(9))
        #expect(driver.deeds == [])
        driver.pass(.seconds(1))
        #expect(driver.deeds == ["signal #1 SIGTERM mainProcess"])
    }

    @Test func anOldOneThatCrashesComesBackOldWhereItMayNotBeReplacedYet() {
        let careful = RolloutSpec(steps: [.replicas(.count(1)), .pause(nil)])
        var driver = running(2, careful)
        release(&driver, "r2", 2, careful)
        driver.spawned("#3")
        driver.exited("#2")
        #expect(driver.service("a")?.rollout?.phase == .paused)
        driver.exited("#1", 1)
        #expect(driver.deeds == ["release #1", "spawn a/0"])
        #expect(driver.replica("a/0")?.revision == Revision("r1"))
        #expect(driver.replica("a/0")?.restarts == 1)
        #expect(driver.service("a")?.rollout?.failures == 0)
    }

    /// Its only replica is new; it pauses at its second step.
    private func paused(_ steps: [RolloutSpec.Step]) -> Driver {
        let careful = RolloutSpec(steps: steps)
        var driver = running(1, careful)
        release(&driver, "r2", 1, careful)
        driver.spawned("#2")
        driver.exited("#1")
        return driver
    }

    @Test func aLastStepThatIsDoneAlreadyEndsIt() {
        var driver = paused([.replicas(.count(1)), .pause(nil), .replicas(.count(1))])
        #expect(driver.service("a")?.rollout?.phase == .paused)
        driver.command(.rollout(a, .promote(fully: false)))
        #expect(driver.service("a")?.rollout == nil)
    }

    @Test func aPauseThatIsGoneFromTheFileIsOver() {
        var driver = paused([.replicas(.count(1)), .pause(nil)])
        #expect(driver.service("a")?.rollout?.phase == .paused)
        release(&driver, "r2", 1)
        #expect(driver.service("a")?.rollout == nil)
    }

    @Test func whatWasToBeReplacedComesBackAsItWas() {
        let probes = ProbeSet(readiness: tcpProbe)
        var driver = Driver([service("a", probes: probes)])
        driver.start()
        driver.spawnAll()
        driver.apply([service("a", probes: probes, revision: "r2")])
        #expect(driver.deeds.contains("signal #1 SIGTERM mainProcess"))
        // Nothing of number 2 is made when it is taken over, and nothing of number 3 may be.
        driver.apply([service("a", probes: probes, revision: "r3", rollout: RolloutSpec(steps: [.pause(nil)]))])
        driver.exited("#1")
        #expect(driver.deeds == ["release #1", "spawn a/0"])
        #expect(driver.replica("a/0")?.revision == Revision("r1"))
    }

    @Test func whatIsNotReadyIsReplacedInPlaceAndAtOnce() {
        var driver = Driver([service("a", replicas: 2, probes: ProbeSet(readiness: tcpProbe))])
        driver.start()
        driver.spawnAll()
        driver.answer("a/0", .readiness, .passed)
        driver.apply([service("a", replicas: 2, probes: ProbeSet(readiness: tcpProbe), revision: "r2")])
        // a/1 serves nobody; a/0 gets one beside it.
        #expect(driver.deeds.filter { !$0.hasPrefix("cancel") } == ["signal #2 SIGTERM mainProcess", "spawn a/0"])
        #expect(driver.replica("a/1")?.revision == Revision("r1"))
        driver.exited("#2")
        #expect(driver.deeds == ["release #2", "spawn a/1"])
        #expect(driver.replica("a/1")?.revision == Revision("r2"))
    }

    @Test func failedReplicasAreForgiven() {
        let strict = RestartSpec(mode: .onFailure(maximumRetries: 0))
        var driver = Driver([service("a", restart: strict)])
        driver.start()
        driver.spawned("a/0")
        driver.exited("a/0", 1)
        #expect(driver.phase("a/0") == .failed)
        driver.command(.restart([a]))
        #expect(driver.deeds == ["spawn a/0"])
        driver.spawned("a/0")
        #expect(driver.service("a")?.history.map(\.outcome) == [.good, .good])
        #expect(driver.replica("a/0")?.restarts == 0)
    }

    @Test func restartsOfTheSlotAreCountedOn() {
        var driver = running(1)
        driver.exited("#1", 1)
        driver.spawned("#2")
        driver.command(.restart([a]))
        driver.spawned("#3")
        #expect(driver.replica("a/0")?.restarts == 1)
        #expect(driver.replica("a/0")?.lastExit?.status == .exited(code: 1))
    }

    @Test func whatIsDownIsSimplyStarted() {
        var driver = running(1)
        driver.command(.stop([a]))
        driver.exited("#1")
        driver.command(.restart([a]))
        #expect(driver.deeds == ["spawn a/0"])
        #expect(driver.service("a")?.rollout == nil)
        #expect(driver.service("a")?.history.map(\.number) == [1])
    }

    @Test func whatChangesWhileItIsStoppedIsANewRevisionWhenItStarts() {
        var driver = running(1)
        driver.command(.stop([a]))
        driver.exited("#1")
        release(&driver, "r2", 1)
        #expect(driver.service("a")?.history.map(\.number) == [1])
        driver.command(.start([a]))
        driver.spawned("a/0")
        #expect(driver.service("a")?.history.map(\.outcome) == [.good, .good])
        #expect(driver.kept["a"] == ["r2", "r1"])
    }

    @Test func aOneShotIsDoneWhenItHasCompleted() {
        let migrate = { (revision: String) in
            service("a", restart: RestartSpec(mode: .no), isAwaitedToComplete: true, revision: revision)
        }
        var driver = Driver([migrate("r1")])
        driver.start()
        driver.spawned("a/0")
        #expect(driver.service("a")?.history.map(\.outcome) == [.underWay])
        driver.exited("a/0")
        #expect(driver.service("a")?.history.map(\.outcome) == [.good])
        driver.apply([migrate("r2")])
        #expect(driver.deeds == ["spawn a/0"])
        driver.spawned("a/0")
        #expect(driver.service("a")?.rollout?.available == 0)
        driver.exited("a/0", 1)
        // What it has done is not undone by the one before.
        #expect(driver.service("a")?.rollout?.phase == .failed)
        #expect(
            driver.last("rollout_failed")?.reason.description.hasSuffix("until it is resumed, undone or changed")
                == true)
        // Once more, by hand: then it is complete.
        driver.command(.start([a]))
        driver.spawned("a/0")
        driver.exited("a/0")
        #expect(driver.service("a")?.rollout == nil)
        #expect(driver.service("a")?.history.map(\.outcome) == [.good, .good])
    }
}

/// Rollouts of several services.
@Suite struct SupervisorRolloutOrderTests {
    private let stack = [
        service("api", after: [("db", .healthy)]), service("db"), service("web", after: [("api", .healthy)]),
    ]

    /// db is #1, api #2, web #3.
    private func running() -> Driver {
        var driver = Driver(stack)
        driver.start()
        driver.spawnAll()
        return driver
    }

    @Test func aRestartOfEverythingGoesInTheOrderOfDependencies() {
        var driver = running()
        driver.command(.restart([]))
        #expect(driver.deeds == ["spawn db/0"])
        #expect(driver.service("api")?.rollout?.phase == .waiting)
        #expect(driver.service("api")?.rollout?.reason == "its rollout waits for that of db, which it depends on")
        driver.spawned("#4")
        #expect(driver.deeds == ["signal #1 SIGTERM mainProcess", "spawn api/0"])
        driver.spawned("#5")
        #expect(driver.deeds == ["signal #2 SIGTERM mainProcess", "spawn web/0"])
        driver.spawned("#6")
        #expect(driver.supervisor.snapshot().services.allSatisfy { $0.rollout == nil })
        #expect(driver.isReady("db/0") && driver.isReady("api/0") && driver.isReady("web/0"))
    }

    @Test func nothingIsReplacedWhileADependencyIsDown() {
        var driver = running()
        driver.command(.stop(["db".asServiceName]))
        driver.exited("db/0")
        driver.command(.restart(["api".asServiceName]))
        #expect(driver.deeds == [])
        #expect(driver.service("api")?.rollout?.reason == "its rollout waits for db, which it depends on")
        // That is no lack of progress.
        driver.pass(.seconds(3600))
        #expect(driver.service("api")?.rollout?.phase == .waiting)
        driver.command(.start(["db".asServiceName]))
        driver.spawned("db/0")
        #expect(driver.deeds == ["spawn api/0"])
    }

    @Test func dependentsThatAskForItAreRestartedAfterwards() {
        let dependency = DependencySpec(service: "db".asServiceName, condition: .healthy, restart: true)
        var api = service("api")
        api.dependencies = [dependency]
        var driver = Driver([api, service("db"), service("web", after: [("db", .healthy)])])
        driver.start()
        driver.spawnAll()
        driver.command(.restart(["db".asServiceName]))
        driver.spawned("db/0")
        #expect(driver.deeds == ["signal #1 SIGTERM mainProcess", "spawn api/0"])
        #expect(driver.service("api")?.history.first?.cause == .dependencyReplaced("db".asServiceName))
        #expect(driver.last("dependency_replaced")?.cause == driver.last("rollout_completed")?.id)
        driver.spawned("api/0")
        driver.exited("#2")
        driver.exited("#1")
        // What waits for that anyway is not restarted twice.
        driver.command(.restart([]))
        driver.spawned("db/0")
        driver.spawned("api/0")
        driver.spawned("web/0")
        #expect(driver.service("api")?.history.map(\.number) == [3, 2, 1])
        #expect(driver.supervisor.snapshot().services.allSatisfy { $0.rollout == nil })
    }

    @Test func theyAreRestartedAfterARestartAtOnceToo() {
        var api = service("api")
        api.dependencies = [DependencySpec(service: "db".asServiceName, condition: .healthy, restart: true)]
        var driver = Driver([api, service("db")])
        driver.start()
        driver.spawnAll()
        driver.command(.restart(["db".asServiceName], RestartOptions(atOnce: true)))
        driver.exited("#1")
        driver.spawned("db/0")
        #expect(driver.deeds == ["spawn api/0"])
        #expect(driver.service("db")?.history.map(\.cause) == [.restartRequested, .started])
    }

    /// While its only replica is replaced stop-first, what depends on it is not to blame.
    @Test func aStopFirstRestartIsTheRootCauseOfWhatDependentsSuffer() {
        let stopFirst = RolloutSpec(pace: .stopFirst)
        var driver = Driver([service("api", after: [("db", .healthy)]), service("db", rollout: stopFirst)])
        driver.start()
        driver.spawnAll()
        driver.command(.restart(["db".asServiceName]))
        driver.exited("api/0", 1)
        #expect(driver.phase("api/0") == .waiting)
        #expect(driver.last("restarts_with_dependency")?.cause == driver.last("rollout_began")?.id)
        #expect(driver.last("service_down") == nil)
    }

    @Test func aServiceThatIsGoneStopsWhenWhatNeededItIsReplaced() {
        var driver = running()
        driver.apply([service("api", revision: "r2"), service("web", after: [("api", .healthy)])])
        #expect(driver.deeds == ["spawn api/0"])
        #expect(driver.replica("db/0")?.reason == "is stopped after api, which depends on it")
        driver.spawned("#4")
        #expect(driver.deeds == ["signal #2 SIGTERM mainProcess"])
        driver.exited("#2")
        #expect(driver.deeds == ["release #2", "signal #1 SIGTERM mainProcess"])
        driver.exited("#1")
        #expect(driver.supervisor.snapshot().services.map(\.name.text) == ["api", "web"])
    }
}
